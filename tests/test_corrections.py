"""Users' corrections: kept for good, shown in answers, exported for the next training."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.comparison import Comparator
from service.domain.answers import Group, Hit
from service.domain.corrections import Correction, ModelVerdict, folded
from service.domain.stance import Stance
from service.domain.statements import Claim, Statement
from service.errors import IndexUnusable, InvalidInput, NotFound, UnreadableFile
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.stance.corrections import LONGEST, Corrections, parse_correction
from service.stance.training.corrected import correction_pairs
from service.stance.training.pairs import Pair
from tests.conftest import PROJECT, Quiet, statement
from tests.test_cli import run

# The tiny stance model has learnt where these stand.
PEACE, TRADE = "we want peace now", "we want trade now"
SAID = [
    statement(
        "FRA", "2020", "yes to peace", "later some peace perhaps", "peace was debated in May"
    ),
    statement("NOR", "2020", "yes to peace"),
    statement("CHN", "2021", "no to peace", "yes to trade"),
]
FRENCH, NORWEGIAN = (said.claims[0].id for said in SAID[:2])
GIVEN = {
    "text": PEACE, "claim_id": FRENCH, "stance": "opposed", "author": "A. Reader",
    "reason": "It is said with irony.",
}  # fmt: skip
WRITER = """
import os, signal, sys
from pathlib import Path
from service.domain.statements import Claim
from service.stance.corrections import Corrections, parse_correction

folder, name, count, end = sys.argv[1:]
kept = Corrections(Path(folder))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(count)):
    wanted = parse_correction({"text": "Lift the sanctions", "claim_id": "FRA_1:0-3",
        "stance": "opposed", "author": name, "reason": f"reason {number}"})
    made, new = kept.put(wanted, Claim("FRA_1", 0, 3, "No."), "FRA", None)
    assert new
    print(made.author, made.reason, made.date, sep="|", flush=True)
if end == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


def build(comparator: Comparator, statements: list[Statement]) -> str:
    folder = comparator.settings.indexes
    list(StatementStore(folder).put(statements))
    topics = comparator.catalogue.topics.ids
    return Builder(folder, comparator.encoder, topics).build(Quiet()).manifest.id


@pytest.fixture
def comparator(tmp_path: Path, stance_folder: Path) -> Comparator:
    made = Comparator(Settings(indexes=tmp_path / "ix", stance_model=stance_folder))
    build(made, SAID)
    return made


def rows(comparator: Comparator, text: str = PEACE, **filters: Any) -> dict[str, Group]:
    answer = comparator.search(text, **{"stance": "on", "kind": "any"} | filters)
    return {group.state: group for group in answer.results if isinstance(group, Group)}


def hits(comparator: Comparator, text: str = PEACE, **filters: Any) -> dict[str, Hit]:
    return {hit.claim_id: hit for row in rows(comparator, text, **filters).values()
            for hit in row.hits}  # fmt: skip


def put(
    kept: Corrections, stance: str, text: str = PEACE, words: str = "No.", **other: str
) -> tuple[Correction, bool]:
    wanted = parse_correction(GIVEN | {"text": text, "stance": stance, **other})
    return kept.put(wanted, Claim("FRA_1", 0, 3, words), "FRA", None)


def test_a_correction_is_shown_with_its_author_and_reason(comparator: Comparator) -> None:
    before = hits(comparator)
    made = comparator.correct(**GIVEN)
    after = hits(comparator)
    hit = after[FRENCH]
    assert (before[FRENCH].stance, hit.stance) == ("aligned", "opposed")
    assert hit.probabilities == before[FRENCH].probabilities
    assert hit.corrected == {
        "author": "A. Reader", "reason": "It is said with irony.", "date": made.date,
        "was": {"stance": "aligned", "model": comparator.stance_model.name},
    }  # fmt: skip
    assert (made.statement_id, made.state, made.start, made.end) == (SAID[0].id, "FRA", 0, 12)
    assert made.date.endswith("+00:00")
    others = before.keys() - {FRENCH}
    assert others
    assert {key: after[key] for key in others} == {key: before[key] for key in others}


def test_the_same_query_in_other_case_and_space_is_the_same(comparator: Comparator) -> None:
    comparator.correct(**GIVEN)
    assert hits(comparator, "  We  want PEACE\nnow ")[FRENCH].corrected
    assert hits(comparator, "we want peace soon")[FRENCH].corrected is None


