"""A study: a question to the Comparator by name, whose answer can be kept in files and had again
from its parameters alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.analysis.tabular import Tabular
from service.comparison import Comparator
from service.errors import InvalidInput
from service.stance.kept import Progress

_NOTHING: tuple[Any, ...] = (None, "", [], (), {})


@dataclass(frozen=True, slots=True)
class Parameter:
    """`default` is a plain JSON value. One that is `needed` has none."""

    name: str
    default: Any = None
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`figures` are standalone SVGs by name. `generation`, `model` and `stance_model` are those of
    the answer; `left_out` are ids of issues that didn't count, as they weren't judged."""

    tables: Tabular
    figures: Mapping[str, str]
    generation: str
    model: str
    stance_model: str | None
    left_out: tuple[str, ...]


def _no_figures(_: Any) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Study:
    """`ask` is a method of Comparator that takes the parameters by name and gives a Tabular result;
    `draw` makes figures of that.

    A method that is slow may have `progress`, and a `folder` in which what is done is kept, so that
    the same call goes on after an interruption.
    """

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    ask: Callable[..., Any]
    draw: Callable[[Any], Mapping[str, str]] = _no_figures

    @property
    def goes_on(self) -> bool:
        """Whether what is done can be kept in a folder."""
        return "folder" in self._takes()

    def asked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter, by name, as plain JSON: what was given, else its default. Raises
        InvalidInput naming one that there isn't, or that is missing."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise InvalidInput(name, f"no such parameter; there are {', '.join(known)}")
        asked = {}
        for name, parameter in known.items():
            value = given.get(name)
            if value in _NOTHING:
                value = parameter.default
            if value is None and parameter.needed:
                raise InvalidInput(name, "is missing")
            asked[name] = list(value) if isinstance(value, tuple) else value
        return asked

    def run(
        self,
        comparator: Comparator,
        given: Mapping[str, Any],
        progress: Progress | None = None,
        folder: Path | None = None,
    ) -> Result:
        """Raises what the Comparator's method raises, and InvalidInput as `asked` does. With a
        `folder` the result can be read only as long as this is there."""
        asked = {name: v for name, v in self.asked(given).items() if v not in _NOTHING}
        how = {"progress": progress, "folder": folder}
        asked |= {name: value for name, value in how.items() if name in self._takes()}
        found = self.ask(comparator, **asked)
        return Result(
            tables=found,
            figures=self.draw(found),
            generation=found.generation,
            model=found.model,
            stance_model=getattr(found, "stance_model", None),
            left_out=tuple(getattr(found, "left_out", ())),
        )

    def _takes(self) -> Collection[str]:
        return inspect.signature(self.ask).parameters.keys()


def parameters(*names: str, **defaults: Any) -> tuple[Parameter, ...]:
    """Those of `names`, without a default (a name that ends in ! is needed), then the others."""
    return (
        *(Parameter(name.rstrip("!"), needed=name.endswith("!")) for name in names),
        *(Parameter(name, default) for name, default in defaults.items()),
    )
