"""Roll calls as both formats have them, read into one list."""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from service.domain.states import States
from service.errors import InvalidInput, UnreadableFile
from service.votes import early, late
from service.votes.reading import read_roll_calls
from service.votes.roll_calls import Kind, RollCalls, Vote, session_of
from tests.votes.conftest import Write


def call(number: object = 1, **given: Any) -> list[object]:
    row = {
        "rcid": number, "session": "60.0", "important": "", "date": "2005-12-01",
        "unres": f"R/60/{number}", "amend": "", "para": "", "short": "RIVERS",
        "descr": "Rivers that cross borders : resolution / adopted by the General Assembly",
    }  # fmt: skip
    return list((row | given).values())


def resolution(symbol: str, **given: Any) -> list[object]:
    row = {
        "symbol": symbol, "date": "2020-12-01", "title": "Lakes", "committee": "", "item": "",
        "adopted": "By a recorded vote", "yes": 1, "no": 1, "abstain": 0,
        "subjects": "Lakes|Fishing", "sponsors": "",
    }  # fmt: skip
    return list((row | given).values())


VOTED = [("1.0", "Namibia", "NA", "yes"), ("1", "France", "FR", "abstain")]
LATE_VOTED = [("A/RES/75/1", "FIJI", "Y", "FJI"), ("A/RES/75/1", "PERU", "N", "PER")]


def read(folder: Path, states: States) -> RollCalls:
    return read_roll_calls(folder, states)


def test_both_formats_are_read(write: Write, states: States) -> None:
    folder = write(
        [call(1)], VOTED, [("1", "ec", "Economic development")],
        [resolution("A/RES/75/1"), resolution("A/RES/75/2", adopted="Without a vote")], LATE_VOTED,
    )  # fmt: skip
    older, newer = read(folder, states).roll_calls
    assert (older.id, older.symbol, older.session, older.date) == (
        "unvotes-1", "A/RES/60/1", 60, date(2005, 12, 1),
    )  # fmt: skip
    assert older.title == "Rivers that cross borders"
    assert older.subjects == ("RIVERS", "Economic development")
    assert older.votes == {"NAM": Vote.YES, "FRA": Vote.ABSTAIN}
    assert "DEU" not in older.votes  # who was away didn't vote no
    assert (newer.symbol, newer.session, newer.title) == ("A/RES/75/1", 75, "Lakes")
    assert newer.subjects == ("Lakes", "Fishing")
    assert newer.votes == {"FJI": Vote.YES, "PER": Vote.NO}


@pytest.mark.parametrize(
    ("country", "day", "code"),
    [
        ("Yugoslavia", "1985-12-01", "YUG"),
        ("Yugoslavia", "2006-06-02", "YUG"),
        ("Yugoslavia", "2006-06-03", "SRB"),
        ("Czechoslovakia", "1985-12-01", "CSK"),
        ("German Democratic Republic", "1985-12-01", "DDR"),
        ("Federal Republic of Germany", "1985-12-01", "DEU"),
        ("Yemen Arab Republic", "1985-12-01", "YEM"),
        ("Yemen People's Republic", "1985-12-01", "YMD"),
        ("Russia", "1985-12-01", "RUS"),
        ("Taiwan", "1970-12-01", "CHN"),
        ("Congo - Kinshasa", "1985-12-01", "COD"),
        ("Congo - Brazzaville", "1985-12-01", "COG"),
        ("Myanmar (Burma)", "1985-12-01", "MMR"),
        ("Côte d’Ivoire", "1985-12-01", "CIV"),
    ],
)
def test_states_have_the_codes_under_which_the_corpus_files_them(
    write: Write, states: States, country: str, day: str, code: str
) -> None:
    folder = write([call(date=day, session=40)], [(1, country, "", "no")])
    (found,) = read(folder, states).roll_calls
    assert found.votes == {code: Vote.NO}


def test_unknown_countries_are_reported(write: Write, states: States) -> None:
    atlantis = [("1", "Atlantis", "", "no")] * 3
    folder = write(
        [call(1)], VOTED + atlantis, (), [resolution("A/RES/75/1")],
        [*LATE_VOTED, ("A/RES/75/1", "MU", "Y", "MUU")],
    )  # fmt: skip
    found = read(folder, states)
    assert [len(each.votes) for each in found.roll_calls] == [2, 2]
    entries = [str(entry) for entry in found.report.entries]
    assert any(f"{early.VOTES}:4: 'Atlantis'" in each and "3 votes" in each for each in entries)
    assert any(f"{late.VOTES}:4: MU (MUU)" in each and "1 votes" in each for each in entries)