def test_a_row_follows_its_corrected_quotation(comparator: Comparator) -> None:
    assert rows(comparator)["FRA"].stance == "aligned"
    other = next(h for h in rows(comparator)["FRA"].hits if h.text.startswith("later"))
    comparator.correct(**GIVEN | {"claim_id": other.claim_id, "stance": "unclear"})
    row = rows(comparator)["FRA"]
    assert (row.stance, row.hits[0].claim_id) == ("unclear", other.claim_id)
    assert set(rows(comparator, stance="unclear")) >= {"FRA"}
    assert "FRA" not in rows(comparator, stance="aligned")
    flat = comparator.search(PEACE, kind="any", group_by="none", stance="aligned")
    assert other.claim_id not in {hit.claim_id for hit in flat.results}


def test_without_stances_nothing_of_it_is_in_the_answer(comparator: Comparator) -> None:
    before = comparator.search(PEACE, kind="any", stance="off").to_dict()
    comparator.correct(**GIVEN)
    assert comparator.search(PEACE, kind="any", stance="off").to_dict() == before
    assert "correct" not in json.dumps(before)


def test_the_part_and_the_whole_text_both_name_a_query(comparator: Comparator) -> None:
    text = "We want peace now, without delay. We want trade now, without delay."
    answer = comparator.search(text, kind="any", stance="on")
    first = answer.parts[0].text
    assert len(answer.parts) == 2

    def shown() -> list[str | None]:
        answer = comparator.search(text, kind="any", stance="on", group_by="none")
        return [h.stance for part in answer.parts for h in part.results if h.claim_id == FRENCH]

    comparator.correct(**GIVEN | {"text": text, "stance": "partial"})
    assert shown() == ["partial", "partial"]
    comparator.correct(**GIVEN | {"text": first, "stance": "opposed"})
    assert shown() == ["opposed", "partial"]  # the part is the nearer one
    assert hits(comparator, first)[FRENCH].stance == "opposed"


