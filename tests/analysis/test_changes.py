"""What is new in a statement, against every possible pairing and from the texts alone."""

from __future__ import annotations

import json
import math
from collections import Counter

import numpy as np
import pytest
from click.testing import CliRunner

from service.analysis.changes import (
    KEPT_WORDS,
    SAME_POINT_WORDS,
    Change,
    ChangedPosition,
    StatementChanges,
    is_kept,
    statement_changes,
)
from service.analysis.succession import is_same_forum, neighbours
from service.catalogue import Catalogue
from service.cli import main
from service.comparison import Comparator
from service.domain.stance import Stance, Verdict
from service.domain.statements import Kind, Statement
from service.errors import InvalidInput, NotFound
from service.retrieval.build import Builder
from service.retrieval.generations import Generation, Generations
from service.retrieval.levels import ON_POINT_PERCENTILE, SAME_WORDING
from service.retrieval.store import StatementStore
from service.retrieval.wording import SharedWords, word_stems
from service.settings import Settings
from tests.conftest import PROJECT, TOPICS, Quiet, ToyEncoder, statement

CATALOGUE = Catalogue.load(PROJECT / "data")
OFTEN = (
    "ban every veto by treaty",
    "cancel old debt of 40 poor islands",
    "clear mines near harbour schools before winter rain",
    "share wheat with labour unions",
)
YEARS = range(2001, 2013)


def _spoken(rng: np.random.Generator, year: int) -> Statement:
    """Up to five positions, most of them said in many years with a word changed, and a greeting."""
    texts = []
    for text in rng.choice(OFTEN, rng.integers(1, 6)):
        words = text.split()
        for _ in range(rng.choice([0, 1, 1, 2])):
            words[rng.integers(0, len(words))] = "word" + "abcdefgh"[rng.integers(0, 8)] * 3
        texts.append(" ".join(words))
    texts.append("good morning")
    kinds = [Kind.POSITION] * (len(texts) - 1) + [Kind.CEREMONY]
    topics = [tuple(rng.choice(TOPICS, 1)) for _ in texts]
    return statement("FRA", str(year), *texts, kinds=kinds, topics=topics)


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    folder, rng = tmp_path_factory.mktemp("changes"), np.random.default_rng(8)
    said = [_spoken(rng, year) for year in YEARS]
    said += [
        statement(str(rng.choice(["USA", "IND"])), "2019", f"filler{i} stands alone{i}", number=i)
        for i in range(60)
    ]
    list(StatementStore(folder).put(said))
    Builder(folder, ToyEncoder(), TOPICS).build(Quiet())
    return Generations(folder).current()


def _changes(generation: Generation, a: int, b: int) -> StatementChanges:
    return statement_changes(generation, CATALOGUE, f"FRA_0_{a}", f"FRA_0_{b}", None)


pairs_of_years = pytest.mark.parametrize(
    "a,b", [(a, b) for a in YEARS for b in YEARS if a != b and (a + b) % 3 == 0]
)


def _greatest(alike: np.ndarray, may: np.ndarray) -> float:
    """Of every way to give each row a column of its own, or none."""

    def best(row: int, taken: frozenset[int]) -> float:
        if row == len(alike):
            return 0.0
        worth = [best(row + 1, taken)]
        for column in np.flatnonzero(may[row] & (alike[row] > 0)).tolist():
            if column not in taken:
                worth.append(float(alike[row, column]) + best(row + 1, taken | {column}))
        return max(worth)

    return best(0, frozenset())


@pairs_of_years
def test_every_position_stands_once_in_one_class(generation: Generation, a: int, b: int) -> None:
    found = _changes(generation, a, b)
    mine = [p.claim_id for p in found.changes if p.change is not Change.DROPPED]
    others = [p.counterpart_id for p in found.changes if p.change is not Change.NEW]
    for year, ids in ((a, mine), (b, others)):
        said = generation.library.statement(f"FRA_0_{year}").claims
        assert Counter(ids) == Counter(c.id for c in said if c.kind is Kind.POSITION)
    assert sum(found.counts.values()) == len(found.changes)


