"""Studies as jobs: interrupted at any block they make the same bytes, of one generation."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from service.accounts.accounts import Accounts
from service.accounts.tables import JobRow
from service.analysis import pair_matrix
from service.analysis.kept_blocks import KeptBlocks
from service.comparison import Comparator
from service.errors import IndexUnusable, NotFound
from service.jobs import worker as module
from service.jobs.kinds import LONG_STUDY, STUDIES, kinds
from service.jobs.results import PACKAGE, Results
from service.jobs.store import Job, Jobs, State, new_id
from service.jobs.study import STUDYING, takes_long
from service.jobs.uploads import Uploads
from service.jobs.worker import GivenUp, Run, Worker
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.studies.catalogue import STUDIES as KNOWN
from service.studies.catalogue import find_study
from service.studies.formats import Format
from service.studies.package import write_package
from tests.conftest import Quiet, statement
from tests.jobs.test_worker import ended

SAID = [
    statement("FRA", "2020", "yes to peace", "yes to trade", "no to war", "ships must pass"),
    statement("CHN", "2021", "sanctions must end", "trade must flow", "peace comes first"),
    statement("NOR", "2021", "no peace without justice", "the veto must go", "mines must go"),
    statement("PER", "2022", "debt must be forgiven", "the climate warms", "peace for all"),
]
PARAMETERS = {"least": 2, "unit": "statement"}
GIVEN = {"study": "matrix", "parameters": PARAMETERS, "formats": ["csv", "parquet"]}
BLOCKS = 10  # of four statements, each by itself


class Place:
    """A deployment on SQLite, without a running service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.comparator = Comparator(Settings(indexes=folder, stance_model=None, database_url=None))
        self.accounts = Accounts(self.comparator.settings)
        self.jobs = Jobs(self.accounts.database)
        self.results = Results(folder, self.jobs)
        self.kinds = kinds(self.comparator, Uploads(folder, self.jobs), self.results)

    def build(self, *more: Any) -> str:
        list(StatementStore(self.folder).put([*SAID, *more]))
        Builder(self.folder, self.comparator.encoder, self.comparator.catalogue.topics.ids).build(
            Quiet()
        )
        return self.comparator.generation.manifest.id

    def submit(self) -> Job:
        return self.jobs.submit(LONG_STUDY, "key a", GIVEN)

    def done(self, job: Job) -> Job:
        worker = Worker(self.jobs, self.kinds, tidy=self.results.sweep)
        worker.wake()
        try:
            return ended(self.jobs, job)
        finally:
            worker.close()

    def interrupted(self, job: Job, blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """As if the process had been killed once so many blocks were kept."""
        keep, kept = KeptBlocks.keep, 0

        def keeping(self: KeptBlocks, number: int, arrays: Any) -> None:
            nonlocal kept
            if kept == blocks:
                raise GivenUp
            keep(self, number, arrays)
            kept += 1

        with monkeypatch.context() as patched:
            patched.setattr(KeptBlocks, "keep", keeping)
            taken = self.jobs.take(list(STUDIES))
            assert taken is not None and taken.job.id == job.id
            with pytest.raises(GivenUp):
                self.kinds[job.kind](Run(taken, self.jobs, module.threading.Event(), lambda: False))
            self.jobs.release(taken)

    def files(self, job: Job) -> dict[str, bytes]:
        return {
            path.name: path.read_bytes()
            for path in (self.folder / "jobs" / job.id / PACKAGE).iterdir()
        }

    def beside(self, job: Job) -> set[str]:
        return {path.name for path in (self.folder / "jobs" / job.id).iterdir()}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(module, "POLL_S", 0.02)
    monkeypatch.setattr(pair_matrix, "BLOCK", 1)
    found = Place(tmp_path / "indexes")
    found.build()
    yield found
    found.accounts.close()


def test_what_was_interrupted_makes_the_same_bytes(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    formats = [Format.CSV, Format.PARQUET]
    write_package(find_study("matrix"), PARAMETERS, tmp_path / "out", place.comparator, formats)
    expected = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    whole = place.done(place.submit())
    assert place.files(whole) == expected
    assert place.beside(whole) == {PACKAGE}
    assert whole.result is not None
    assert [one["name"] for one in whole.result["files"]][-1] == "datapackage.json"
    assert sum(one["bytes"] for one in whole.result["files"]) == sum(map(len, expected.values()))
    for blocks in (0, 1, 4, BLOCKS - 1):
        job = place.submit()
        place.interrupted(job, blocks, monkeypatch)
        work = place.folder / "jobs" / job.id / f".{PACKAGE}.unfinished"
        before = {path.name: path.stat().st_mtime_ns for path in work.glob("*.npz")}
        assert len(before) == blocks
        found = place.done(job)
        assert (found.result, place.files(job)) == (whole.result, expected)


def test_blocks_that_were_kept_are_not_made_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = place.submit()
    place.interrupted(job, 7, monkeypatch)
    made: list[int] = []
    keep = KeptBlocks.keep

    def counting(self: KeptBlocks, number: int, arrays: Any) -> None:
        made.append(number)
        keep(self, number, arrays)

    monkeypatch.setattr(KeptBlocks, "keep", counting)
    found = place.done(job)
    assert made == [7, 8, 9]
    assert (found.done, found.phrase) == (found.total, "")


def test_it_is_about_the_generation_that_it_was_begun_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = place.comparator.generation.manifest.id
    whole = place.done(place.submit())
    job = place.submit()
    place.interrupted(job, 3, monkeypatch)
    second = place.build(statement("BRA", "2023", "forests must stand", "peace", "trade"))
    found = place.done(job)
    assert found.result is not None
    assert found.result["generation"] == first != second
    assert place.files(job) == place.files(whole)
    fresh = place.done(place.submit())
    assert fresh.result is not None
    assert fresh.result["generation"] == second


def test_another_generation_during_the_run_changes_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = place.done(place.submit())
    keep = KeptBlocks.keep

    def building(self: KeptBlocks, number: int, arrays: Any) -> None:
        if number == 2:
            place.build(statement("BRA", "2023", "forests must stand", "peace", "trade"))
        keep(self, number, arrays)

    monkeypatch.setattr(KeptBlocks, "keep", building)
    job = place.done(place.submit())
    assert place.comparator.generation.manifest.claims > 13
    assert (job.result, place.files(job)) == (whole.result, place.files(whole))


def test_where_its_generation_is_gone_it_begins_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = place.submit()
    place.interrupted(job, 3, monkeypatch)
    first = place.comparator.generation.manifest.id
    second = place.build(statement("BRA", "2023", "forests must stand", "peace", "trade"))
    shutil.rmtree(place.folder / "generations" / first)
    found = place.done(job)
    assert found.result is not None
    assert found.result["generation"] == second
    assert place.files(found) == place.files(place.done(place.submit()))


def test_what_another_version_kept_is_not_gone_on_with(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = place.done(place.submit())
    job = place.submit()
    place.interrupted(job, 3, monkeypatch)
    (place.folder / "jobs" / job.id / f".{PACKAGE}.unfinished" / "run.json").write_text("{}")
    found = place.done(job)
    assert (found.state, found.result) == ("done", whole.result)


def test_what_a_killed_process_left_half_written_is_removed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = place.submit()
    place.interrupted(job, 3, monkeypatch)
    left = place.folder / "jobs" / job.id / f".{PACKAGE}.x1y2" / "new"
    left.mkdir(parents=True)
    (left / "pairs.csv").write_text("a,b")
    found = place.done(job)
    assert place.beside(found) == {PACKAGE}
    # Killed after the package was whole, and before the job had ended.
    again = place.submit()
    shutil.copytree(place.folder / "jobs" / job.id, place.folder / "jobs" / again.id)
    assert place.files(place.done(again)) == place.files(job)


def test_progress_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int | None, str]] = []
    progress = Run.progress

    def telling(self: Run, done: int, total: int | None, phrase: str) -> None:
        told.append((done, total, phrase))
        progress(self, done, total, phrase)

    monkeypatch.setattr(Run, "progress", telling)
    place.done(place.submit())
    assert told[0] == (0, None, STUDYING)
    assert told[-1][0] == told[-1][1]
    assert [done for done, *_ in told] == sorted(done for done, *_ in told)


def test_a_question_that_cannot_be_answered_fails_with_its_reason(place: Place) -> None:
    parameters = {"a": "MLI:1950", "b": "FRA:2020"}
    given = {"study": "compare", "parameters": parameters, "formats": ["csv"]}
    found = place.done(place.jobs.submit("study", "key a", given))
    assert (found.state, found.result) == ("failed", None)
    assert "MLI" in (found.error or "")
    assert not (place.folder / "jobs" / found.id).exists()


def test_a_folder_that_cannot_be_written_is_told_to_the_operator_alone(place: Place) -> None:
    (place.folder / "jobs").write_text("no folder")
    found = place.done(place.submit())
    assert found.error == "the index can't be used at present: try again later"
    assert place.results.bytes() == 0
    with pytest.raises(IndexUnusable, match="can't be written"):
        place.results.begin(found.id)


def test_files_go_with_their_jobs(place: Place) -> None:
    by_state = {}
    for state in State:
        job = place.submit()
        place.results.begin(job.id).mkdir()
        by_state[state] = job.id
        with place.accounts.database.write() as session:
            session.execute(update(JobRow).where(JobRow.id == job.id).values(state=state))
    unknown = new_id()
    place.results.begin(unknown).mkdir()
    (place.folder / "jobs" / "notes").mkdir()
    place.results.sweep()
    left = {path.name for path in (place.folder / "jobs").iterdir()}
    kept = {by_state[one] for one in (State.QUEUED, State.RUNNING, State.DONE)}
    assert left == kept | {"notes"}
    place.jobs.remove(by_state[State.DONE])
    place.results.sweep()
    assert not (place.folder / "jobs" / by_state[State.DONE]).exists()
    with pytest.raises(NotFound, match="submit it again"):
        place.results.file(by_state[State.DONE], "pairs.csv")


def test_only_what_may_take_hours_is_long() -> None:
    assert [name for name, study in KNOWN.items() if takes_long(study, {})] == ["matrix"]
    assert takes_long(find_study("profile"), {"judge_all": True})
    assert not takes_long(find_study("profile"), {"judge_all": False})
