"""The jobs that judge where states stand: on one issue, and on all of them."""

from __future__ import annotations

from typing import Any

from service.comparison import Comparator
from service.jobs.worker import Kind, Run

# Said of the progress; in the catalogues of the interface's strings.
JUDGING, JUDGING_ALL = "judging pairs of sentences", "judging issues"


def judge_issue(comparator: Comparator) -> Kind:
    """Parameters: `issue`, an id, and `filters`, those of `Comparator.standings`. There are no
    steps: verdicts are kept one by one, and after an interruption only the others are made."""

    def work(run: Run) -> dict[str, Any]:
        issue, filters = run.parameters["issue"], run.parameters["filters"]
        found = comparator.standings(
            issue, progress=lambda done, total: run.progress(done, total, JUDGING), **filters
        )
        return {"issue": issue, "generation": found.generation, "counts": found.counts()}

    return work


def judge_issues(comparator: Comparator) -> Kind:
    """All that weren't judged since the corpus or their corrections changed. A step is an issue
    that was judged, with its `counts` of states by side."""

    def work(run: Run) -> dict[str, Any]:
        issues = [issue.id for issue in comparator.issues]
        done = {step["issue"] for step in run.steps}
        done |= {issue for issue, tally in comparator.tallies().items() if tally.current}
        for number, issue in enumerate(issues):
            run.progress(number, len(issues), JUDGING_ALL)
            if issue not in done:
                run.keep({"issue": issue, "counts": comparator.standings(issue).counts()})
        run.progress(len(issues), len(issues), JUDGING_ALL)
        return {"judged": len(run.steps)}

    return work
