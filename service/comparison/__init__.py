"""Comparator: the one door through which the web, the command line and Python ask."""

from __future__ import annotations

from service.comparison.asking import Asking
from service.comparison.bulk import Bulk
from service.comparison.positions import Positions
from service.comparison.statements import Statements
from service.comparison.verdicts import Verdicts
from service.comparison.votes import Votes
from service.comparison.years import Years

__all__ = ["Comparator"]


class Comparator(Asking, Statements, Positions, Years, Bulk, Votes, Verdicts):
    """Answers questions about the current generation; safe to share between threads. Every result
    of figures has `to_dict()`, as the API has it, and `to_frame()`, for pandas.

    >>> answer = Comparator().search("Sanctions of the Security Council must be enforced.",
    ...                              exclude=["CHN"])
    >>> answer.to_frame()
    """
