"""Masking takes every actor out and touches nothing else."""

from __future__ import annotations

import re

import pytest

from service.catalogue import load_issues, load_states
from service.corpus.speaker_words import adjectives
from service.corpus.speakers import load_capitals
from service.domain.stance import Stance
from service.evaluation.masking import Mask
from service.stance.training.pairs import Pair
from tests.conftest import PROJECT

DATA = PROJECT / "data"
STATES = load_states(DATA)
CAPITALS = load_capitals(DATA)
MASK = Mask(STATES, CAPITALS)
NAMES = sorted({name for state in STATES for name in (state.name, *state.aliases)})
ADJECTIVES = sorted({form for state in STATES for form in state.adjectives} - {*NAMES})
PEOPLES = sorted({form + "s" for form in ADJECTIVES} - {*NAMES})


def test_every_name_is_masked_and_nothing_else() -> None:
    for name in NAMES:
        for article in ("", "the "):
            said = f"We note that {article}{name} spoke of the veto, and that reform is due."
            assert MASK(said) == (
                "We note that State A spoke of the veto, and that reform is due.",
            )
        assert MASK(f"{name}'s position") == ("State A's position",)
        assert MASK(name.replace("'", "’")) == ("State A",)


def test_every_adjective_people_and_capital_is_masked() -> None:
    for form in ADJECTIVES:
        assert MASK(f"We heard the {form} delegation twice.") == (
            "We heard the State A delegation twice.",
        )
    for form in PEOPLES:
        assert MASK(f"We heard the {form} twice.") == ("We heard the people of State A twice.",)
    kept = {
        name for name in CAPITALS if MASK(f"so {name.title()} said") == (f"so {name.title()} said",)
    }
    assert kept == {"jerusalem", "hague"}  # fmt: skip


def test_issues_in_our_words_name_no_state_once_masked() -> None:
    pattern, _ = adjectives(STATES)
    for issue in load_issues(DATA):
        for text in (*issue.wordings, *issue.contraries):
            masked = MASK(text)[0].replace("Indian Ocean", "Ocean")
            assert STATES.find_mentions(masked) == [], masked
            assert pattern.search(masked) is None, masked
            # What is left is what was there, in its order: nothing but actors went.
            rest = iter(re.findall(r"\w+", text))
            added = {"State", "people", "of", "the", "this", "The", "This"}
            for word in re.findall(r"\w+", masked):
                if word not in added and not re.fullmatch("[A-Z]|[0-9]+", word):
                    assert word in rest, (word, masked)


@pytest.mark.parametrize(
    "text",
    [
        "Latin American and Central American integration must go on.",
        "The Indian Ocean and the South China Sea are to be zones of peace.",
        "The Organization of American States and the Inter-American Court spoke.",
        "Pirates in the Gulf of Guinea threaten all.",
        "The Paris Agreement, the Rome Statute and the Oslo accords bind; so may the Doha Round.",
        "The status of Jerusalem is to be settled; The Hague may rule.",
        "We urge all States to us turkey, chad and polish.",
        "Our planet is our common country house; my colleague agrees.",
        "Southern Africa, the Caribbean and the Arab world agree.",
    ],
)
def test_what_is_no_actor_stays(text: str) -> None:
    assert MASK(text) == (text,)


def test_one_letter_a_state_throughout_a_pair() -> None:
    pair = Pair(
        "The United States embargo against Cuba must be lifted.",
        "Washington should lift the blockade of the Cubans, as Mexico says of US-Cuban ties.",
        Stance.ALIGNED, "test", "D01",
    )  # fmt: skip
    (masked,) = MASK.pairs([pair])
    assert masked.a == "State A embargo against State B must be lifted."
    assert masked.b == (
        "State A should lift the blockade of the people of State B, as State C says of "
        "State A-State B ties."
    )
    assert (masked.label, masked.subject) == (pair.label, pair.subject)
    assert MASK.pairs([masked]) == [masked]


def test_the_speakers_own_state_is_no_longer_theirs() -> None:
    said = "My country and our Government reject this; our people too. It is our own nation's."
    assert MASK(said) == (
        "This State and this State reject this; the people of this State too. "
        "It is this State's.",
    )  # fmt: skip
