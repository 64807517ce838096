"""A small corpus on one issue that the tests' tiny stance model can judge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from service.comparison import Comparator
from service.domain.statements import Statement
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from tests.conftest import Quiet, ToyEncoder, statement

# The tiny model knows no contraries: this one disturbs it least.
PROPOSITION, CONTRARY = "we want peace now", "May"
# What the tiny model finds in them.
FOR, AGAINST, RESERVATIONS = "yes to peace", "no to peace", "later some peace perhaps"
TOPIC = "disarmament"
FILLING = ("GHA", "ISL")
_ISSUE = f"""
proposition: {PROPOSITION}
contrary: {CONTRARY}
topics: [{TOPIC}]
examples:
- {{side: for, text: {FOR}}}
- {{side: against, text: {AGAINST}}}
- {{side: against, claim: 'CUB_0_2002-09-24:0-11'}}
"""
STATEMENTS = (
    statement("FRA", "2001-09-20", FOR, topics=[(TOPIC,)]),
    statement("CUB", "2002-09-24", AGAINST, topics=[(TOPIC,)]),
    statement("NOR", "2003", "peace was debated in May", topics=[(TOPIC,)]),
    statement("IND", "2004", FOR, topics=[(TOPIC,)]),
    statement("IND", "2009", RESERVATIONS, topics=[(TOPIC,)]),
    # So that the level from which a claim is near means something.
    *(statement(state, "2003", *(f"{state} {n} {n}" for n in range(30))) for state in FILLING),
)


class WideEncoder(ToyEncoder):
    """So many dimensions that words without relation are far from each other."""

    fingerprint = "1" * 64
    dimension = 256


def peaceful(
    folder: Path, stance_model: Path, statements: Sequence[Statement] = STATEMENTS
) -> Comparator:
    """FRA is for, CUB against (an annotated example), IND went from for to reservations, the
    others are silent. The issue's id is `peace`."""
    settings = Settings(
        indexes=folder / "ix", models=folder / "models", issues=folder / "issues",
        stance_model=stance_model, database_url=None,
    )  # fmt: skip
    settings.issues.mkdir()
    (settings.issues / "peace.yaml").write_text(_ISSUE)
    comparator = opened(settings)
    add(comparator, statements)
    return comparator


def opened(settings: Settings) -> Comparator:
    comparator = Comparator(settings)
    comparator.encoder = WideEncoder()
    return comparator


def add(comparator: Comparator, statements: Sequence[Statement]) -> None:
    """And build."""
    list(StatementStore(comparator.settings.indexes).put(statements))
    topics = comparator.catalogue.topics.ids
    Builder(comparator.settings.indexes, comparator.encoder, topics).build(Quiet())
