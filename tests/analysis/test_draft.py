"""A draft checked claim by claim, by the tests' tiny model over indexes of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.analysis.draft import MOST_SHOWN, CheckedClaim, Quoted, summary
from service.comparison import Comparator
from service.corpus.bundled import read_positions
from service.domain.answers import Group, Hit
from service.domain.stance import STANCES, Stance
from service.domain.statements import Statement
from service.errors import InvalidInput
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from tests.conftest import PROJECT, Quiet, statement

DATA = PROJECT / "data"
# The tiny stance model has learnt where these stand.
PEACE, TRADE, REFORM = (f"We want {thing} now." for thing in ("peace", "trade", "reform"))
DRAFT = f"{PEACE} {TRADE} {REFORM}"
SAID = [
    statement("FRA", "2019", "no to peace", "yes to trade"),
    statement("FRA", "2020", "yes to peace", "later some peace perhaps", number=1),
    statement("NOR", "2020", "yes to peace", "no to trade"),
    statement("DEU", "2021", "we say yes to peace", "later some trade perhaps"),
    statement("CHN", "2021", "no to peace", "trade was debated in May"),
]


def built(folder: Path, stance: Path, said: Sequence[Statement]) -> Comparator:
    made = Comparator(Settings(indexes=folder, stance_model=stance))
    list(StatementStore(folder).put(said))
    topics = made.catalogue.topics.ids
    Builder(folder, made.encoder, topics).build(Quiet())
    return made


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, stance_folder: Path) -> Comparator:
    return built(tmp_path_factory.mktemp("said"), stance_folder, SAID)


@pytest.fixture(scope="module")
def judging(bundled: Comparator, stance_folder: Path) -> Comparator:
    return Comparator(bundled.settings.model_copy(update={"stance_model": stance_folder}))


def weight(hit: Hit, stance: str) -> float:
    assert hit.probabilities is not None
    return hit.probabilities[stance] * hit.similarity


def brute(comparator: Comparator, text: str, we: str | None) -> dict[str, Any]:
    """What `search` says of one claim, counted here."""
    groups = comparator.search(
        text, exclude=[we] if we else [], limit=200, per_state=1, stance="on"
    ).results
    hits: dict[str, list[Hit]] = {stance: [] for stance in STANCES}
    for group in groups:
        assert isinstance(group, Group)
        hits[group.hits[0].stance or "unclear"].append(group.hits[0])

    def best(stance: str) -> str | None:
        found = max(hits[stance], key=lambda hit: weight(hit, stance), default=None)
        return found.claim_id if found else None

    return {
        "counts": {stance: len(hits[stance]) for stance in STANCES},
        "states": {stance: [hit.state for hit in hits[stance]] for stance in STANCES},
        "ally": best("aligned"),
        "opponent": best("opposed"),
    }


def compared(found: CheckedClaim) -> dict[str, Any]:
    plain = found.to_dict()
    names = ("counts", "states")
    return {name: plain[name] for name in names} | {
        name: plain[name] and plain[name]["claim_id"] for name in ("ally", "opponent")
    }


@pytest.mark.parametrize("we", [None, "FRA", "CUB"])
def test_each_claim_has_what_a_search_for_it_says(judging: Comparator, we: str | None) -> None:
    positions = [position.text for position in read_positions(DATA)][::200]
    text = " ".join([*positions, DRAFT])
    parts = judging.question(text).parts
    found = list(judging.check_draft(text, we=we))
    assert [(c.number, c.of, c.text, c.start, c.end) for c in found] == [
        (number, len(parts), part.text, part.start, part.end) for number, part in enumerate(parts)
    ]
    assert len(found) > 5
    for claim in found:
        assert compared(claim) == brute(judging, claim.text, we)
        assert we not in [code for codes in claim.states.values() for code in codes]


def quoted(found: tuple[Quoted, ...] | None) -> list[tuple[str, str]]:
    assert found is not None
    return [(one.hit.text, one.hit.date) for one in found]


def test_who_is_with_us_against_us_and_what_we_said(said: Comparator) -> None:
    peace, trade, reform = said.check_draft(DRAFT, we="France")
    assert [claim.text for claim in (peace, trade, reform)] == [PEACE, TRADE, REFORM]
    assert set(peace.states[Stance.ALIGNED]) == {"NOR", "DEU"}
    assert peace.states[Stance.OPPOSED] == ("CHN",)
    assert peace.ally is not None
    assert (peace.ally.name, peace.ally.hit.text) == ("Norway", "yes to peace")
    assert peace.opponent is not None
    assert (peace.opponent.name, peace.opponent.hit.text) == ("China", "no to peace")
    assert quoted(peace.said_before)[0] == ("yes to peace", "2020")
    assert quoted(peace.said_otherwise)[0] == ("no to peace", "2019")
    assert trade.ally is None
    assert trade.states[Stance.PARTIAL] == ("DEU",)
    assert trade.opponent is not None
    assert trade.opponent.name == "Norway"
    assert quoted(trade.said_before)[0] == ("yes to trade", "2019")


def test_nobody_knows_what_a_stranger_said(said: Comparator) -> None:
    (peace,) = said.check_draft(PEACE)
    assert (peace.said_before, peace.said_otherwise) == (None, None)
    assert "FRA" in [code for codes in peace.states.values() for code in codes]
    (new,) = said.check_draft(PEACE, we="Tuvalu")
    assert (new.said_before, new.said_otherwise) == ((), ())


def test_low_confidence_is_said(said: Comparator) -> None:
    for claim in said.check_draft(DRAFT, we="FRA"):
        sided = [*claim.states[Stance.ALIGNED], *claim.states[Stance.OPPOSED]]
        answer = said.search(claim.text, exclude=["FRA"], limit=200, per_state=1)
        near = [
            g.state for g in answer.results if isinstance(g, Group)
            and g.hits[0].similarity >= answer.level
        ]  # fmt: skip
        assert claim.low_confidence == (not set(sided) & set(near))
        for one in (claim.ally, claim.opponent):
            assert one is None or one.near == (one.hit.state in near)


def test_a_correction_outweighs_the_model(tmp_path: Path, stance_folder: Path) -> None:
    comparator = built(tmp_path, stance_folder, SAID)
    german = SAID[3].claims[0].id
    comparator.correct(PEACE, german, "opposed", "A. Reader", "It is said with irony.")
    (peace,) = comparator.check_draft(PEACE, we="FRA")
    assert set(peace.states[Stance.OPPOSED]) == {"CHN", "DEU"}
    assert peace.opponent is not None
    assert peace.opponent.hit.claim_id == german
    assert peace.opponent.hit.corrected is not None


def test_our_own_claims_are_few_and_the_strongest_first(
    tmp_path: Path, stance_folder: Path
) -> None:
    things = ("peace", "trade", "reform", "debt relief", "clean water")
    ours = [
        statement("FRA", f"{2000 + n}", f"yes to {thing}", f"no to {thing}", number=n)
        for n, thing in enumerate(things)
    ]
    comparator = built(tmp_path, stance_folder, [*ours, SAID[2]])
    (peace,) = comparator.check_draft(PEACE, we="FRA")
    answer = comparator.search(PEACE, states=["FRA"], limit=1, per_state=20, stance="on")
    hits = [hit for group in answer.results if isinstance(group, Group) for hit in group.hits]
    for stance, found in (("aligned", peace.said_before), ("opposed", peace.said_otherwise)):
        taking = [hit for hit in hits if hit.stance == stance]
        taking.sort(key=lambda hit: weight(hit, stance), reverse=True)
        assert found is not None
        assert [one.hit for one in found] == taking[:MOST_SHOWN]
        assert len(found) == MOST_SHOWN < len(taking)
        assert [one.near for one in found] == [
            hit.similarity >= answer.level for hit in taking[:MOST_SHOWN]
        ]


def test_others_may_be_narrowed_to_a_period_and_our_own_words_not(said: Comparator) -> None:
    (peace,) = said.check_draft(PEACE, we="FRA", **{"from": 2021, "to": "2021-12"})
    assert {code for codes in peace.states.values() for code in codes} == {"CHN", "DEU"}
    assert quoted(peace.said_otherwise)[0] == ("no to peace", "2019")


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(start=st.integers(0, 3))
def test_it_goes_on_where_it_was_left(said: Comparator, start: int) -> None:
    whole = [claim.to_dict() for claim in said.check_draft(DRAFT, we="FRA")]
    begun = list(islice(said.check_draft(DRAFT, we="FRA"), start))
    rest = said.check_draft(DRAFT, we="FRA", start=start)
    assert [claim.to_dict() for claim in (*begun, *rest)] == whole
    assert json.loads(json.dumps(whole)) == whole


def test_a_summary_counts_claims(said: Comparator) -> None:
    (claim,) = (found.to_dict() for found in said.check_draft(PEACE, we="FRA"))
    near, far = ({"near": True}, {"near": False})
    nobody = {"aligned": 0, "partial": 3, "opposed": 0, "unclear": 9}
    claims = [
        claim | {"said_before": [], "said_otherwise": [far, near]},
        claim | {"said_before": [far], "said_otherwise": [far], "low_confidence": True},
        claim | {"said_before": [near], "said_otherwise": [], "counts": nobody},
        claim | {"said_before": None, "said_otherwise": None, "generation": "another"},
    ]
    assert summary(claims) == {
        "claims": 4,
        "allies": 3,
        "opponents": 3,
        "said_before": 1,
        "said_otherwise": 1,
        "perhaps_otherwise": 1,
        "low_confidence": 1 + sum(claims[n]["low_confidence"] for n in (0, 2, 3)),
        "generations": [said.generation.manifest.id, "another"],
    }
    assert summary([])["claims"] == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "?!"}, "text"),
        ({"text": "a" * 100_001}, "text"),
        ({"text": PEACE, "we": "Atlantis"}, "we"),
        ({"text": PEACE, "from": "soon"}, "from"),
        ({"text": PEACE, "limit": 3}, "limit"),
    ],
)
def test_a_refusal_comes_at_once_and_names_its_field(
    said: Comparator, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        said.check_draft(**given)
    assert raised.value.field == field


def test_without_a_stance_model_nothing_is_checked(bundled: Comparator) -> None:
    with pytest.raises(InvalidInput, match="no stance model"):
        bundled.check_draft(PEACE)