def test_what_both_have_is_taken_once_and_from_the_newer(write: Write, states: States) -> None:
    folder = write(
        [
            call(1, session=75, unres="A/RES/75/1", date="2020-12-01"),
            call(2, session=75, unres="R/75/9", date="2020-12-02"),
            call(3, session=75, unres="A/RES/75/1", date="2020-12-01", para=1),
        ],
        [(number, "Fiji", "FJ", "no") for number in (1, 2, 3)],
        (),
        [resolution("A/RES/75/1")],
        LATE_VOTED,
    )
    found = read(folder, states)
    assert [each.id for each in found.roll_calls] == ["A/RES/75/1", "unvotes-3", "unvotes-2"]
    assert found.roll_calls[0].votes["FJI"] is Vote.YES
    notes = [entry.reason for entry in found.report.entries]
    assert "unvotes-2 (A/RES/75/9) is in the older set only" in notes
    assert any(note.startswith("1 roll calls are in") for note in notes)


def test_paragraphs_amendments_and_procedure_are_told_apart(write: Write, states: States) -> None:
    spoken = "The Acting President: I shall now put the motion to the vote."
    folder = write(
        [call(1), call(2, para=1), call(3, amend=1), call(4, amend=1, para=1),
         call(5, descr=spoken), call(6, short="", descr=""), call(7, para=0, amend=0)],
        [(number, "Fiji", "FJ", "no") for number in range(1, 8)],
    )  # fmt: skip
    found = read(folder, states)
    assert {each.id[-1]: each.kind for each in found.roll_calls} == {
        "1": Kind.RESOLUTION, "2": Kind.PARAGRAPH, "3": Kind.AMENDMENT, "4": Kind.AMENDMENT,
        "5": Kind.PROCEDURE, "6": Kind.PROCEDURE, "7": Kind.RESOLUTION,
    }  # fmt: skip
    assert [each.id for each in found.resolutions()] == ["unvotes-1", "unvotes-7"]
    assert found.resolutions([59]) == []


def test_titles_of_three_sessions_stand_beside_the_agenda_item(
    write: Write, states: States
) -> None:
    folder = write([call(session=72, short="Wells", descr="A/72/251 3 - Water.")], VOTED)
    (found,) = read(folder, states).roll_calls
    assert (found.title, found.subjects) == ("Wells", ("A/72/251 3 - Water.",))


@pytest.mark.parametrize(
    ("symbol", "day", "session"),
    [
        ("A/RES/74/7", date(2020, 1, 5), 74),
        ("A/RES/ES-11/1", date(2022, 3, 2), 76),
        ("A/RES/ES-11/4", date(2022, 10, 12), 77),
        ("A/RES/S-32/1", date(2021, 6, 2), 75),
        (None, date(1999, 9, 14), 53),
        (None, date(1999, 9, 15), 54),
    ],
)
def test_session_is_the_symbol_s_or_the_date_s(symbol: str | None, day: date, session: int) -> None:
    assert session_of(symbol, day) == session


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"calls": [call("x")]}, early.ROLL_CALLS, "no whole number"),
    ({"calls": [call("inf")]}, early.ROLL_CALLS, "no whole number"),
    ({"calls": [call(1), call(1)], "votes": VOTED}, early.ROLL_CALLS, "twice"),
    ({"calls": [call(session=79)]}, early.ROLL_CALLS, "session 79"),
    ({"calls": [call(session=0)]}, early.ROLL_CALLS, "session 0"),
    ({"calls": [call(date="1.12.2005")]}, early.ROLL_CALLS, "no date"),
    ({"calls": [call(para=2)], "votes": VOTED}, early.ROLL_CALLS, "neither 0 nor 1"),
    ({"calls": [call()[:-1]]}, early.ROLL_CALLS, "8 fields under 9 columns"),
    ({"calls": [call()], "votes": [(1, "Fiji", "FJ", "perhaps")]}, early.VOTES, "no vote"),
    ({"calls": [call()], "votes": [(1, "Fiji", "FJ", "no")] * 2}, early.VOTES, "voted twice"),
    ({"issues": [("a", "me", "Peace")]}, early.ISSUES, "no whole number"),
    ({"resolutions": [resolution("")]}, late.RESOLUTIONS, "missing"),
    ({"resolutions": [resolution("A/RES/75/1", adopted="By lot")]}, late.RESOLUTIONS, "adopted"),
    ({"resolutions": [resolution("A/RES/79/1")]}, late.RESOLUTIONS, "session 79"),
    ({"resolutions": [resolution("A/RES/75/1", date="soon")]}, late.RESOLUTIONS, "no date"),
    ({"late_votes": [("A/RES/75/1", "FIJI", "X", "FJI")]}, late.VOTES, "no vote"),
    ({"late_votes": [LATE_VOTED[0]] * 2}, late.VOTES, "voted twice"),
]


