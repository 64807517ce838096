"""Issues judged as jobs: interrupted anywhere, nothing is judged twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service.accounts.accounts import Accounts
from service.cli import main
from service.comparison import Comparator
from service.domain.issues import Issues
from service.domain.stance import Verdict
from service.jobs import worker as module
from service.jobs.judging import JUDGING, JUDGING_ALL
from service.jobs.kinds import JUDGE_ISSUE, JUDGE_ISSUES, SLOW, kinds
from service.jobs.results import Results
from service.jobs.store import Job, Jobs
from service.jobs.uploads import Uploads
from service.jobs.worker import GivenUp, Kind, Run, Worker
from service.stance import kept
from service.stance.kept import TooManyToJudge
from service.web.app import create_app
from tests.conftest import statement
from tests.jobs.test_worker import ended
from tests.peace import RESERVATIONS, STATEMENTS, add, opened, peaceful

Pair = tuple[str, str]
ISSUES = ("peace", "D01", "D02")
PEACE = {"issue": "peace", "filters": {}}


@pytest.fixture
def small(tmp_path: Path, stance_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Comparator:
    """With three issues, of which two have next to nothing to be judged."""
    monkeypatch.setattr(module, "POLL_S", 0.02)
    monkeypatch.setattr(kept, "_AT_A_TIME", 2)
    others = [statement("CHL", f"{year}", f"{RESERVATIONS} {year}") for year in range(2010, 2016)]
    found = peaceful(tmp_path, stance_folder, [*STATEMENTS, *others])
    found.issues = Issues(found.issues[name] for name in ISSUES)
    return found


@pytest.fixture
def jobs(small: Comparator) -> Iterator[Jobs]:
    accounts = Accounts(small.settings)
    yield Jobs(accounts.database)
    accounts.close()


def asked_of(comparator: Comparator) -> list[Pair]:
    """What its model is asked from now on."""
    asked: list[Pair] = []
    judge = comparator.stance_model.judge

    def told(pairs: Sequence[Pair]) -> list[Verdict]:
        asked.extend(pairs)
        return judge(pairs)

    comparator.stance_model.judge = told  # type: ignore[method-assign]
    return asked


def known(jobs: Jobs, comparator: Comparator) -> dict[str, Kind]:
    folder = comparator.settings.indexes
    return kinds(comparator, Uploads(folder, jobs), Results(folder, jobs))


def done(jobs: Jobs, comparator: Comparator, job: Job) -> Job:
    worker = Worker(jobs, known(jobs, comparator))
    worker.wake()
    try:
        return ended(jobs, job)
    finally:
        worker.close()


def interrupted(
    jobs: Jobs, comparator: Comparator, stop: Callable[[int, str], bool]
) -> list[tuple[int, int | None, str]]:
    """As if the process had been killed when it told progress at which `stop`; what it had told."""
    told: list[tuple[int, int | None, str]] = []
    work = known(jobs, comparator)
    taken = jobs.take(list(work))
    assert taken is not None

    class Stopping(Run):
        def progress(self, done: int, total: int | None, phrase: str) -> None:
            told.append((done, total, phrase))
            if stop(done, phrase):
                self.tell()
                raise GivenUp

    run = Stopping(taken, jobs, threading.Event(), lambda: False)
    with pytest.raises(GivenUp):
        work[taken.job.kind](run)
    jobs.release(taken)
    return told


def test_an_issue_is_judged_with_progress_and_goes_on_where_it_was(
    jobs: Jobs, small: Comparator
) -> None:
    with pytest.raises(TooManyToJudge) as refused:
        small.standings("peace", most=0)
    pairs = refused.value.pairs
    assert pairs >= 12
    first = asked_of(small)
    job = jobs.submit(JUDGE_ISSUE, "key a", PEACE)
    told = interrupted(jobs, small, lambda done, phrase: done >= 6)
    assert told == [(number, pairs, JUDGING) for number in (0, 2, 4, 6)]
    again = opened(small.settings)
    second = asked_of(again)
    found = done(jobs, again, job)
    assert found.state == "done"
    assert len(first) == 6
    assert not {*first} & {*second}
    assert len(first) + len(second) == pairs
    standings = small.standings("peace", most=0)
    assert found.result == {
        "issue": "peace", "generation": standings.generation, "counts": standings.counts(),
    }  # fmt: skip
    assert small.tallies()["peace"].counts() == standings.counts()


@pytest.mark.slow
def test_all_issues_are_judged_but_for_those_that_are(jobs: Jobs, small: Comparator) -> None:
    small.standings("D01")
    job = jobs.submit(JUDGE_ISSUES, "key a", {}, total=len(ISSUES))
    told = interrupted(jobs, small, lambda done, phrase: done == 2)
    assert told == [(number, len(ISSUES), JUDGING_ALL) for number in range(3)]
    assert [step["issue"] for step in jobs.steps(job.id)] == ["peace"]
    found = done(jobs, small, job)
    assert found.result == {"judged": 2}
    assert jobs.steps(job.id) == [
        {"issue": name, "counts": small.standings(name).counts()} for name in ("peace", "D02")
    ]
    assert {name for name, tally in small.tallies().items() if tally.current} == {*ISSUES}
    add(small, [statement("BRA", "2020", "yes to peace")])
    again = done(jobs, small, jobs.submit(JUDGE_ISSUES, "key a", {}))
    assert again.result == {"judged": 3}


def test_an_issue_that_is_no_more_fails_with_a_sentence(jobs: Jobs, small: Comparator) -> None:
    found = done(jobs, small, jobs.submit(JUDGE_ISSUE, "key a", {"issue": "war", "filters": {}}))
    assert (found.state, found.error) == ("failed", "no such issue: war")


def test_what_takes_hours_keeps_nobody_waiting(small: Comparator) -> None:
    app = create_app(comparator=small, bound_host="127.0.0.1")
    work = app.extensions["work"]
    free = threading.Event()
    slow, quick = work.slow._kinds, work.worker._kinds
    assert slow.keys() == SLOW
    assert not slow.keys() & quick.keys()

    def endless(run: Run) -> dict[str, Any]:
        assert free.wait(30)
        return {}

    slow[JUDGE_ISSUES] = endless
    held = work.jobs.submit(JUDGE_ISSUES, "key a", {})
    work.slow.wake()
    work.worker.wake()
    try:
        assert ended(work.jobs, work.jobs.submit(JUDGE_ISSUE, "key a", PEACE)).state == "done"
        assert not work.jobs.get(held.id).state.ended
    finally:
        free.set()
        work.slow.close()
        work.worker.close()
        app.extensions["accounts"].close()


def test_the_command_judges_what_isnt(small: Comparator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.cli.standing.open_comparator", lambda: small)
    small.standings("D01")
    first = CliRunner().invoke(main, ["judge-issues"])
    assert "2 issues judged, 1 were judged already." in first.output
    asked = asked_of(small)
    again = CliRunner().invoke(main, ["judge-issues"])
    assert "0 issues judged, 3 were judged already." in again.output
    assert asked == []