def test_more_hits_than_are_judged(comparator: Comparator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state's hits may be judged in part; a correction is shown without a judgement too."""
    monkeypatch.setattr("service.answerer.MOST_JUDGED", 1)
    found = rows(comparator)
    (judged,) = [hit for row in found.values() for hit in row.hits if hit.stance]
    assert found[judged.state].stance == judged.stance
    assert len(found[judged.state].hits) > 1
    unjudged = next(hit for row in found.values() for hit in row.hits if not hit.stance)
    comparator.correct(**GIVEN | {"claim_id": unjudged.claim_id, "stance": "partial"})
    hit = hits(comparator)[unjudged.claim_id]
    assert (hit.stance, hit.probabilities) == ("partial", None)
    assert rows(comparator)[hit.state].stance == "partial"


def test_it_outlives_the_process_and_the_generation(comparator: Comparator) -> None:
    made = comparator.correct(**GIVEN)
    first = comparator.generation.manifest.id
    later = Comparator(comparator.settings)
    assert later.corrections() == [made]
    assert build(later, [statement("BRA", "2022", "no to peace")]) != first
    assert later.generation.manifest.id != first
    assert "BRA" in rows(later)
    assert hits(later)[FRENCH].stance == "opposed"


def test_other_words_at_the_same_place_are_not_corrected(comparator: Comparator) -> None:
    comparator.correct(**GIVEN)
    build(comparator, [replace(said, claims=(replace(said.claims[0], text="yes to seats"),))
                       for said in SAID[:1]])  # fmt: skip
    hit = hits(comparator)[FRENCH]
    assert (hit.text, hit.corrected) == ("yes to seats", None)
    (line,) = comparator.corrections_as_rows()
    assert (line["claim_text"], line["claim_id"]) == (None, FRENCH)
    StatementStore(comparator.settings.indexes).remove([SAID[0].id])
    build(comparator, [])
    assert [line["claim_text"] for line in comparator.corrections_as_rows()] == [None]


def test_without_a_model_there_was_no_verdict(comparator: Comparator) -> None:
    plain = Comparator(comparator.settings.model_copy(update={"stance_model": None}))
    assert plain.correct(**GIVEN).was is None
    assert hits(comparator)[FRENCH].corrected["was"] is None


def test_the_latest_holds_and_the_others_are_history(tmp_path: Path) -> None:
    kept = Corrections(tmp_path)
    assert kept.all() == []
    assert kept.holding([folded(PEACE)]) == {}
    first, new = put(kept, "opposed")
    assert new
    second, _ = put(kept, "partial", text=PEACE.upper())
    assert put(kept, "partial", text=f" {PEACE} ") == (second, False)
    third, new = put(kept, "opposed")  # said before, but no longer what holds
    assert new
    elsewhere, _ = put(kept, "aligned", text=TRADE)
    changed, _ = put(kept, "aligned", words="Yes.")
    assert kept.all() == [first, second, third, elsewhere, changed]
    assert set(kept.holding([folded(PEACE)]).values()) == {third, changed}
    assert kept.all("FRA_1:0-3") == kept.all()
    assert kept.all("FRA_1:0-4") == []
    for other in ({"author": "B. Reader"}, {"reason": "Another one."}):
        assert put(kept, "opposed", **other)[1]


def test_dates_keep_the_order_when_the_clock_is_set_back(tmp_path: Path) -> None:
    kept = Corrections(tmp_path)
    put(kept, "opposed")
    with closing(sqlite3.connect(kept.path)) as connection, connection:
        connection.execute("UPDATE correction SET date = '2999-01-01T00:00:00.000000+00:00'")
    later, _ = put(kept, "partial")
    assert later.date == "2999-01-01T00:00:00.000000+00:00"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", ""), ("text", "  "), ("text", "?!"), ("text", None), ("text", 3), ("text", "a\0b"),
        ("text", "a\ud800"), ("text", "x" * (LONGEST["text"] + 1)),
        ("claim_id", ""), ("claim_id", None), ("claim_id", ["a"]), ("claim_id", "x\ud800:1-2"),
        ("stance", ""), ("stance", None), ("stance", "agreed"), ("stance", ["aligned"]),
        ("stance", {}), ("stance", 1), ("stance", "Aligned"),
        ("author", ""), ("author", " \n"), ("author", None), ("author", "A\nB"),
        ("author", "A\u202eB"), ("author", "x" * (LONGEST["author"] + 1)),
        ("reason", ""), ("reason", "\u3000"), ("reason", 7), ("reason", "\x1b[31mred"),
        ("reason", "a\x85b"), ("reason", "a\u2028b"), ("reason", "x" * (LONGEST["reason"] + 1)),
        ("colour", "red"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named(bundled: Comparator, field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        bundled.put_correction(GIVEN | {field: value})
    assert refused.value.field == field
    assert bundled.corrections() == []


def test_what_may_be_written(tmp_path: Path) -> None:
    said = {"author": " Ana Łęcka‑Öz 李 ", "reason": 'می‌خواهیم: "so" 🕊'}
    made, _ = put(Corrections(tmp_path), "opposed", text="x " * 2_400 + "\tend", **said)
    assert made.author == "Ana Łęcka‑Öz 李"
    assert made.reason == said["reason"]
    assert made.text.endswith("x end")
    assert Corrections(tmp_path).all() == [made]


@pytest.mark.parametrize("claim_id", ["FRA_9_1999:0-3", "FRA_0_2020:0-13", "nothing", "a:b-c"])
def test_a_claim_that_is_not_there(comparator: Comparator, claim_id: str) -> None:
    with pytest.raises(NotFound, match="no such claim"):
        comparator.correct(**GIVEN | {"claim_id": claim_id})
    assert comparator.corrections() == []


def writer(folder: Path, name: str, count: int, end: str = "") -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count), end],
        cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    """From the first moment on: neither finds the file already made."""
    started = [writer(tmp_path, name, 40) for name in ("one", "two")]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0].splitlines() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    kept = Corrections(tmp_path).all()
    assert len(kept) == 80
    lines = [f"{c.author}|{c.reason}|{c.date}" for c in kept]
    for own in said:
        assert [line for line in lines if line in own] == own  # each in its own order
    assert [c.date for c in kept] == sorted(c.date for c in kept)
    assert [path.name for path in tmp_path.iterdir()] == ["corrections.sqlite"]


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    process = writer(tmp_path, "killed", 3, "killed")
    said, _ = process.communicate("go\n", timeout=120)
    assert process.returncode == -signal.SIGKILL
    kept = Corrections(tmp_path).all()
    assert [f"{c.author}|{c.reason}|{c.date}" for c in kept] == said.splitlines()
    assert len(kept) == 3


def test_another_schema_and_a_damaged_file_are_refused(tmp_path: Path) -> None:
    kept = Corrections(tmp_path)
    put(kept, "opposed")
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    for use in (kept.all, lambda: kept.holding(["x"]), lambda: put(kept, "partial")):
        with pytest.raises(IndexUnusable, match="schema 2"):
            use()
    kept.path.write_bytes(b"no database at all, but long enough to look like one" * 40)
    with pytest.raises(IndexUnusable, match=r"corrections\.sqlite"):
        kept.all()


def export(comparator: Comparator, path: Path) -> list[dict[str, Any]]:
    lines = comparator.corrections_as_rows()
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    return lines


