"""The one place where claims are made: spans, their cleaned text, kind and topics."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from service.corpus.kinds import KindClassifier
from service.corpus.sentences import sentences
from service.corpus.tagging import TopicTagger
from service.corpus.text import clean
from service.domain.statements import Claim, Mode


class ClaimMaker:
    """Splits a source into claims, or makes claims of spans that a reader has found."""

    def __init__(self, kinds: KindClassifier, tagger: TopicTagger) -> None:
        self._kinds = kinds
        self._tagger = tagger

    @classmethod
    def load(cls, data_dir: Path) -> ClaimMaker:
        return cls(KindClassifier.load(data_dir), TopicTagger.load(data_dir))

    def claims(
        self,
        statement_id: str,
        source: str,
        spans: Iterable[tuple[int, int]] | None = None,
        mode: Mode = Mode.SPOKEN,
    ) -> tuple[Claim, ...]:
        """Claims of `spans`, or of every sentence of `source` where none are given."""
        made = []
        for start, end in sentences(source) if spans is None else spans:
            text = clean(source[start:end])
            made.append(
                Claim(
                    statement_id, start, end, text, self._kinds.kind(text), mode,
                    self._tagger.tags(text),
                )
            )  # fmt: skip
        return tuple(made)
