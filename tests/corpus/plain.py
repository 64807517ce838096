"""Claims of a text where their kinds and topics are of no matter: these are tested elsewhere."""

from __future__ import annotations

from service.corpus.claims import ClaimMaker
from service.domain.statements import Kind


class Plain:
    def kind(self, text: str) -> Kind:
        return Kind.POSITION

    def tags(self, text: str) -> tuple[str, ...]:
        return ()


MAKER = ClaimMaker(Plain(), Plain())  # type: ignore[arg-type]
