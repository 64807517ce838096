"""Topics of a sentence, by the cues of the taxonomy: no encoder, so that topics don't change with
the model that a user names.

A cue is a phrase of words; `*` stands for any ending, `a|b` for either word, and `x + y` asks for
both in one sentence; `@name` asks for any phrase of a context. Weak cues count only where no other
topic is found: "developing countries" in a sentence about debt doesn't make it one on development.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from service.data_files import read_yaml
from service.domain.states import fold
from service.errors import CatalogueError

_HYPHENS = re.compile(r"(?<=\bco)-(?=op|ord|ex)|(?<=\bnon)-(?=operat)", re.IGNORECASE)
_KEY = 3  # letters by which phrases are looked up; a `*` stands after at least so many
Phrase = tuple[tuple[str, ...], ...]
_Cue = tuple[frozenset[int], tuple[str, ...], str]  # other phrases, contexts, topic


class TopicTagger:
    """Compiled cues of all topics."""

    def __init__(
        self,
        cues: Mapping[str, Iterable[str]],
        weak: Mapping[str, Iterable[str]],
        contexts: Mapping[str, Iterable[str]],
    ) -> None:
        """`cues` and `weak` by topic id, `contexts` by name; ValueError for what is no cue."""
        self._order = {topic: i for i, topic in enumerate(cues)}
        self._numbers: dict[Phrase, int] = {}
        self._contexts = {
            name: frozenset(map(self._number, lines)) for name, lines in contexts.items()
        }
        self._strong = self._compiled(cues)
        self._weak = self._compiled(weak)
        # Phrases by the first letters of their first word.
        self._starts: dict[str, list[tuple[Phrase, int]]] = {}
        for phrase, number in self._numbers.items():
            for key in {word[:_KEY] for word in phrase[0]}:
                self._starts.setdefault(key, []).append((phrase, number))

    @classmethod
    def load(cls, data_dir: Path) -> TopicTagger:
        path = data_dir / "topics.yaml"
        stored = read_yaml(path)
        try:
            cues = {entry["id"]: entry["cues"] for entry in stored["topics"]}
            weak = {entry["id"]: entry.get("weak", ()) for entry in stored["topics"]}
            return cls(cues, weak, stored["contexts"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CatalogueError(f"{path}: {error}") from error

    def tags(self, text: str) -> tuple[str, ...]:
        """Topic ids, in the order of the taxonomy."""
        found = set(self._found(_words(text)))
        topics = self._topics(found, self._strong) or self._topics(found, self._weak)
        return tuple(sorted(topics, key=self._order.__getitem__))

    def _topics(self, found: set[int], compiled: Mapping[int, Sequence[_Cue]]) -> set[str]:
        """Topics of which a cue's phrases are all among the found ones."""
        return {
            topic
            for number in found
            for others, contexts, topic in compiled.get(number, ())
            if others <= found
            and all(not self._contexts[name].isdisjoint(found) for name in contexts)
        }

    def _compiled(self, cues: Mapping[str, Iterable[str]]) -> dict[int, list[_Cue]]:
        """Cues by the number of their first phrase."""
        compiled: dict[int, list[_Cue]] = {}
        for topic, lines in cues.items():
            for line in lines:
                parts = line.split(" + ")
                contexts = tuple(part[1:] for part in parts if part.startswith("@"))
                first, *others = [self._number(part) for part in parts if part[0] != "@"]
                unknown = set(contexts) - self._contexts.keys()
                if unknown:
                    raise ValueError(f"{line!r}: no such context")
                compiled.setdefault(first, []).append((frozenset(others), contexts, topic))
        return compiled

    def _number(self, text: str) -> int:
        return self._numbers.setdefault(_phrase(text), len(self._numbers))

    def _found(self, words: Sequence[str]) -> Iterator[int]:
        for i, word in enumerate(words):
            for phrase, number in self._starts.get(word[:_KEY], ()):
                if len(phrase) <= len(words) - i and all(
                    _fits(words[i + k], options) for k, options in enumerate(phrase)
                ):
                    yield number


def _fits(word: str, options: tuple[str, ...]) -> bool:
    return any(
        word.startswith(option[:-1]) if option[-1] == "*" else word == option for option in options
    )


def _phrase(text: str) -> Phrase:
    words = (tuple(map(_option, options.split("|"))) for options in text.split())
    phrase = tuple(options for options in words if options != ("",))  # "the" folds away
    if not phrase or any(not option.strip("*") for options in phrase for option in options):
        raise ValueError(f"{text!r} is no cue")
    for option in phrase[0]:
        if option.endswith("*") and len(option) <= _KEY:
            raise ValueError(f"{text!r}: a cue's first word needs {_KEY} letters before its *")
    return phrase


def _option(word: str) -> str:
    """A word of a cue as the words of a sentence are folded."""
    folded = fold(word.rstrip("*"))
    if " " in folded:
        raise ValueError(f"{word!r} is two words in a sentence: write it apart")
    return folded + ("*" if word.endswith("*") else "")


def _words(text: str) -> list[str]:
    return fold(_HYPHENS.sub("", text)).split()
