"""Articles as the reader reads them, and one of an agency; every word of it is invented."""

from pathlib import Path

from service.catalogue import load_blocs, load_states
from service.corpus.article import read_article
from service.corpus.report import ImportReport
from service.corpus.text import clean
from service.domain.statements import Mode, Statement
from tests.conftest import PROJECT
from tests.corpus.plain import MAKER

STATES = load_states(PROJECT / "data")
BLOCS = load_blocs(PROJECT / "data")


def read(path: Path, **given: str) -> tuple[dict[str, Statement], ImportReport]:
    """Statements by state and speaker."""
    report = ImportReport()
    statements = read_article(
        path, states=STATES, blocs=BLOCS, maker=MAKER, report=report, **given,  # type: ignore[arg-type]
    )  # fmt: skip
    for statement in statements:
        spans = [(claim.start, claim.end) for claim in statement.claims]
        assert spans == sorted(set(spans))
        for claim in statement.claims:
            assert claim.statement_id == statement.id
            assert clean(statement.text[claim.start : claim.end]) == claim.text
    assert len({statement.id for statement in statements}) == len(statements)
    assert report.read == len(statements)
    return {f"{s.state} {s.speaker or s.office or ''}".strip(): s for s in statements}, report


def read_text(tmp_path: Path, text: str, **given: str) -> dict[str, Statement]:
    path = tmp_path / "story.txt"
    path.write_text(text, encoding="utf-8")
    return read(path, **given)[0]


def words(statement: Statement, mode: Mode | None = None) -> list[str]:
    return [claim.text for claim in statement.claims if mode in (None, claim.mode)]


WIRE = """Envoys trade barbs over river dam

By Maria Sandoval and Tom Achebe

UNITED NATIONS, March 4 (Reuters) - Egypt's ambassador to the United Nations, Hala Mansour, told \
the Security Council on Monday that no upstream state may fill a reservoir without the consent of \
its neighbours.

"A river is not private property," she said. "We will defend every drop that our farmers depend on."

The 15-member council met at the request of three African states. The dam, begun in 2011, has cost \
more than $4 billion.

Kenya's envoy, Joseph Otieno, urged both sides to return to the table without preconditions.

"Nobody gains from a quarrel that drags on," Otieno told reporters after the session, adding that \
Nairobi stood ready to host the talks.

U.N. Secretary-General Bertil Aamodt said the parties should show flexibility. He added that the \
world body would send experts.

"Water must unite us," he said.

The French ambassador rejected the idea of sanctions. Pressure of that kind, he said, would only \
harden positions.

Analysts say a deal remains distant.

Published: March 4, 2024

(Reporting by Maria Sandoval; Editing by Jo Lund)
"""
