"""Which roll calls vote on which issue, and on which side of it a yes stands."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.data_files import read_yaml
from service.domain.issues import Issues
from service.domain.standing import Side
from service.errors import CatalogueError
from service.votes.roll_calls import FIRST_SESSION, LAST_SESSION, Kind, RollCall

_FIELDS = {"issue", "aye", "titles", "symbols", "reason"}


@dataclass(frozen=True, slots=True)
class Rule:
    """Roll calls with one of the `titles` or `symbols` vote on `issue`; who votes yes is on the
    side `aye` of its proposition (for, against)."""

    issue: str
    aye: Side
    titles: tuple[re.Pattern[str], ...]
    symbols: frozenset[str]
    reason: str

    @property
    def sign(self) -> int:
        """1 where a yes is for the proposition, -1 where it is against."""
        return 1 if self.aye is Side.FOR else -1

    def matches(self, roll_call: RollCall) -> bool:
        if roll_call.symbol in self.symbols:
            return True
        title = plain(roll_call.title)
        return any(pattern.search(title) for pattern in self.titles)


@dataclass(frozen=True, slots=True)
class VoteMapping:
    """`first` and `last` are the sessions for which the rules were written."""

    first: int
    last: int
    rules: tuple[Rule, ...]

    @property
    def issues(self) -> tuple[str, ...]:
        """In the order of the rules."""
        return tuple(dict.fromkeys(rule.issue for rule in self.rules))

    def signs(self, roll_call: RollCall) -> dict[str, int]:
        """The issues on which it votes; 1 where a yes is for the proposition, -1 where against.
        Paragraphs, amendments and procedure decide something else than the whole: they have none.

        Raises CatalogueError where the rules contradict each other.
        """
        found: dict[str, int] = {}
        if (
            roll_call.kind is not Kind.RESOLUTION
            or not self.first <= roll_call.session <= self.last
        ):
            return found
        for rule in self.rules:
            if rule.matches(roll_call) and found.setdefault(rule.issue, rule.sign) != rule.sign:
                raise CatalogueError(
                    f"a yes on {roll_call.symbol or roll_call.id} is both for and against "
                    f"{rule.issue}"
                )
        return found

    def by_issue(self, roll_calls: Iterable[RollCall]) -> dict[str, list[tuple[RollCall, int]]]:
        """Each issue's roll calls with their signs; issues without one are left out."""
        found: Mapping[str, list[tuple[RollCall, int]]] = defaultdict(list)
        for roll_call in roll_calls:
            for issue, sign in self.signs(roll_call).items():
                found[issue].append((roll_call, sign))
        return {issue: found[issue] for issue in self.issues if issue in found}


def load_mapping(data_dir: Path, issues: Issues) -> VoteMapping:
    """From `votes.yaml`. Raises CatalogueError where it is inconsistent, or names an issue that
    `issues` hasn't."""
    path = data_dir / "votes.yaml"
    given = read_yaml(path)
    try:
        sessions = given["sessions"]
        first, last, entries = int(sessions["from"]), int(sessions["to"]), given["issues"]
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogueError(
            f"{path} must have `sessions` (from, to) and `issues`: {error}"
        ) from error
    if not FIRST_SESSION <= first <= last <= LAST_SESSION:
        raise CatalogueError(f"{path}: no sessions: {first} to {last}")
    known = {issue.id for issue in issues}
    rules = []
    for number, entry in enumerate(entries, start=1):
        rule = _rule(f"{path}, entry {number}", entry)
        if rule.issue not in known:
            raise CatalogueError(f"{path}, entry {number}: no issue {rule.issue!r}")
        rules.append(rule)
    return VoteMapping(first, last, tuple(rules))


def plain(title: str) -> str:
    """In lower case, letters and digits only, with single spaces: spellings differ by year."""
    return " ".join(re.findall(r"[^\W_]+", title.lower()))


def _rule(where: str, entry: Any) -> Rule:
    if not isinstance(entry, dict) or set(entry) - _FIELDS:
        raise CatalogueError(f"{where}: an entry has {', '.join(sorted(_FIELDS))} and nothing else")
    try:
        rule = Rule(
            entry["issue"],
            Side(entry["aye"]),
            tuple(re.compile(pattern) for pattern in entry.get("titles", ())),
            frozenset(entry.get("symbols", ())),
            entry["reason"],
        )
    except (KeyError, TypeError, ValueError, re.error) as error:
        raise CatalogueError(f"{where}: {error!r}") from error
    if rule.aye not in (Side.FOR, Side.AGAINST) or not (rule.titles or rule.symbols):
        raise CatalogueError(f"{where}: it needs `aye` (for, against), and `titles` or `symbols`")
    if not str(rule.reason).strip():
        raise CatalogueError(f"{where}: a reason is missing")
    return rule
