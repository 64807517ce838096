"""For whom a statement is made, and whose statement it joins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from service.corpus.sentences import sentences
from service.corpus.text import clean
from service.domain.blocs import Blocs
from service.domain.states import States

# A speaker says for whom at the beginning; later, "on behalf of" tells of somebody else.
_OPENING_LENGTH, _OPENING_SENTENCES = 6_000, 20
_BEHALF = r"\b(?:on behalf of|in the name of)\b(?P<whom>[^.;:]{3,200})"
_SPEAKS_FOR = re.compile(
    r"(?:\b(?:I|me|we|us|[Mm]y|[Oo]ur|[Tt]his)\b[^.;:]{0,80}?)?"
    r"(?P<verb>\b(?:speak(?:ing)?|address(?:ing)?|take the floor|taking the floor|"
    r"(?:mak(?:e|ing)|deliver(?:ing)?|present(?:ing)?) (?:this|the following|a|my|the) (?:\w+ )?"
    r"(?:statement|address|speech)|(?:statement|address) is (?:being )?(?:made|delivered)))\b"
    r"[^.;:]{0,90}?" + _BEHALF,
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:I|me|[Mm]y|[Ww]e|us|[Oo]ur|[Tt]his statement)\b")
# Somebody else spoke for the group, or spoke elsewhere.
_ANOTHER = re.compile(
    r"\b(?:spoke|spoken|align\w*|associat\w*|endors\w*|subscrib\w*|echo\w*|concur\w*|agree\w*|"
    r"(?:statements?|speech|remarks|words) (?:\w+ ){0,8}?(?:made|delivered|given|by)|"
    r"(?:Minister|President|Ambassador|Chairman|colleague|representative|Mr|Mrs|Ms)\b"
    r"(?:(?!\bI\b)[^;]){0,80}\b(?:speaking|addressing|has|had|was|said|addressed|delivered))\b"
)
_CLAUSE_END = re.compile(
    r",?\s+(?:and\s+)?(?:to (?:thank|congratulate|convey|express|welcome|extend|pay)|which|who|"
    r"whose|whom|I|we|let|allow|may|would|should|wish(?:es)?|on the occasion|(?:at|in) this|"
    r"here)\b"
)
_NOT_THE_GROUP = re.compile(
    r"\b(?:members? of the (?:Security Council|Assembly)|a member of|president of|ministers?|"
    r"secretary|(?:people|peoples) of)\b",
    re.IGNORECASE,
)

# How a correspondent says it, and where that ends.
_REPORTED_FOR = re.compile(
    r"\b(?:on behalf of|in the name of|(?:speaking|spoke|speaks) for)\s+(?P<whom>[^,;:]{2,120})",
    re.IGNORECASE,
)
_REPORTED_END = re.compile(
    r"\s(?:said|says|told|added|asked|called|stressed|noted|warned|welcomed|urged|addressed|at|"
    r"in (?=the (?:debate|discussion|meeting)))\b"
)

_STATEMENT = r"(?:statements?|speech|address(?= (?:made|delivered|given|by)\b))"
_JOINING = r"(?:align|associat|subscrib|endors|support)(?:s|e|es|ed|ing)?"
_MAYBE = re.compile(rf"\b{_JOINING}\b[^.;]{{0,160}}\b{_STATEMENT}\b")
_JOINS = re.compile(
    rf"\b(?P<verb>{_JOINING})\s+(?P<self>(?:(?:its(?:elf)?|myself|ourselves|my|our|delegation|"
    r"country|Government|fully|wholeheartedly|entirely|completely|strongly|also|with|to|in full|"
    rf"himself|herself|themselves)\s+)*)(?P<which>(?:[\w’'()-]+\s+){{0,6}}?){_STATEMENT}\b"
    r"(?P<rest>[^;]{3,320})"
)
_SUBJECT = re.compile(
    r"(?:\b(?:I|we|We|delegation|Government|country|behalf of [\w ]+,)|"
    r"(?:^|[,;] |and |while )(?:the |The )?[A-Z][\w’-]+(?: [A-Za-z][\w’-]+){0,4}),?\s+"
    r"(?:(?:fully|also|strongly|therefore|likewise|thus|too|wholeheartedly|entirely|would|should|"
    r"wish(?:es)?|like|want|to|and|of course|naturally|completely|shares?|decidedly)[, ]+){0,5}$"
)
_DENIED = re.compile(r"\b(?:not|cannot|unable|never|nor|neither|refus\w+)\b(?! but)[^,;]{0,40}$")
_ANOTHERS = re.compile(r"\b(?:himself|herself|themselves)\b")
_FOR_GROUP = re.compile(
    r"\b(?:on behalf of|in the name of|in (?:his|her|its) capacity as (?:\w+ ){1,3}of)\b"
    r"(?P<whom>.+)"
)
_MADE_BY = re.compile(
    r"^\s*(?:which |that |was |has been |to be |just |earlier |already |yesterday |"
    r"(?:made|delivered|given|presented|read|issued|submitted)(?: out)?\s*)*"
    r"(?:[^.;,]{0,60}?\bby|of)\b(?P<whom>.{3,160})"
)
_TOPIC = re.compile(
    r"\b(?:that|which|whose|when|where|concerning|regarding|who|as|because|to)\b|,? on "
)


def spoken_for(text: str, blocs: Blocs) -> tuple[str, ...]:
    """Ids of the blocs on whose behalf the speaker says that the statement is made.

    Not those in whose name somebody is thanked, nor those for whom another one spoke.
    """
    found: dict[str, None] = {}
    for sentence in islice(_sentences(text[:_OPENING_LENGTH]), _OPENING_SENTENCES):
        match = _SPEAKS_FOR.search(sentence)
        if not match:
            continue
        before = sentence[: match.start("whom")]
        if _ANOTHER.search(before) or not _FIRST_PERSON.search(sentence):
            continue
        whom = _CLAUSE_END.split(match["whom"], maxsplit=1)[0]
        if not _NOT_THE_GROUP.search(whom):
            found |= dict.fromkeys(bloc.id for bloc in blocs.find_mentions(whom))
    return tuple(found)


def reported_for(frame: str, blocs: Blocs) -> tuple[str, ...]:
    """Ids of the blocs for which an article says that its speaker spoke. `frame` is the
    correspondent's part of a sentence: "X, speaking on behalf of Y, said"."""
    whom = " ".join(
        _REPORTED_END.split(match["whom"], maxsplit=1)[0]
        for match in _REPORTED_FOR.finditer(" ".join(frame.split()))
        if not _NOT_THE_GROUP.search(match["whom"])
    )
    return tuple(bloc.id for bloc in blocs.find_mentions(whom))