@pairs_of_years
def test_the_other_way_round_new_is_dropped(generation: Generation, a: int, b: int) -> None:
    one, other = _changes(generation, a, b), _changes(generation, b, a)
    assert {_turned(p) for p in one.changes} == {_as_it_is(p) for p in other.changes}
    assert (one.new_topics, one.dropped_topics) == (other.dropped_topics, other.new_topics)


def _as_it_is(p: ChangedPosition) -> tuple[object, ...]:
    return (p.change, p.claim_id, p.counterpart_id, p.similarity, p.shared_words, p.same_point,
            p.nearest_id)  # fmt: skip


def _turned(p: ChangedPosition) -> tuple[object, ...]:
    swapped = {Change.NEW: Change.DROPPED, Change.DROPPED: Change.NEW}
    return (swapped.get(p.change, p.change), p.counterpart_id, p.claim_id, p.similarity,
            p.shared_words, p.same_point, p.nearest_id)  # fmt: skip


@pairs_of_years
def test_the_texts_alone_say_the_same(generation: Generation, a: int, b: int) -> None:
    """Pairs, classes and figures, from the texts without the index."""
    found = _changes(generation, a, b)
    said = [generation.library.statement(f"FRA_0_{year}").claims for year in (a, b)]
    texts = {c.id: c.text for claims in said for c in claims if c.kind is Kind.POSITION}
    level, encoder = generation.similarity_at(ON_POINT_PERCENTILE), ToyEncoder()
    frequent = Counter(s for text in texts.values() for s in word_stems(text))

    def alike(x: str, y: str) -> float:
        return float(encoder.encode([texts[x]])[0] @ encoder.encode([texts[y]])[0])

    def shared(x: str, y: str) -> float:
        first, second = word_stems(texts[x]), word_stems(texts[y])
        weigh = {s: math.log(1 + len(texts) / frequent[s]) for s in first | second}
        common = sum(weigh[s] for s in first & second)
        return common / sum(weigh.values()) if weigh else 0.0

    def may(x: str, y: str) -> bool:
        near = alike(x, y)
        return near >= level and (shared(x, y) >= SAME_POINT_WORDS or near >= SAME_WORDING)

    total = 0.0
    for p in found.changes:
        if p.claim_id and p.counterpart_id:
            similarity, words = (
                alike(p.claim_id, p.counterpart_id),
                shared(p.claim_id, p.counterpart_id),
            )
            assert may(p.claim_id, p.counterpart_id) and p.same_point
            assert (p.similarity, p.shared_words) == pytest.approx((similarity, words), abs=1e-4)
            same = texts[p.claim_id] == texts[p.counterpart_id]
            kept = same or similarity >= SAME_WORDING or words >= KEPT_WORDS
            assert (p.change is Change.KEPT) == (kept and not _figures_differ(p))
            total += similarity
        else:
            own = str(p.claim_id or p.counterpart_id)
            others = [c.id for c in said[p.change is Change.NEW] if c.id in texts]
            assert p.same_point == any(may(own, other) for other in others)
            assert (p.nearest_id is None) == (not others)
    rows, columns = ([c.id for c in claims if c.id in texts] for claims in said)
    table = np.array([[alike(x, y) for y in columns] for x in rows]).reshape(
        len(rows), len(columns)
    )
    allowed = np.array([[may(x, y) for y in columns] for x in rows], bool).reshape(table.shape)
    assert total == pytest.approx(_greatest(table, allowed), abs=1e-5)


def _figures_differ(p: ChangedPosition) -> bool:
    return ("40" in str(p.text)) != ("40" in str(p.counterpart))


def test_all_four_classes_occur(generation: Generation) -> None:
    """Else the tests above would say little."""
    every = [_changes(generation, a, b) for a in YEARS for b in YEARS if a != b]
    counts = sum((Counter(found.counts) for found in every), Counter())
    assert all(counts[str(change)] >= 20 for change in Change), counts
    assert any(p.same_point for found in every for p in found.changes if p.change is Change.NEW)


