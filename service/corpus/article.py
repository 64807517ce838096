"""A news article in which a correspondent reports what states' representatives said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from service.corpus.alliances import reported_for
from service.corpus.claims import ClaimMaker
from service.corpus.dateline import find_forum, statement_date
from service.corpus.documents import read_document
from service.corpus.passages import Passage, Reader
from service.corpus.report import ImportReport
from service.corpus.speakers import Cast, Voice, load_capitals
from service.domain.blocs import Blocs
from service.domain.dates import PartialDate
from service.domain.statements import Claim, Mode, Statement
from service.domain.states import States
from service.errors import InvalidInput

_DATA = Path(__file__).parents[2] / "data"


def read_article(
    path: Path,
    *,
    states: States,
    blocs: Blocs,
    maker: ClaimMaker,
    report: ImportReport,
    capitals: Mapping[str, str] | None = None,
    state: str | None = None,
    speaker: str | None = None,
    date: PartialDate | str | None = None,
    forum: str | None = None,
    source: str | None = None,
) -> tuple[Statement, ...]:
    """Read what an article attributes to representatives of states: a statement for each speaker.

    A speaker whose state can't be told needs `state`; an article without a full date, `date`.
    What is left out (the correspondent's own words, people who speak for no state) is reported
    by line.
    """
    document = read_document(path)
    for mended in document.mended:
        report.mended(str(path), mended)
    if state is not None:
        found = states.resolve(state)
        if found is None:
            hints = ", ".join(f"{near.code} ({near.name})" for near in states.suggest(state))
            raise InvalidInput(
                "state",
                f"{state!r} is no known state" + (f"; did you mean {hints}?" if hints else ""),
            )
        state = found.code
    cast = Cast(states, load_capitals(_DATA) if capitals is None else capitals)
    reading = Reader(document.text, cast).read()
    _join_countries(reading.passages)
    day = statement_date(document, reading.dateline, reading.lead, date)
    origin = source or (reading.dateline and reading.dateline.agency) or document.site or path.name
    passages = _chosen(reading.passages, cast, path, report, state=state, speaker=speaker)
    for offset, reason in sorted(reading.left_out):
        report.skipped(str(path), reason, document.text.count("\n", 0, offset) + 1)
    lead_forum = find_forum(reading.lead)
    statements: list[Statement] = []
    for voice in dict.fromkeys(passage.voice for passage in passages):
        own = [passage for passage in passages if passage.voice is voice]
        assert voice.state is not None  # _chosen leaves no other
        made = Statement(
            id=_statement_id(voice, day, path, statements),
            state=voice.state,
            date=day,
            text=document.text,
            source=origin,
            speaker=speaker or voice.name,
            office=voice.office,
            forum=forum or voice.forum or (None if voice.elsewhere else lead_forum),
            on_behalf_of=reported_for(" ; ".join(voice.frames), blocs),
        )
        statements.append(replace(made, claims=_claims(made, own, maker)))
    report.read += len(statements)
    return tuple(statements)


def _chosen(
    passages: list[Passage],
    cast: Cast,
    path: Path,
    report: ImportReport,
    *,
    state: str | None,
    speaker: str | None,
) -> list[Passage]:
    """The passages that can be imported, once the user's own word on state and speaker counts."""
    voices = list(dict.fromkeys(passage.voice for passage in passages))
    if not voices:
        raise InvalidInput(
            "state", f"{path}: nothing in it is attributed to a representative of a state"
        )
    if state is not None:
        known = {voice.state for voice in voices}
        if state not in known:
            others = sorted(code for code in known if code)
            if None not in known and len(others) > 1:
                raise InvalidInput("state", f"{path} quotes {', '.join(others)}, and not {state}")
            for voice in voices:
                if voice.state is None or None not in known:
                    if voice.state:
                        report.note(
                            str(path), f"{voice} read as {state}, as told, not as {voice.state}"
                        )
                    voice.state = state
        for voice in voices:
            if voice.state not in (state, None):
                report.skipped(str(path), f"{voice} speaks for {voice.state}, not for {state}")
        passages = [passage for passage in passages if passage.voice.state == state]
    nameless = [voice for voice in voices if voice.state is None]
    for voice in nameless:
        report.skipped(
            str(path), f"the state for which {voice} speaks can't be told: give its state"
        )
    passages = [passage for passage in passages if passage.voice.state is not None]
    if not passages:
        raise InvalidInput(
            "state", f"{path}: can't tell for which state {nameless[0]} speaks: give its state"
        )
    voices = list(dict.fromkeys(passage.voice for passage in passages))
    if speaker is not None and len(voices) > 1:
        last = speaker.split()[-1].lower()
        named = [voice for voice in voices if voice.name and last in voice.name.lower().split()]
        if len(named) != 1:
            raise InvalidInput(
                "speaker",
                f"{path} has several speakers ({', '.join(map(str, voices))}): "
                "name one of them, or give its state",
            )
        passages = [passage for passage in passages if passage.voice is named[0]]
    return passages


def _join_countries(passages: list[Passage]) -> None:
    """ "Germany rejected A. Its minister X said B": both are X's, who is the next to speak."""
    for this, following in reversed(list(pairwise(passages))):
        same = this.voice.state == following.voice.state
        if this.voice.by_country and not following.voice.by_country and same:
            this.voice = following.voice


def _statement_id(voice: Voice, day: PartialDate, path: Path, before: list[Statement]) -> str:
    """One state's second speaker in the same article gets a name of his own."""
    base = f"{voice.state}_{day}_{_slug(path.stem)}"
    taken = {statement.id for statement in before}
    if base not in taken:
        return base
    candidate = f"{base}_{_slug(str(voice))}"
    number = 2
    while candidate in taken:
        candidate, number = f"{base}_{_slug(str(voice))}_{number}", number + 1
    return candidate


def _slug(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-")[:60] or "article"


def _claims(statement: Statement, passages: list[Passage], maker: ClaimMaker) -> tuple[Claim, ...]:
    claims: list[Claim] = []
    for mode, quoted in ((Mode.QUOTED, True), (Mode.REPORTED, False)):
        spans = [(p.start, p.end) for p in passages if p.quoted is quoted]
        if spans:
            claims += maker.claims(statement.id, statement.text, spans=spans, mode=mode)
    return tuple(sorted(claims, key=lambda claim: claim.start))
