"""Texts without their actors: who is meant or who speaks must not decide a stance.

Names, adjectives and peoples of states and their capitals become "State A", "State B" and so on,
the same letter for the same state throughout a pair; "my country" and "our Government" become "this
State". What the catalogue doesn't know stays: persons, regions, cities other than capitals, and
adjectives that belong to no one state ("Korean").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from string import ascii_uppercase

from service.domain.states import States
from service.stance.training.pairs import Pair

_NOT_AFTER = (
    "Latin ", "South ", "North ", "Central ", "East ", "New ", "Gulf of ", "Sea of ",
    "Organization of ", "Organisation of ", "Inter-", "Pan-", "Latin-", "Ibero-", "Afro-",
)  # fmt: skip
# A capital that names an agreement or a meeting isn't a government; nor is the seat of the Court,
# and whose Jerusalem is, is itself in question.
_TREATY = (
    r" (?:accord|action|agenda|agreement|climate|conference|consensus|convention|declaration|"
    r"development|document|format|framework|international|meeting|peace|principle|process|"
    r"programme|protocol|round|statute|summit|talks|treaty)"
)
_NOT_MEANT = frozenset({"jerusalem", "hague"})
_OWN = re.compile(
    r"\b(?:my|our)(?: own)? (?:(people)|country|government|nation|state|delegation|homeland|"
    r"republic|kingdom|island)(?!\w)",
    re.IGNORECASE,
)


class Mask:
    """Takes the actors out of texts."""

    def __init__(self, states: States, capitals: Mapping[str, str]) -> None:
        """`capitals` in lower case -> code, as `corpus.speakers.load_capitals` reads them."""
        names = {
            name: state.code for state in states for name in (state.name, *state.aliases)
        }  # fmt: skip
        adjectives = {form: state.code for state in states for form in state.adjectives}
        known = _NOT_MEANT | {name.lower() for name in names}
        kinds = {
            # "the Philippines" are no people.
            "people": {f + "s": code for f, code in adjectives.items() if f + "s" not in names},
            "capital": {name: code for name, code in capitals.items() if name not in known},
            "name": {name: code for name, code in names.items() if len(name) > 1},
            "adjective": adjectives,
        }
        self._codes = {
            kind: {_plain(form): code for form, code in forms.items()}
            for kind, forms in kinds.items()
        }
        people, capital, name, adjective = (
            f"(?P<{kind}>{_any(forms)})" for kind, forms in self._codes.items()
        )
        before = "".join(f"(?<!{word})" for word in _NOT_AFTER)
        self._pattern = re.compile(
            rf"(?<!\w){before}(?:(?:[Tt]he )?{people}(?!\w)"
            rf"|(?=[^a-z])(?i:{capital})(?!\w)(?!(?i:{_TREATY}))"
            rf"|(?:(?:[Tt]he )?{name}|{adjective})(?!\w)(?! Ocean\b| Sea\b))"
        )

    def __call__(self, *texts: str) -> tuple[str, ...]:
        """The texts with the same letter for the same state in all of them."""
        letters: dict[str, str] = {}
        return tuple(self._masked(text, letters) for text in texts)

    def pairs(self, pairs: Sequence[Pair]) -> list[Pair]:
        """As many, in the same order."""
        masked = (self(pair.a, pair.b) for pair in pairs)
        return [replace(pair, a=a, b=b) for pair, (a, b) in zip(pairs, masked, strict=True)]

    def _masked(self, text: str, letters: dict[str, str]) -> str:
        def actor(match: re.Match[str]) -> str:
            kind = str(match.lastgroup)
            form = _plain(match[kind])
            code = self._codes[kind][form.lower() if kind == "capital" else form]
            made = f"State {letters.setdefault(code, _letter(len(letters)))}"
            if kind != "people":
                return made
            opens = match.start() == 0 or match[0].startswith("The ")
            return f"{'The' if opens else 'the'} people of {made}"

        return self._pattern.sub(actor, _OWN.sub(_this_state, text))


def _this_state(match: re.Match[str]) -> str:
    made = "the people of this State" if match[1] else "this State"
    return made[0].upper() + made[1:] if match[0][0].isupper() else made


def _letter(number: int) -> str:
    return ascii_uppercase[number] if number < len(ascii_uppercase) else str(number + 1)


def _plain(form: str) -> str:
    return form.replace("’", "'")


def _any(forms: Iterable[str]) -> str:
    """The longest first; either apostrophe."""
    longest_first = sorted(forms, key=len, reverse=True)
    return "|".join(re.escape(form).replace("'", "['’]") for form in longest_first)
