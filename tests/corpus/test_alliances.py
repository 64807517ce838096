"""For whom a statement is made, and whose it joins. The sentences are our own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.catalogue import load_blocs, load_states
from service.corpus.alliances import joined_statements, spoken_for
from service.domain.blocs import Blocs
from service.domain.states import States

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def blocs() -> Blocs:
    return load_blocs(DATA)


@pytest.fixture(scope="module")
def states() -> States:
    return load_states(DATA)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (
            "I have the honour to speak this wet Monday on behalf of the Group of 77 and China.",
            ["g77"],
        ),
        ("We speak, by lot, on behalf of the Non-Aligned Movement.", ["non-aligned-movement"]),
        ("It is my duty to address this hall on behalf of the European Union.", ["eu"]),
        (
            "I am speaking, with joy, on behalf of the States members of the Caribbean Community.",
            ["caricom"],
        ),
        (
            "I make this statement on behalf of the Group of 77 and of the European Union.",
            ["g77", "eu"],
        ),
        (
            "Mr. President, I have the honour of speaking, at dusk, on behalf of the European "
            "Union, which thanks the African Union.",
            ["eu"],
        ),
    ],
)
def test_speaks_for_a_group(text: str, ids: list[str], blocs: Blocs) -> None:
    assert list(spoken_for(f"Mr. President,\n{text} We are grateful.", blocs)) == ids


@pytest.mark.parametrize(
    "text",
    [
        # thanks and good wishes
        "On behalf of the European Union and my people, I wish to thank you, Sir.",
        "I wish to congratulate you on behalf of my delegation and the Group of 77.",
        # somebody else spoke, or elsewhere
        "Yesterday the Minister of Peru spoke on behalf of the Group of 77.",
        "I support the words that my colleague from Spain, speaking on behalf of the European "
        "Union, has said to us.",
        "We align ourselves with the statement made at noon on behalf of the European Union.",
        "I spoke on behalf of the Group of 77 in another hall.",
        # no group
        "I speak on behalf of the people of Chad.",
        "I have the honour to speak on behalf of my Government, a member of the European Union.",
    ],
)
def test_speaks_for_no_group(text: str, blocs: Blocs) -> None:
    assert spoken_for(f"Mr. President,\n{text} We are grateful.", blocs) == ()


def test_later_words_do_not_count(blocs: Blocs) -> None:
    opening = "We are glad to be here. " * 25
    late = "I am happy to speak on behalf of the Group of 77."
    assert spoken_for(opening + late, blocs) == ()


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        (
            "Chad aligns itself with the statement made by Peru on behalf of the Group of 77.",
            ["g77"],
        ),
        ("We fully endorse the statement delivered by the representative of Cuba.", ["CUB"]),
        (
            "My small delegation wants to associate itself with the statements made by the "
            "representatives of Kenya and Peru.",
            ["KEN", "PER"],
        ),
        ("I fully subscribe to the European Union statement on fish.", ["eu"]),
        (
            "Peru supports the statement made on Tuesday by the Minister of Spain on behalf\n"
            "of the European Union.",
            ["eu"],
        ),
        ("We have aligned ourselves with the statement of the African Union.", ["african-union"]),
    ],
)
def test_joins_a_statement(text: str, whose: list[str], states: States, blocs: Blocs) -> None:
    source = f"We are here. {text} We are grateful."
    assert list(joined_statements(source, states, blocs)) == whose


@pytest.mark.parametrize(
    "text",
    [
        "We cannot associate ourselves with the statement made by Cuba.",
        "We support the people of Cuba and made a statement on it.",
        "I associate myself with the statement of thanks to you, Sir.",
        "Peru gave support to Chad to address its debts.",
        "We endorse the statement made by our minister on the wars in Chad.",
        "The Minister aligned himself with the statement made by Cuba.",
        # the group isn't known: then its speaker's State isn't meant either
        "We endorse the statement made by Peru on behalf of the Friends of the Sea.",
    ],
)
def test_joins_none(text: str, states: States, blocs: Blocs) -> None:
    assert joined_statements(f"We are here. {text} We are grateful.", states, blocs) == ()


@given(st.text())
def test_any_text(text: str) -> None:
    blocs, states = _all()
    ids = {bloc.id for bloc in blocs}
    assert set(spoken_for(text, blocs)) <= ids
    assert set(joined_statements(text, states, blocs)) <= ids | {state.code for state in states}


@cache
def _all() -> tuple[Blocs, States]:
    return load_blocs(DATA), load_states(DATA)
