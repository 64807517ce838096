"""Drafts and imports as jobs: interrupted at any step, they end as if they hadn't been."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.accounts.accounts import Accounts
from service.analysis.draft import summary
from service.comparison import Comparator
from service.corpus.report import ImportReport
from service.corpus.table import read_table
from service.errors import ConcordError, Overloaded
from service.jobs import import_file, uploads
from service.jobs import worker as module
from service.jobs.kinds import DRAFT, IMPORT, kinds
from service.jobs.results import Results
from service.jobs.store import Job, Jobs, new_id
from service.jobs.uploads import Uploads
from service.jobs.worker import GivenUp, Kind, Run, Worker
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from tests.analysis.test_draft import DRAFT as TEXT
from tests.analysis.test_draft import SAID
from tests.conftest import Quiet
from tests.jobs.test_worker import ended

ROWS = 23


class Place:
    """A deployment on SQLite, without a running service."""

    def __init__(self, comparator: Comparator) -> None:
        self.comparator = comparator
        self.accounts = Accounts(comparator.settings)
        self.jobs = Jobs(self.accounts.database)
        self.uploads = Uploads(comparator.settings.indexes, self.jobs)
        self.results = Results(comparator.settings.indexes, self.jobs)
        self.kinds = kinds(comparator, self.uploads, self.results)

    def done(self, job: Job, **changed: Kind) -> Job:
        """The job, by a worker of its own."""
        worker = Worker(
            self.jobs, self.kinds | changed, place=self.uploads.place, tidy=self.uploads.sweep
        )
        worker.wake()
        try:
            return ended(self.jobs, job)
        finally:
            worker.close()

    def upload(self, content: bytes, form: str = "table", name: str = "t.csv", **given: str) -> Job:
        job_id = new_id()
        self.uploads.keep(job_id, name, lambda path: path.write_bytes(content))
        parameters = {"format": form, "given": given, "file": name}
        place = self.uploads.place()
        return self.jobs.submit(IMPORT, "key a", parameters, place=place, job_id=job_id)

    def interrupted(self, job: Job, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """As if the process had been killed before it had kept step `steps`."""
        kept = Run.keep

        def keep(run: Run, step: dict[str, Any]) -> None:
            if len(run.steps) == steps:
                run.flush()
                raise GivenUp
            kept(run, step)

        with monkeypatch.context() as patched:
            patched.setattr(Run, "keep", keep)
            taken = self.jobs.take(list(self.kinds), self.uploads.place())
            assert taken is not None
            run = Run(taken, self.jobs, module.threading.Event(), lambda: False)
            with pytest.raises(GivenUp):
                self.kinds[job.kind](run)
            self.jobs.release(taken)
        assert len(self.jobs.steps(job.id)) == steps


@pytest.fixture
def place(tmp_path: Path, stance_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(module, "POLL_S", 0.02)
    found = Place(Comparator(Settings(indexes=tmp_path, stance_model=stance_folder,
                                      database_url=None)))  # fmt: skip
    yield found
    found.accounts.close()


def build(place: Place) -> None:
    list(StatementStore(place.comparator.settings.indexes).put(SAID))
    Builder(
        place.comparator.settings.indexes, place.comparator.encoder,
        place.comparator.catalogue.topics.ids,
    ).build(Quiet())  # fmt: skip


def table(changed: int = -1) -> bytes:
    """Some rows that are good, some that aren't."""
    made = io.StringIO()
    rows = csv.writer(made)
    rows.writerow(["state", "date", "text", "id"])
    for n in range(ROWS):
        state = "Atlantis" if n % 5 == 3 else "Norway"
        word = "Another" if n == changed else "The"
        rows.writerow([state, f"2024-01-{n + 1:02}", f"{word} veto number {n} must go.", f"n{n}"])
    return made.getvalue().encode()


def test_a_draft_is_checked_as_by_the_comparator(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(place)
    given = {"text": TEXT, "we": "FRA", "period": {"from": "2020"}}
    expected = [
        claim.to_dict()
        for claim in place.comparator.check_draft(TEXT, we="FRA", **{"from": "2020"})
    ]
    whole = place.done(place.jobs.submit(DRAFT, "key a", given, total=3))
    assert (whole.state, whole.done, whole.result) == ("done", 3, summary(expected))
    assert place.jobs.steps(whole.id) == expected
    for steps in range(3):
        job = place.jobs.submit(DRAFT, "key a", given, total=3)
        place.interrupted(job, steps, monkeypatch)
        assert place.done(job).result == whole.result
        assert place.jobs.steps(job.id) == expected


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_file, "_MOST", 4)
    monkeypatch.setattr(import_file, "_MOST_ENTRIES", 2)


@pytest.mark.usefixtures("in_pieces")
def test_a_table_is_stored_and_every_line_accounted_for(place: Place) -> None:
    job = place.upload(table())
    expected = ImportReport()
    (place.comparator.settings.indexes / "t.csv").write_bytes(table())
    catalogue = place.comparator.catalogue
    statements = list(
        read_table(
            place.comparator.settings.indexes / "t.csv", states=catalogue.states,
            maker=place.comparator.maker, report=expected,
        )
    )  # fmt: skip
    found = place.done(job)
    assert found.state == "done"
    assert found.result is not None
    assert found.result["read"] == len(statements) == found.done
    assert found.result["changes"] == {"added": len(statements), "changed": 0, "unchanged": 0}
    assert found.result["claims"] == sum(len(s.claims) for s in statements)
    assert found.result["outcomes"]["skipped"] == len(expected.entries) == 4
    entries = import_file.report_of(place.jobs.steps(job.id))
    assert [(e["file"], e["line"], e["reason"]) for e in entries] == [
        ("t.csv", e.line, e.reason) for e in expected.entries
    ]
    store = StatementStore(place.comparator.settings.indexes)
    assert {s.id: s for s in store.by_state()} == {s.id: s for s in statements}
    assert not list((place.comparator.settings.indexes / "uploads").glob("*/*"))
    again = place.done(place.upload(table(changed=7)))
    assert again.result is not None
    assert again.result["changes"] == {
        "added": 0, "changed": 1, "unchanged": len(statements) - 1,
    }  # fmt: skip


