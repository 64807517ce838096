"""A made-up debate on schools, in which it is known what every claim is for and where every state
stands: between 0, against all three propositions, and 1, for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from service.comparison import Comparator
from service.domain.statements import Statement
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from tests.conftest import Quiet, statement

TOPIC = "education"  # none of the bundled issues is about it
STATES = ("BEL", "CHE", "DNK", "EGY", "FIN", "GHA", "HTI", "IRN", "JOR", "KAZ", "LUX", "MLI", "NZL",
          "OMN", "PER", "QAT")  # fmt: skip
LEANS = dict(zip(STATES, np.linspace(0.05, 0.95, len(STATES)), strict=True))
# With too few claims to be placed.
BRIEF = "TUV"
YEARS = (2015, 2016, 2017, 2018, 2019)
ISSUES = {
    "tongue": (
        "Schools must teach children in their mother tongue.",
        "Schools must teach all children in one national language.",
    ),
    "fees": (
        "Universities must be free of charge for every student.",
        "Students must pay fees for their years at university.",
    ),
    "meals": (
        "Pupils must be given a warm meal at school each day.",
        "Meals are a matter for families and not for schools.",
    ),
}
_FOR = "village grandmother song harvest river weaver cradle market orchard lantern".split()
_AGAINST = "ministry ledger railway standard parade examiner census invoice tariff depot".split()
_ALL = "children teachers lessons books future classroom learning country".split()


class Debate:
    """`sides` has for each claim's id its issue and whether it is for the proposition."""

    def __init__(self, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self.sides: dict[str, tuple[str, bool]] = {}
        self.statements = list(self._made())

    def on(self, issue: str, state: str) -> list[float]:
        """1 for each of its claims that is for the proposition, -1 for each that is against."""
        return [
            1.0 if holds else -1.0
            for claim, (on, holds) in self.sides.items()
            if on == issue and claim.startswith(state)
        ]

    def _made(self) -> Iterator[Statement]:
        for number, (state, lean) in enumerate(LEANS.items()):
            for year in YEARS:
                issues = ["tongue", "tongue", "fees", "fees"]
                issues += ["meals"] if number % 3 else []  # a third never speak of meals
                yield self._statement(state, year, issues, lean)
        yield self._statement(BRIEF, 2016, ["tongue", "fees"], 0.5)

    def _statement(self, state: str, year: int, issues: list[str], lean: float) -> Statement:
        holds = [bool(self._random.random() < lean) for _ in issues]
        said = [self._sentence(i, h, lean) for i, h in zip(issues, holds, strict=True)]
        made = statement(state, str(year), *said, topics=[(TOPIC,)] * len(said))
        for claim, issue, side in zip(made.claims, issues, holds, strict=True):
            self.sides[claim.id] = issue, side
        return made

    def _sentence(self, issue: str, holds: bool, lean: float) -> str:
        core = ISSUES[issue][0 if holds else 1].rstrip(".")
        words = [
            str(self._random.choice(_FOR if self._random.random() < lean else _AGAINST))
            for _ in range(4)
        ]
        words += [str(word) for word in self._random.choice(_ALL, 3)]
        return f"{core}: think of {', '.join(words)}."


def comparator(folder: Path, debate: Debate, stance_model: Path | None) -> Comparator:
    """On the debate alone, with the real encoder. Each claim's side is given with the issue."""
    own = folder / "issues"
    own.mkdir(parents=True)
    for issue, (proposition, contrary) in ISSUES.items():
        examples = [
            {"claim": claim, "side": "for" if holds else "against"}
            for claim, (on, holds) in debate.sides.items()
            if on == issue
        ]
        entry = {"proposition": proposition, "contrary": contrary, "topics": [TOPIC]}
        (own / f"{issue}.yaml").write_text(yaml.safe_dump(entry | {"examples": examples}))
    found = Comparator(Settings(indexes=folder, issues=own, stance_model=stance_model))
    list(StatementStore(folder).put(debate.statements))
    Builder(folder, found.encoder, found.catalogue.topics.ids).build(Quiet())
    return found


def all_near(patch: pytest.MonkeyPatch) -> None:
    """Make every claim count on its issue: on schools alone, one pair in three is of the same issue
    and not one in a thousand, and more than one position in twenty is about each."""
    patch.setattr("service.analysis.on_issue.SAME_SUBJECT_PERCENTILE", 65.0)
    patch.setattr("service.analysis.candidates.AT_LEAST", 10_000)
