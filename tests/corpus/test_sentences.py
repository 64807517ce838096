"""Where sentences begin and end. The sentences are our own."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.corpus.claims import ClaimMaker
from service.corpus.sentences import LONGEST, sentences
from service.corpus.text import FURNITURE, clean, decode
from service.corpus.ungdc import speech_files

DATA = Path(__file__).parents[2] / "data"


def split(source: str) -> list[str]:
    return [clean(source[start:end]) for start, end in sentences(source)]


@pytest.mark.parametrize(
    "sentence",
    [
        "We thank Amb. Smith and Mr. X for it.",
        "As para. 3(b) and art. 5 of the pact say, all are equal.",
        "In No. 5 of that list the U.S. Government is named.",
        "St. Lucia and H.E. Dr. J. A. Brown agreed.",
        "It cost 3.5 million in 1.2 years, e.g. Peru's share.",
        "See A/RES/60/1 and resolution 1514 (XV) of that year.",
        "In Peru v. Chile the court was clear.",
        "We waited ... and nothing came.",
        "MR. PRESIDENT and all of you are welcome.",
        "They asked (see the report of Mr. Doe, vol. II, p. 7) for more.",
    ],
)
def test_full_stops_inside_a_sentence(sentence: str) -> None:
    assert split(f"It is so. {sentence} We agree.") == ["It is so.", sentence, "We agree."]


@pytest.mark.parametrize(
    "parts",
    [
        ["Was it just?", "No.", "It was not."],
        ["He said: “It is over.”", "We doubt it."],
        ['He said: "It is over."', "We doubt it."],
        ["“The door is open.", "The road is long.", "We shall go.”", "So he said."],
        ["We grow rice, tea, etc.", "The rest we buy."],
        ["It is in Chapter I.", "The next one is longer."],
        ["Warming must stay below 1.5°C.", "We know it."],
        ["How long?", "How long!"],
        ["We asked for more time [A/7201/Add.1, para. 84].", "None was given."],
        ['"It must end." [A/7201, para. 84]', "It did not end."],
    ],
)
def test_ends_of_sentences(parts: list[str]) -> None:
    assert split(" ".join(parts)) == parts


def test_wrapped_text_is_not_split_at_line_ends() -> None:
    source = (
        "Our island has waited for a long time for the\n"
        "United Nations to act. It has waited in vain, and\n"
        "so have others. We ask the members of this\n"
        "Assembly for help.\n"
    )
    assert split(source) == [
        "Our island has waited for a long time for the United Nations to act.",
        "It has waited in vain, and so have others.",
        "We ask the members of this Assembly for help.",
    ]


@pytest.mark.parametrize(
    "page",
    ["\n\n", "\n24\n\n", " \n \n21 06-53609 \n \n", "\n\n\n\x0c\n", "\n6/33 15-29568\n\x0c\n"],
)
def test_a_new_page_does_not_split(page: str) -> None:
    source = f"We are weary of the{page}wars of others. Peace must come."
    assert split(source) == ["We are weary of the wars of others.", "Peace must come."]


def test_a_new_page_before_a_name_does_not_split() -> None:
    source = "We met the envoys of Kenya and \n\n\n\x0c\nUganda at noon. We spoke."
    assert split(source)[0] == "We met the envoys of Kenya and Uganda at noon."


def test_a_paragraph_a_line() -> None:
    first = "We have come to this hall " + "with hope and " * 12 + "with patience."
    second = "Others have come with less " + "and with doubt " * 12 + "in their hearts."
    source = f"Mr. President,\n{first}\nThe future of the seas\n{second}\n"
    assert split(source) == ["Mr. President,", first, "The future of the seas", second]


@pytest.mark.parametrize("salutation", ["Mr. President,", "Excellencies,", "Ladies and Gentlemen,"])
def test_salutations_stand_alone(salutation: str) -> None:
    assert split(f"We rejoice.\n{salutation}\nIn a time of need we met.\n") == [
        "We rejoice.",
        salutation,
        "In a time of need we met.",
    ]


def test_paragraph_numbers_are_no_part() -> None:
    source = (
        "96.\tSo it is.\n97.\tWe agree.\n98.\tThey agree. 99. All agree.\n"
        "100, None objects.\n101 So be it.\n"
    )
    assert split(source) == [
        "So it is.",
        "We agree.",
        "They agree.",
        "All agree.",
        "None objects.",
        "So be it.",
    ]


def test_numbers_that_number_nothing_stay() -> None:
    source = "We recall resolution\n242. The Council was clear.\n12 states spoke.\n"
    assert split(source) == [
        "We recall resolution 242.",
        "The Council was clear.",
        "12 states spoke.",
    ]


def test_very_long_sentences_are_split_at_semicolons() -> None:
    part = "we ask for " + "water and " * 25 + "bread"
    source = f"First, {part}; second, {part}; third, {part}; and so on."
    found = split(source)
    assert [text[:6] for text in found] == ["First,", "second", "third,"]
    assert all(len(text) <= LONGEST for text in found)


def test_what_holds_no_words_is_left_out() -> None:
    assert split("* * *\n\n12.\n\nX\n\nWe agree.") == ["We agree."]


@given(
    st.one_of(
        st.text(),
        st.lists(
            st.sampled_from(
                "We agree. | Mr. | President, |\n|\n\n|99. |12|\n24\n\n|\n3. All|“|”| so; |\x0c|"
                "para. |3(b) |U.S. |etc. |The sea |is deep| - |\xa0|¬|(see |) |? |!|... ".split("|")
            )
        ).map("".join),
    )
)
def test_spans(source: str) -> None:
    spans = list(sentences(source))
    assert spans == list(sentences(source))
    last = 0
    for start, end in spans:
        assert last <= start < end <= len(source)
        text = source[start:end]
        assert text == text.strip()
        assert sum(c.isalpha() for c in text) >= 2
        last = end


@given(st.lists(st.sampled_from("peace war The of we agree. no? Mr. 12 sea; (b) “so”".split())))
def test_words_are_never_cut(words: list[str]) -> None:
    source = " ".join(words)
    for start, end in sentences(source):
        assert start == 0 or not (source[start - 1].isalnum() and source[start].isalnum())
        assert end == len(source) or not (source[end - 1].isalnum() and source[end].isalnum())


def letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def check_speech(path: Path, maker: ClaimMaker) -> None:
    source = decode(path.read_bytes()).text
    claims = maker.claims(path.stem, source)
    covered = 0
    last = 0
    # Page marks are nobody's words.
    spoken = FURNITURE.sub("", source)
    for claim in claims:
        assert last <= claim.start < claim.end
        assert clean(source[claim.start : claim.end]) == claim.text
        assert clean(claim.text) == claim.text
        covered += letters(FURNITURE.sub("", source[claim.start : claim.end]))
        last = claim.end
    assert covered >= 0.995 * letters(spoken), path.stem


@pytest.mark.slow
def test_a_sample_of_real_speeches(ungdc: Path) -> None:
    by_year: dict[str, list[Path]] = {}
    for path in speech_files(ungdc):
        by_year.setdefault(path.stem[-4:], []).append(path)
    draw = random.Random(20)
    maker = ClaimMaker.load(DATA)
    for paths in by_year.values():
        for path in draw.sample(paths, 2):
            check_speech(path, maker)


@pytest.mark.slow
def test_every_real_speech(ungdc: Path) -> None:
    maker = ClaimMaker.load(DATA)
    for path in speech_files(ungdc):
        check_speech(path, maker)