@pytest.mark.usefixtures("in_pieces")
def test_an_import_that_was_interrupted_counts_nothing_twice(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place.comparator.settings.indexes
    whole = place.done(place.upload(table()))
    for steps in range(1, 7):
        StatementStore(folder).path.unlink()
        job = place.upload(table())
        place.interrupted(job, steps, monkeypatch)
        assert place.done(job).result == whole.result
        store = StatementStore(folder)
        assert len(list(store.by_state())) == whole.done


@pytest.mark.usefixtures("in_pieces")
def test_what_was_counted_and_not_stored_is_stored_after_a_crash(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = place.done(place.upload(table()))
    StatementStore(place.comparator.settings.indexes).path.unlink()
    job = place.upload(table())

    def crash(*_: object) -> None:
        raise GivenUp

    with monkeypatch.context() as patched:
        patched.setattr(StatementStore, "put_all", crash)
        taken = place.jobs.take([IMPORT], place.uploads.place())
        assert taken is not None
        with pytest.raises(GivenUp):
            place.kinds[IMPORT](Run(taken, place.jobs, module.threading.Event(), lambda: False))
        place.jobs.release(taken)
    assert [step["read"] for step in place.jobs.steps(job.id) if "read" in step] == [4]
    assert place.done(job).result == whole.result
    assert len(list(StatementStore(place.comparator.settings.indexes).by_state())) == whole.done


def test_an_import_waits_for_another_writer(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    put, refusals = StatementStore.put_all, 2

    def later(store: StatementStore, statements: Any) -> Any:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise Overloaded("another process writes", 1.0)
        return put(store, statements)

    monkeypatch.setattr(StatementStore, "put_all", later)
    assert place.done(place.upload(table())).state == "done"
    assert refusals == 0


def test_a_document_is_one_states_statement(place: Place) -> None:
    said = "The veto must be abolished. Debt must be cancelled."
    given = {"state": "NOR", "date": "2024-09-27", "speaker": "A. Speaker", "symbol": "A/1"}
    job = place.upload(said.encode(), "statement", "said.txt", **given)
    assert place.done(job).state == "done"
    (found,) = StatementStore(place.comparator.settings.indexes).by_state()
    assert (found.state, str(found.date), found.speaker, found.symbol, found.source) == (
        "NOR", "2024-09-27", "A. Speaker", "A/1", "said.txt",
    )  # fmt: skip
    assert [claim.text for claim in found.claims] == [
        "The veto must be abolished.", "Debt must be cancelled.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "form", "name", "told"),
    [
        (b"state,when\nNorway,2024\n", "table", "t.csv", "table: t.csv has no column date, text"),
        (b"\x00\x01\x02" * 99, "table", "t.csv", "t.csv: save it as UTF-8 text (or as Parquet)"),
        (b"no date at all, and no words", "statement", "s.txt",
         "date: s.txt doesn't say when it was said: give the date"),
        (b"%PDF-1.4 broken", "statement", "s.pdf", "s.pdf: a broken PDF"),
        (b"Nobody says anything here.", "article", "a.txt", "date: the article gives no date"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_by_its_name_alone(
    place: Place, content: bytes, form: str, name: str, told: str
) -> None:
    given = {"state": "NOR"} if form == "statement" else {}
    found = place.done(place.upload(content, form, name, **given))
    assert found.state == "failed"
    assert (found.error or "").startswith(told)
    assert str(place.comparator.settings.indexes) not in str(found)


def test_a_file_is_kept_until_its_job_ends(place: Place) -> None:
    job = place.upload(table())
    file = place.uploads.file(job.id)
    place.uploads.sweep()
    assert file.read_bytes() == table()
    place.jobs.cancel(job.id)
    place.uploads.sweep()
    assert not file.parent.exists()
    with pytest.raises(ConcordError, match="upload it again"):
        place.uploads.file(job.id)
    lost = place.upload(table())
    place.uploads.remove(lost.id)
    assert "upload it again" in (place.done(lost).error or "")


def test_a_file_without_a_job_is_forgotten_in_time(place: Place) -> None:
    job_id = new_id()
    place.uploads.keep(job_id, "t.csv", lambda path: path.write_bytes(b"x"))
    place.uploads.sweep()
    assert place.uploads.file(job_id).read_bytes() == b"x"
    old = time.time() - uploads._FORGOTTEN_S - 1
    os.utime(place.uploads.file(job_id).parent, (old, old))
    place.uploads.sweep()
    with pytest.raises(ConcordError):
        place.uploads.file(job_id)


def test_a_place_is_a_folders_own(place: Place, tmp_path: Path) -> None:
    again = Uploads(place.comparator.settings.indexes, place.jobs)
    other = Uploads(tmp_path / "another", place.jobs)
    assert place.uploads.place() == again.place() != other.place()
    assert len(place.uploads.place() or "") == 32


@pytest.mark.parametrize("name", ["../t.csv", "a/b", "", "/etc/passwd"])
def test_no_file_is_kept_elsewhere(place: Place, name: str) -> None:
    with pytest.raises(ValueError, match="no plain name"):
        place.uploads.keep(new_id(), name, lambda path: path.write_bytes(b"x"))
