"""Where in a sentence a speaker's own words begin, and what it tells of source, day and forum."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.statements import Mode
from service.errors import InvalidInput
from tests.corpus.articles import read, read_text, words


@pytest.mark.parametrize(
    ("sentence", "claims"),
    [
        ("Ambassador Ana Rojas of Chile said whales need silence.", ["whales need silence."]),
        ("Chile's envoy did not say when the fleet would sail.", []),
        ("Chile has not accepted the quota, its neighbours noted.", []),
        ("Chile does not support the quota.", ["does not support the quota."]),
        ("Chile's minister, Ana Rojas, warned against haste.", ["warned against haste."]),
        ("Whales need silence, warned Chilean minister Ana Rojas.", ["Whales need silence"]),
        (
            "“Whales”, Chile's minister said, “need silence and time.”",
            ["“Whales”, Chile's minister said, “need silence and time.”"],
        ),
        ("Santiago's mayor said the port was full.", []),
        ("Chilean scientists said whales need silence.", []),
        ("The former Chilean president Ana Rojas said whales need silence.", []),
        ("The UN envoy for Chile said whales need silence.", []),
        ("According to the Chilean delegation, the quota must fall.", ["the quota must fall."]),
        (
            "The Chilean Ambassador, who chairs the group, also urged restraint.",
            ["urged restraint."],
        ),
        ("Chile’s representative: The quota must fall.", []),
        ("Chile was urged by its neighbours to wait.", []),
    ],
)
def test_reporting_clauses(tmp_path: Path, sentence: str, claims: list[str]) -> None:
    # A second speaker, so that an article without any claim of Chile's is no error.
    text = f"{sentence}\n\nNorway's ambassador, Liv Dahl, said that fish are friends."
    found = read_text(tmp_path, text, date="2020")
    chile = [statement for statement in found.values() if statement.state == "CHL"]
    assert [text for statement in chile for text in words(statement)] == claims
    assert words(found["NOR Liv Dahl"]) == ["fish are friends."]


@pytest.mark.parametrize(
    ("sentence", "claims"),
    [
        # Where the speaker's own words begin.
        ("Chile's envoy hit back, saying Peru had lied.", ["Peru had lied."]),
        ("Chile's envoy agreed, saying: 'Peru matters to us.'", ["Peru matters to us."]),
        ("Chile said last week that whales need silence.", ["whales need silence."]),
        ("Chile's envoy has called for silence.", ["called for silence."]),
        ("Chile's envoy, therefore, urged silence.", ["urged silence."]),
        ("Chile's envoy renewed Chile's call for silence.", ["renewed Chile's call for silence."]),
        ("Chile's envoy pushed back against the quota.", ["pushed back against the quota."]),
        ("Chile's envoy is convinced that whales sing.", ["whales sing."]),
        ("Chile's envoy said, \"We stand together\".", ["We stand together"]),
        ("\"We ask for silence,\" stated Chile's envoy.", ["We ask for silence"]),
        (
            "The quota, Chile's envoy said, only does what boats want.",
            ["The quota, Chile's envoy said, only does what boats want."],
        ),
        (
            "According to Chile's envoy Ana Rojas, who came on Monday, the quota is dead.",
            ["the quota is dead."],
        ),
        # Who speaks.
        ("Hours earlier, Chile's foreign ministry said whales sing.", ["whales sing."]),
        ("Chile’s state minister for fisheries, Ana Rojas, said whales sing.", ["whales sing."]),
        ("ANA ROJAS (Chile), joining others, said that whales sing.", ["whales sing."]),
        ("The observer for Chile said whales sing.", ["whales sing."]),
        ("Ana Rojas, head of the Chilean Mission to the UN Office, said whales sing.",
         ["whales sing."]),
        ("The Chilean prime minister's office said whales sing.", ["whales sing."]),
        ("According to a statement issued by the Chilean ministry, whales sing.",
         ["whales sing."]),
        ("Ministers from several states that trade with Chile said whales sing.", []),
    ],
)  # fmt: skip
def test_where_the_words_begin(tmp_path: Path, sentence: str, claims: list[str]) -> None:
    test_reporting_clauses(tmp_path, sentence, claims)


@pytest.mark.parametrize(
    ("opening", "source", "day"),
    [
        ("Havana, Nov 2, 2022 (Prensa Latina) ", "Prensa Latina", "2022-11-02"),
        ("LIMA/QUITO, Nov 2, 2022 (AP) — ", "AP", "2022-11-02"),
        ('CUBA\'S MINISTER: "NO MORE"\n\nHAVANA, Nov 2, 2022 - ', "story.txt", "2022-11-02"),
        ('Minister: "No more"\n\n2 November 2022\n\nOn Tuesday, ', "story.txt", "2022-11-01"),
    ],
)
def test_openings(tmp_path: Path, opening: str, source: str, day: str) -> None:
    text = f"{opening}Cuba's Foreign Minister Raúl Estévez said that cane grows."
    (statement,) = read_text(tmp_path, text).values()
    assert (statement.source, str(statement.date)) == (source, day)
    assert (statement.speaker, words(statement)) == ("Raúl Estévez", ["cane grows."])


@pytest.mark.parametrize(
    ("where", "forum"),
    [
        ("told a session of the First Committee of the General Assembly that",
         "session of the First Committee of the General Assembly"),
        ("said at the Human Rights Council on Wednesday over a fence that", "Human Rights Council"),
        ("told the 47-nation council that", None),
        ("called for a return to the track of dialogue and said that", None),
    ],
)  # fmt: skip
def test_where_it_was_said(tmp_path: Path, where: str, forum: str | None) -> None:
    text = f"Cuba's Deputy Representative to the UN Ana Rojas {where} cane grows."
    (statement,) = read_text(tmp_path, text, date="2022").values()
    assert statement.forum == forum


PIECES = [
    "Kenya's ambassador, Joseph Otieno, said that", "Otieno said", "she added", "according to",
    "Beijing urged", "the French envoy", "U.N. chief Bo Lind warned", "must be kept", "peace",
    "the treaty", '"', "“", "”", "'", "«", "»", "„", "「", ",", ".", ":", "?", "\n\n", "\n", "(",
    ")", "(End)", "—", "that", "and", "We", "was held in 1999", "adding that", "said",
    "OSLO, May 2",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=40))
def test_any_text_gives_claims_at_their_offsets_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    path = tmp_path_factory.mktemp("any") / "story.txt"
    path.write_text("Kenya's envoy said that fish swim. " + " ".join(pieces), encoding="utf-8")
    try:
        found, _ = read(path, date="2020")
    except InvalidInput as error:
        assert error.field == "state"
        return
    for statement in found.values():
        for claim in statement.claims:
            assert claim.text.strip()
            assert (claim.mode is Mode.QUOTED) <= (claim.start > 0)
