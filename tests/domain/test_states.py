from __future__ import annotations

import pytest

from service.catalogue import load_states
from service.domain.states import State, States
from tests.conftest import PROJECT

STATES = load_states(PROJECT / "data")
# Every code under which the General Debate corpus files a speech, 1946-2023.
CORPUS = """AFG AGO ALB AND ARE ARG ARM ATG AUS AUT AZE BDI BEL BEN BFA BGD BGR BHR BHS BIH BLR BLZ
BOL BRA BRB BRN BTN BWA CAF CAN CHE CHL CHN CIV CMR COD COG COL COM CPV CRI CSK CUB CYP CZE DDR DEU
DJI DMA DNK DOM DZA ECU EGY ERI ESP EST ETH EU FIN FJI FRA FSM GAB GBR GEO GHA GIN GMB GNB GNQ GRC
GRD GTM GUY HND HRV HTI HUN IDN IND IRL IRN IRQ ISL ISR ITA JAM JOR JPN KAZ KEN KGZ KHM KIR KNA KOR
KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG
MOZ MRT MUS MWI MYS NAM NER NGA NIC NLD NOR NPL NRU NZL OMN PAK PAN PER PHL PLW PNG POL PRK PRT PRY
PSE QAT ROU RUS RWA SAU SDN SEN SGP SLB SLE SLV SMR SOM SRB SSD STP SUR SVK SVN SWE SWZ SYC SYR TCD
TGO THA TJK TKM TLS TON TTO TUN TUR TUV TZA UGA UKR URY USA UZB VAT VCT VEN VNM VUT WSM YEM YMD YUG
ZAF ZMB ZWE""".split()


def test_every_code_of_the_corpus_is_known() -> None:
    assert [code for code in CORPUS if STATES.get(code) is None] == []
    assert len(CORPUS) == 200


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("Türkiye", "TUR"), ("TURKEY", "TUR"), ("Republic of Korea", "KOR"), ("South Korea", "KOR"),
        ("Korea, Republic of", "KOR"), ("DPRK", "PRK"), ("North Korea", "PRK"), ("USSR", "RUS"),
        ("Soviet Union", "RUS"), ("EU", "EU"), ("Holy See", "VAT"), ("Vatican", "VAT"),
        ("Niger", "NER"), ("Nigeria", "NGA"), ("Congo", "COG"), ("DR Congo", "COD"),
        ("Zaire", "COD"), ("the Gambia", "GMB"), ("Cote d'Ivoire", "CIV"), ("Ivory Coast", "CIV"),
        ("Côte d’Ivoire", "CIV"), ("Burma", "MMR"), ("Swaziland", "SWZ"), ("Cape Verde", "CPV"),
        ("U.S.", "USA"), ("usa", "USA"), ("UK", "GBR"), ("Dominica", "DMA"),
        ("Dominican Republic", "DOM"), ("Guinea", "GIN"), ("Guinea-Bissau", "GNB"),
        ("Equatorial Guinea", "GNQ"), ("Papua New Guinea", "PNG"), ("Palestine", "PSE"),
        ("Iran (Islamic Republic of)", "IRN"), ("Viet Nam", "VNM"), ("Vietnam", "VNM"),
        ("chn", "CHN"), ("FYROM", "MKD"), ("East Germany", "DDR"), ("Czech Republic", "CZE"),
        ("St. Lucia", "LCA"), ("Bosnia & Herzegovina", "BIH"), ("Byelorussian SSR", "BLR"),
    ],
)  # fmt: skip
def test_usual_spellings(spelling: str, code: str) -> None:
    found = STATES.resolve(spelling)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("text", ["Nigera", "Korea", "Atlantis", "", "the"])
def test_nothing_is_guessed(text: str) -> None:
    assert STATES.resolve(text) is None


def test_suggestions_are_for_messages_only() -> None:
    assert "Germany" in [state.name for state in STATES.suggest("Germny")]


def test_each_name_and_alias_is_its_own_states() -> None:
    for state in STATES:
        for name in (state.code, state.name, *state.aliases):
            assert STATES.resolve(name) is state


def test_a_name_claimed_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="claimed by"):
        States([State("AAA", "Alpha", ("Beta",)), State("BBB", "Beta")])


def test_former_states_name_their_successors() -> None:
    former = [state for state in STATES if state.status == "former"]
    assert {state.code for state in former} == {"CSK", "DDR", "YMD", "YUG"}
    assert all(state.until and state.successors for state in former)


def test_mentions_take_the_longest_name_and_whole_words() -> None:
    text = "South Korea, Guinea-Bissau, Papua New Guinea and the US met Latin America in Niger."
    assert [state.code for *_, state in STATES.find_mentions(text)] == [
        "KOR", "GNB", "PNG", "USA", "NER"
    ]  # fmt: skip
    assert STATES.find_mentions("let us go, said the nigerian chadless") == []
    assert all(
        STATES.resolve(text[start:end]) is state for start, end, state in STATES.find_mentions(text)
    )