def test_the_next_training_reads_the_export(comparator: Comparator, tmp_path: Path) -> None:
    comparator.correct(**GIVEN)
    comparator.correct(**GIVEN | {"claim_id": NORWEGIAN, "stance": "partial"})
    comparator.correct(**GIVEN | {"text": PEACE.title(), "stance": "unclear"})
    lines = export(comparator, tmp_path / "export.jsonl")
    assert [line["holds"] for line in lines] == [False, True, True]
    expected = [
        Pair(PEACE.title(), "yes to peace", Stance.UNCLEAR, "correction", FRENCH),
        Pair(PEACE, "yes to peace", Stance.PARTIAL, "correction", NORWEGIAN),
    ]
    assert correction_pairs(tmp_path / "export.jsonl") == expected
    # Joined with an older export, in any order, and with a claim's text in one of them only.
    bare = json.dumps(lines[2] | {"claim_text": None})
    older = json.dumps(lines[0])
    for joined in ([bare, older], [older, "", bare]):
        (tmp_path / "joined.jsonl").write_text("\n".join(joined))
        assert correction_pairs(tmp_path / "joined.jsonl") == expected[:1]
    (tmp_path / "joined.jsonl").write_text(bare)
    assert correction_pairs(tmp_path / "joined.jsonl") == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("{", "Expecting"), ("[]", "object"), ({"text": " "}, "`text`"), ({"text": None}, "`text`"),
        ({"stance": "agreed"}, "agreed"), ({"start": "0"}, "`start`"), ({"end": True}, "`end`"),
        ({"date": "yesterday"}, "yesterday"), ({"date": "2025-11-25T10:00:00"}, "time zone"),
        ({"claim_text": "yes to war"}, "`claim_text`"), ({"claim_text": 3}, "`claim_text`"),
        ({"was": "aligned"}, "`was`"), ({"was": {"stance": "x", "model": "m"}}, "'x'"),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused_by_file_and_number(tmp_path: Path, change: Any, said: str) -> None:
    made = replace(put(Corrections(tmp_path), "opposed")[0], was=ModelVerdict(Stance.PARTIAL, "m"))
    good = made.to_dict() | {"claim_text": "No.", "holds": True}
    bad = change if isinstance(change, str) else json.dumps(good | change)
    path = tmp_path / "export.jsonl"
    path.write_text(f"{json.dumps(good)}\n\n{bad}\n")
    with pytest.raises(UnreadableFile, match=r"export\.jsonl:3: ") as refused:
        correction_pairs(path)
    assert said in str(refused.value)
    with pytest.raises(UnreadableFile, match=r"nowhere\.jsonl"):
        correction_pairs(tmp_path / "nowhere.jsonl")


def test_the_training_names_a_bad_line(tmp_path: Path) -> None:
    (tmp_path / "export.jsonl").write_text("{}\n")
    done = subprocess.run(
        [sys.executable, "-m", "service.stance.training", "--shared", str(tmp_path), "--work",
         str(tmp_path), "--corrections", str(tmp_path / "export.jsonl")],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "export.jsonl:1: `text`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "prepare.done").exists()


def test_the_command_line(
    comparator: Comparator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_STANCE_MODEL", "none")
    folder = comparator.settings.indexes
    assert run(folder, "corrections") == ""
    given = ["--text", PEACE, "--claim", FRENCH, "--author", "A. Reader", "--reason", "Irony."]
    made = json.loads(run(folder, "correct", *given, "--stance", "opposed"))
    assert (made["claim_id"], made["stance"], made["was"]) == (FRENCH, "opposed", None)
    assert json.loads(run(folder, "correct", *given, "--stance", "opposed")) == made
    run(folder, "correct", *given, "--stance", "partial")
    exported = tmp_path / "export.jsonl"
    exported.write_text(run(folder, "corrections"))
    first, second = map(json.loads, exported.read_text().splitlines())
    assert first == made | {"claim_text": "yes to peace", "holds": False}
    assert second["holds"]
    assert [pair.label for pair in correction_pairs(exported)] == [Stance.PARTIAL]
    table = run(folder, "corrections", "--format", "table").splitlines()
    assert len(table) == 3
    assert all(word in table[1] for word in ("opposed", "no", "A. Reader", FRENCH, "Irony."))
    assert "stance" in run(folder, "correct", *given, "--stance", "agreed", code=1)
    given[3] = "FRA_0_2020:0-3"
    assert "no such claim" in run(folder, "correct", *given, "--stance", "partial", code=1)
    assert "Usage" in run(folder, "correct", "--text", PEACE, code=2)


def test_the_table_and_csv_say_who_corrected(comparator: Comparator) -> None:
    from service.tables import HIT_COLUMNS, answer_as_text, hits_of, to_csv

    comparator.correct(**GIVEN)
    answer = comparator.search(PEACE, kind="any", stance="on").to_dict()
    said = "corrected by A. Reader (the model: aligned): It is said with irony."
    assert f"opposed, {said}" in answer_as_text(answer)
    assert to_csv(hits_of(answer), HIT_COLUMNS).count(said) == 1
