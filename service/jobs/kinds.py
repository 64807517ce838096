"""What jobs there are: names, and the functions that do them."""

from __future__ import annotations

from typing import Any

from service.analysis.draft import summary
from service.comparison import Comparator
from service.jobs.import_file import import_file
from service.jobs.judging import judge_issue, judge_issues
from service.jobs.results import Results
from service.jobs.study import run_study
from service.jobs.uploads import Uploads
from service.jobs.worker import Kind, Run

DRAFT, IMPORT = "draft", "import"
JUDGE_ISSUE, JUDGE_ISSUES = "judge_issue", "judge_issues"
STUDY, LONG_STUDY = "study", "long_study"
STUDIES = (STUDY, LONG_STUDY)
# They take hours, for which no other job should have to wait.
SLOW = frozenset({JUDGE_ISSUES, LONG_STUDY})
# Said of the progress; in the catalogues of the interface's strings.
CHECKING = "checking claims"


def kinds(comparator: Comparator, uploads: Uploads, results: Results) -> dict[str, Kind]:
    return {
        DRAFT: _check_draft(comparator),
        IMPORT: import_file(comparator, uploads),
        JUDGE_ISSUE: judge_issue(comparator),
        JUDGE_ISSUES: judge_issues(comparator),
        **dict.fromkeys(STUDIES, run_study(comparator, results)),
    }


def _check_draft(comparator: Comparator) -> Kind:
    """A step is a `CheckedClaim`, the result their `summary`. Parameters: `text`, `we` (a code or
    None), `period`."""

    def work(run: Run) -> dict[str, Any]:
        given, total = run.parameters, run.job.total
        run.progress(len(run.steps), total, CHECKING)
        for claim in comparator.check_draft(
            given["text"], we=given["we"], start=len(run.steps), **given["period"]
        ):
            run.keep(claim.to_dict())
            run.progress(len(run.steps), total, CHECKING)
        return summary(run.steps)

    return work