@pytest.mark.parametrize(
    "before,now,kept",
    [
        ("The embargo must be lifted at once.", "The embargo must be lifted now, at once.", True),
        ("The embargo must be lifted.", "The embargo must not be lifted.", False),
        ("We can't accept the embargo.", "We can accept the embargo.", False),
        ("We pledge 40 million for relief.", "We pledge 30 million for relief.", False),
        ("We pledge 1.5 million for relief.", "For relief, we pledge 1.5 million.", True),
    ],
)
def test_figures_and_negations_make_a_change(before: str, now: str, kept: bool) -> None:
    assert is_kept(0.99, 0.9, before, now, None) is kept
    assert is_kept(0.6, 0.2, before, now, None) is False
    assert is_kept(0.0, 0.0, before, before, None) is True


def test_only_an_aligned_verdict_lets_a_position_be_kept() -> None:
    words = 0.97, 0.8, "The tribunal shall sit.", "The tribunal shall sit, in part."
    kept = {stance: is_kept(*words, Verdict(stance, (0.25,) * 4)) for stance in Stance}
    assert kept == {stance: stance is Stance.ALIGNED for stance in Stance}
    # Nor does it make other words the same.
    assert not is_kept(0.7, 0.2, *words[2:], Verdict(Stance.ALIGNED, (0.9, 0.0, 0.0, 0.1)))


def test_rare_words_weigh_more() -> None:
    texts = ["the nations want ploughs", "the nations want lamps", "to the nations: want ploughs?",
             "the nations gather", "the nations want"]  # fmt: skip
    words = SharedWords(texts)
    assert words.share(texts[0], texts[2]) == words.share(texts[0], texts[0]) == 1.0
    assert words.share(texts[0], texts[1]) == words.share(texts[1], texts[0]) < 0.5
    assert SharedWords(["of the", "and so"]).share("of the", "and so") == 0.0


@pytest.mark.parametrize(
    "a,b,same",
    [
        ("General Assembly, general debate, 77th session",
         "General Assembly, general debate, 78th session", True),
        ("General Assembly, seventy-seventh session", "General Assembly, seventy-eighth session",
         True),
        ("Security Council, 8234th meeting", "Security Council: 9001st meeting", True),
        ("First Committee", "Third Committee", False),
        ("North Sea Council", "South Sea Council", False),
        ("General Assembly", "Security Council", False),
        (None, None, False),
    ],
)  # fmt: skip
def test_a_forum_keeps_its_name_from_session_to_session(
    a: str | None, b: str | None, same: bool
) -> None:
    assert is_same_forum(a, b) is same


VETO = "The veto of the five in the Council must be {}."
BAN = "{}uclear weapons must be abolished."


@pytest.fixture(scope="module")
def comparator(tmp_path_factory: pytest.TempPathFactory) -> Comparator:
    """Of real sentences, judged by the bundled model."""
    folder = tmp_path_factory.mktemp("judged")
    debate, council = "General Assembly, {} session", "Security Council, {}st meeting"
    said = [
        statement("NOR", "2019", VETO.format("abolished"), BAN.format("N"), "Plant trees.",
                  forum=debate.format("74th")),
        statement("NOR", "2020", VETO.format("kept"), BAN.format("We say again that n"),
                  "Plant trees.", "Whales must be let live.", forum=debate.format("75th")),
        statement("NOR", "2020-03-01", "Water is a right.", forum=council.format("8741")),
        statement("NOR", "2021-06", "Seats must be shared.", forum=council.format("8801")),
        statement("CHN", "2020", "Our harbours are open."),
    ]  # fmt: skip
    things = ("bees", "lamps", "wheat", "canals", "music", "glass", "sheep", "snow", "letters")
    said += [statement("FRA", "2018", f"We sell {one}.", number=i) for i, one in enumerate(things)]
    list(StatementStore(folder).put(said))
    comparator = Comparator(Settings(indexes=folder))
    Builder(folder, comparator.encoder, comparator.catalogue.topics.ids).build(Quiet())
    return comparator