@pytest.mark.parametrize(("tables", "file", "reason"), BAD)
def test_bad_rows_are_named_by_file_and_line(
    write: Write, states: States, tables: dict[str, Any], file: str, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=rf"votes: .*{file}:[23]: .*{reason}"):
        read(write(**tables), states)


def test_files_that_are_missing_or_broken_are_refused(write: Write, states: States) -> None:
    folder = write()
    assert read(folder, states).roll_calls == ()
    (folder / late.VOTES).write_bytes(gzip.compress(b"symbol,vote\n"))
    with pytest.raises(InvalidInput, match="has no column ms_name, iso3"):
        read(folder, states)
    (folder / late.VOTES).write_bytes(gzip.compress(b"symbol,ms_name,vote,iso3\n")[:-9])
    with pytest.raises(UnreadableFile, match=late.VOTES):
        read(folder, states)
    (folder / late.VOTES).write_bytes(b"not gzipped")
    with pytest.raises(UnreadableFile, match=late.VOTES):
        read(folder, states)
    (folder / late.VOTES).unlink()
    with pytest.raises(InvalidInput, match=f"has no {late.VOTES}"):
        read(folder, states)


def test_totals_that_votes_do_not_make_up_and_votes_without_a_resolution_are_told(
    write: Write, states: States
) -> None:
    folder = write(
        calls=[call(8)],
        votes=[(9, "Fiji", "FJ", "no")],
        resolutions=[resolution("A/RES/75/1", yes=7), resolution("A/RES/75/2")],
        late_votes=[*LATE_VOTED, ("A/RES/75/3", "FIJI", "Y", "FJI")],
    )
    found = read(folder, states)
    assert [each.symbol for each in found.roll_calls] == ["A/RES/75/1"]
    told = " ".join(entry.reason for entry in found.report.entries)
    assert "A/RES/75/1: 7, 1, 0 yes, no, abstaining by the total, 1, 1, 0 by the votes" in told
    assert "A/RES/75/2 was voted on, and no votes are listed" in told
    assert "1 votes on A/RES/75/3, which isn't in" in told
    assert "roll call 8 has no votes" in told
    assert "votes of roll call 9, which isn't listed" in told


# -- the real files ----------------------------------------------------------------------------


def test_real_files_are_read_whole(real: RollCalls, votes_folder: Path) -> None:
    """Against pandas: what is read, less what the report says is left out."""
    older = pd.read_csv(votes_folder / early.VOTES, keep_default_na=False)
    newer = pd.read_csv(votes_folder / late.VOTES, keep_default_na=False)
    assert sum(each.id.startswith("unvotes") for each in real.roll_calls) == 6203 - 90
    assert len(real.roll_calls) == 6203 - 90 + 450
    common = set(older.rcid) - {int(each.id[8:]) for each in real.roll_calls if each.id[0] == "u"}
    votes = sum(len(each.votes) for each in real.roll_calls)
    zanzibar, unlisted = 2, int((newer.symbol == "A/RES/ES-10/24").sum())
    assert votes == (~older.rcid.isin(common)).sum() - zanzibar + len(newer) - unlisted
    skipped = [entry.reason for entry in real.report.entries if entry.outcome == "skipped"]
    assert len(skipped) == 3
    assert any("'Zanzibar' isn't in the catalogue: 2 votes" in reason for reason in skipped)


def test_sets_agree_where_they_overlap(votes_folder: Path, states: States, real: RollCalls) -> None:
    from service.corpus.report import ImportReport

    older = {each.symbol: each for each in early.read_early(votes_folder, states, ImportReport())
             if each.kind is Kind.RESOLUTION}  # fmt: skip
    both = [each for each in real.roll_calls if each.id == each.symbol and each.symbol in older]
    assert len(both) == 90
    assert {each.session for each in both} == {74}
    assert all(each.date == older[each.symbol].date for each in both)
    apart = sum(each.votes.get(state) != vote for each in both
                for state, vote in older[each.symbol].votes.items())  # fmt: skip
    assert apart <= 90  # of some 15,000: corrections after the vote


def test_real_roll_calls_are_plausible(real: RollCalls, states: States) -> None:
    assert {each.session for each in real.roll_calls} == set(range(1, 79))
    assert all(states.get(state) for each in real.roll_calls for state in each.votes)
    counts = Counter(each.session for each in real.resolutions(range(55, 79)))
    assert min(counts.values()) >= 64
    assert max(counts.values()) <= 99
    embargo = [each for each in real.resolutions() if each.symbol == "A/RES/78/7"]
    assert [state for state, vote in embargo[0].votes.items() if vote is Vote.NO] == ["ISR", "USA"]
