"""For whom a statement is made, and whose statement it joins."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.corpus.sentences import sentences
from service.corpus.text import clean
from service.domain.blocs import Blocs
from service.domain.states import States

# A speaker says for whom at the beginning; later, "on behalf of" tells of somebody else.
_OPENING = 4_000
_SPEAKS_FOR = re.compile(
    r"\b(?:speak|speaking|statement|address|intervention|honou?r|deliver|delivering|take the floor|"
    r"taking the floor)\b[^.;]{0,120}?\b(?:on behalf of|in the name of)\b(?P<whom>[^.;:]{3,200})",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\b(?:congratulat|thank|welcom|condolenc|greet|tribute|sympath)", re.IGNORECASE
)
_JOINS = re.compile(
    r"\b(?:I|we|my delegation|my country|our delegation|[A-Z][\w’' -]{2,40})\s+"
    r"(?:(?:fully|also|therefore|wish(?:es)? to|would like to|likewise)\s+){0,3}"
    r"(?:align|associate|subscribe|endorse)s?(?:\s+(?:itself|myself|ourselves|its delegation))?"
    r"(?:\s+fully)?\s+(?:with|to|itself)?\s*(?P<rest>[^.;]{0,60}\bstatements?\b[^.;]{0,220})",
)
_MADE_BY = re.compile(
    r"\b(?:made|delivered|given|presented|read out)?\s*(?:\w+\s){0,3}?by\b(?P<whom>[^.;]{3,200})|"
    r"\bon behalf of\b(?P<group>[^.;]{3,200})"
)


def spoken_for(text: str, blocs: Blocs) -> tuple[str, ...]:
    """Ids of the blocs on whose behalf the speaker says that the statement is made."""
    found: dict[str, None] = {}
    for sentence in _sentences(text[:_OPENING]):
        match = _SPEAKS_FOR.search(sentence)
        if not match or _THANKS.search(sentence[: match.start("whom")]):
            continue
        for bloc in blocs.find_mentions(match["whom"]):
            found[bloc.id] = None
    return tuple(found)


def joined_statements(text: str, states: States, blocs: Blocs) -> tuple[str, ...]:
    """Bloc ids and state codes of those whose statement the speaker joins. Where a state spoke
    for a bloc, the bloc is meant."""
    found: dict[str, None] = {}
    for sentence in _sentences(text):
        if "statement" not in sentence:
            continue
        match = _JOINS.search(sentence)
        if not match:
            continue
        whom = match["rest"]
        groups = blocs.find_mentions(whom)
        if groups:
            found |= dict.fromkeys(bloc.id for bloc in groups)
        elif _MADE_BY.search(whom):
            found |= dict.fromkeys(state.code for _, _, state in states.find_mentions(whom))
    return tuple(found)


def _sentences(text: str) -> Iterator[str]:
    for start, end in sentences(text):
        yield clean(text[start:end])