def test_what_was_wanted_and_is_refused_has_changed(comparator: Comparator) -> None:
    found = comparator.changes("NOR_0_2020")
    assert found.against and found.against.id == "NOR_0_2019"
    assert found.stance_model and found.whole
    assert [(p.change, p.text, p.counterpart, p.stance) for p in found.changes] == [
        ("new", "Whales must be let live.", None, None),
        ("changed", VETO.format("kept"), VETO.format("abolished"), "opposed"),
        ("kept", BAN.format("We say again that n"), BAN.format("N"), "aligned"),
        # The same words needn't be judged.
        ("kept", "Plant trees.", "Plant trees.", None),
    ]
    changed = found.changes[1]
    assert changed.similarity and changed.similarity > 0.8
    assert changed.probabilities and changed.probabilities["opposed"] > 0.5


def test_a_statement_follows_the_last_of_its_forum(comparator: Comparator) -> None:
    library, generation = comparator.generation.library, comparator.generation
    ids = [s.id for s in library.succession("NOR")]
    # A year counts as its last day: the session of 2020 comes after the meeting in March.
    assert ids == ["NOR_0_2019", "NOR_0_2020-03-01", "NOR_0_2020", "NOR_0_2021-06"]
    places = [neighbours(generation, library.facts(one)) for one in ids]
    assert [(p.previous and p.previous.id, p.next and p.next.id) for p in places] == [
        (before, after) for before, after in zip([None, *ids[:-1]], [*ids[1:], None], strict=True)
    ]
    assert [p.compared and p.compared.id for p in places] == [
        None, "NOR_0_2019", "NOR_0_2019", "NOR_0_2020-03-01",
    ]  # fmt: skip


def test_a_first_statement_has_none_before(comparator: Comparator) -> None:
    found = comparator.changes("NOR:2019")
    assert found.against is None and not found.changes and found.stance_model is None
    assert found.to_dict()["counts"] == {"new": 0, "changed": 0, "dropped": 0, "kept": 0}


def test_what_cannot_be_compared(comparator: Comparator) -> None:
    for against, reason in (("CHN_0_2020", "is of CHN"), ("NOR_0_2021-06", "with itself")):
        with pytest.raises(InvalidInput, match=reason) as refused:
            comparator.changes("NOR_0_2021-06", against)
        assert refused.value.field == "against"
    with pytest.raises(NotFound):
        comparator.changes("NOR_0_1999")
    with pytest.raises(NotFound):
        comparator.changes("NOR_0_2020", "NOR_0_1999")


def test_renderings_are_not_the_whole(bundled: Comparator) -> None:
    found = bundled.changes("CHN_78_2023")
    assert found.against and found.against.id == "CHN_77_2022"
    assert not found.whole and not bundled.changes("CHN_67_2012").whole
    # Named, a later one will do.
    assert bundled.changes("CHN_77_2022", "CHN_78_2023").against == found.statement


def test_from_the_command_line(bundled: Comparator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_INDEXES", str(bundled.settings.indexes))
    monkeypatch.setenv("CONCORD_STANCE_MODEL", "none")
    asked = ["changes", "CHN_78_2023", "--against", "CHN:2022", "--format"]
    done = CliRunner().invoke(main, [*asked, "json"], catch_exceptions=False)
    assert json.loads(done.output) == json.loads(
        json.dumps(bundled.changes("CHN_78_2023", "CHN_77_2022").to_dict())
    )
    table = CliRunner().invoke(main, [*asked, "table"], catch_exceptions=False).output
    assert table.startswith("CHN_78_2023 (2023) against CHN_77_2022 (2022): ")
    assert "others may just be missing" in table
    first = CliRunner().invoke(main, ["changes", "CHN_67_2012"], catch_exceptions=False).output
    assert "none before it" in first
