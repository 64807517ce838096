"""What is good enough, by block of an evaluation and figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.evaluation.figures import Figure


@dataclass(frozen=True, slots=True)
class Goal:
    """`figure` must be at least, at most, or less than another figure of the same row."""

    figure: str
    least: float | None = None
    most: float | None = None
    below: str | None = None

    def holds(self, row: Mapping[str, Any]) -> bool:
        """The figure itself is asked, not its interval. False where it isn't known."""
        value = number(row[self.figure])
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < number(row[self.below]))
            and value == value
        )

    def __str__(self) -> str:
        if self.least is not None:
            return f">= {self.least:.2f}"
        return f"<= {self.most:.2f}" if self.most is not None else f"< {self.below}"


_SURE = (Goal("calibration_error", most=0.05), Goal("brier", below="brier_of_base_rates"))
_UNDER_LOAD = (
    Goal("p99_ms", most=150),
    Goal("errors", most=0),
    Goal("never_sent", most=0),
    Goal("memory_change", most=0.05),
    Goal("txtai_per_s", below="highest_per_s"),
    Goal("txtai_exact_per_s", below="highest_per_s"),
)
GOALS: Mapping[str, tuple[Goal, ...]] = {
    "proposition": (
        Goal("macro_f1", least=0.80),
        Goal("opposed_called_aligned", most=0.03),
        Goal("sided_left_unclear", most=0.25),
        *_SURE,
    ),
    "sentences": (
        Goal("macro_f1", least=0.70),
        Goal("opposed_called_aligned", most=0.05),
        Goal("hedged_called_aligned", most=0.10),
        *_SURE,
    ),
    "minimal": (
        Goal("opposites_not_aligned", least=0.90),
        Goal("paraphrases_aligned", least=0.85),
    ),
    "perspectrum": (Goal("macro_f1", least=0.75),),
    "retrieval": (
        Goal("for_among_all", least=0.80),
        Goal("for_among_own", least=0.85),
        Goal("against_among_all", least=0.70),
        Goal("against_among_own", least=0.75),
    ),
    "answers": (
        Goal("are_aligned", least=0.90),
        Goal("opposed_not_hidden", least=0.90),
        Goal("opposed_unclear", most=0.50),
    ),
    "cost": (Goal("added_ms", most=400),),
    "topics": (Goal("micro_f1", least=0.75),),
    "positions": (Goal("f1", least=0.80),),
    "load_bundled": (Goal("highest_per_s", least=150), *_UNDER_LOAD),
    "load_corpus": (Goal("highest_per_s", least=30), *_UNDER_LOAD),
    "load_repeated": (Goal("highest_per_s", least=500), *_UNDER_LOAD),
}


def number(figure: Any) -> float:
    return figure.value if isinstance(figure, Figure) else float(figure)