def joined_statements(text: str, states: States, blocs: Blocs) -> tuple[str, ...]:
    """Bloc ids and state codes of those whose statement the speaker joins. Where a state spoke
    for a bloc, the bloc is meant."""
    if not _MAYBE.search(text):
        return ()
    found: dict[str, None] = {}
    for sentence in _sentences(text, _MAYBE):
        for match in _JOINS.finditer(sentence):
            before = sentence[: match.start()]
            if _DENIED.search(before) or _ANOTHERS.search(match["self"]):
                continue
            reflexive = re.search(r"\b(?:itself|myself|ourselves|with|to)\b", match["self"])
            if reflexive or _SUBJECT.search(before):
                found |= dict.fromkeys(_whose(match["which"], match["rest"], states, blocs))
    return tuple(found)


def _whose(which: str, rest: str, states: States, blocs: Blocs) -> Iterator[str]:
    """Who made a statement: "the Union statement", or "the statement made by ...,"."""
    yield from (bloc.id for bloc in blocs.find_mentions(which))
    if match := _FOR_GROUP.search(rest):
        whom = re.split(r",? (?:and|but|as well as) (?:we|I|would|wish|my)\b|: ", match["whom"])[0]
        yield from (bloc.id for bloc in blocs.find_mentions(whom[:200]))
        return  # where the group isn't known, its speaker's state isn't meant either
    if match := _MADE_BY.match(rest):
        whom = _TOPIC.split(match["whom"], maxsplit=1)[0]
        if groups := blocs.find_mentions(whom):
            yield from (bloc.id for bloc in groups)
        elif not re.search(r"\bformer\b", whom):
            yield from (state.code for _, _, state in states.find_mentions(whom))


def _sentences(text: str, about: re.Pattern[str] | None = None) -> Iterator[str]:
    for start, end in sentences(text):
        if about is None or about.search(text, start, end):
            yield clean(text[start:end])
