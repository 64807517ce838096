"""What a news article says about itself: agency, place, day, occasion; and what is only frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from service.corpus.documents import Document
from service.corpus.reporting_verbs import MONTH, WEEKDAY
from service.domain.dates import PartialDate
from service.errors import InvalidInput

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAY_MONTH = re.compile(
    rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m>{MONTH})"
    rf"(?:,?\s+(?P<y>\d{{4}}))?\b"
)
_MONTH_DAY = re.compile(
    rf"\b(?P<m>{MONTH})\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"(?:,?\s+(?P<y>\d{{4}}))?\b"
)
_ISO = re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?!\d)")
_PLACE = r"(?:[A-Z][\w.’'/-]*|of|the|de|and)"
_HEAD = rf"{_PLACE}(?:[ ,]+(?:{_PLACE}|\d{{1,4}}(?:st|nd|rd|th)?))*"
# "CITY, June 29 (Agency) -- ", "CITY, June 29 /Agency/ ", "CITY (Agency) - ", "CITY — ".
_DASHED = re.compile(
    rf"\s*(?P<head>{_HEAD})?\.?,?\s*(?:\((?P<a>[^()\n]{{2,60}})\)|/(?P<b>[^/\n]{{2,40}})/\.?)?"
    rf"\s*(?:[-–—―]{{1,3}}|(?<=/)|(?<=/\.)|:)\s+"
)
# "Place, Nov 2 (Agency) ": day and agency are mark enough.
_UNDASHED = re.compile(rf"\s*(?P<head>{_HEAD})\.?,?\s*\((?P<a>[A-Z][^()\n]{{1,40}})\)\s+")
# "Agency, Place, June 29. " and "Agency Place, 29 June 2021 - ": the date ends it.
_DATED = re.compile(rf"\s*(?P<head>{_HEAD})(?P<stop>[.:]|\s+[-–—]+)\s+")
_BRACKETED = re.compile(r"\s*[(\[/](?P<a>[A-Z][^()\[\]/\n]{1,40})[)\]/]\s*[-–—]*\s+")
_AGENCY = re.compile(
    r"\b(?:[A-Z][\w.-]* )*(?:News (?:Service|Agency)|Press Agency|News|Agency|Press)\b|"
    r"\b(?:Xinhua|Reuters|AFP|AP|TASS|Interfax|dpa|DPA|ANSA|EFE|Kyodo|Yonhap|PTI|ANI|Anadolu|IRNA|"
    r"SANA|Bernama|BERNAMA|SPA|WAM|KUNA|MENA|APS|NHK|CGTN|Antara|UPI|Belga|Ukrinform|BelTA|CCTV)\b"
)
_END_MARK = re.compile(
    r"\s*(?:[(\[（【]\s*(?:(?i:finish(?:ed)?|end(?:s|item)?|over|full ?text|完)|"
    r"(?:[A-Za-z]+ ){0,3}(?:Xinhua|Reuters|AFP|AP|TASS|[Nn]ews [Aa]gency)\b[^()\[\]]{0,40}|"
    r"(?i:(?:file )?(?:photo|image)\b[^()\[\]]{0,80}|editors?:[^()\[\]]{0,60}|"
    r"reporting by [^()]{0,120}))\s*[)\]）】]|\b(?:Enditem|ENDITEM|ENDS)\b|###|-30-|■|∎)[\s.]*$"
)
_FRAME = re.compile(
    r"\s*(?:(?:photo(?:graph)?s?|images?|pictures?|videos?|graphic|file photo|photo credit)"
    r"\s*(?::|/|by\b)|(?:credits?|source|editors?|date|keywords|tags|topics|contact|translation|"
    r"watch|related)\s*:|copyright\s*(?::|©|\(c\)|\d)|"
    r"(?:published|updated|posted|last (?:updated|modified))\s*(?::|on\b|at\b|\d)|"
    r"(?:additional )?(?:reporting|editing|writing|written|compiled|translated|photos?) by\b|"
    r"©|\(c\) \d|all rights reserved|read more|read also|see also|also read|subscribe to|"
    r"related (?:articles?|stories|news|links|topics|content)\b|sign up|follow us|share this|"
    r"click here|our standards|advertisement\s*$|this article (?:was|is|first)|"
    r"we use cookies|by using this (?:site|website))",
    re.I,
)
_BYLINE = re.compile(r"\s*(?:By|BY|From)\s+[A-Z][^.!?:;]{2,80}\.?\s*")
_MEETING = (
    r"(?i:meeting|conference|summit|session|forum|debate|assembly|council|committee|symposium|"
    r"dialogue|round ?table|workshop|commission|plenary|consultations|congress|parliament|hearing|"
    r"segment)"
)
# The occasion ends where its verb, its day or its place begins.
_ON = (
    r"(?!(?:that|held|where|which|said|has|is|was|called|stressed|warned|urged|told)\b|"
    r"(?:on|in|by|at)\s+(?:the\s+\d|\d|[A-Z]|late\b|early\b))[\w’'-]+"
)
_OCCASION = re.compile(
    r"\b(?i:at|during|to|addressing|before|in|told(?=\s+an?\b))\s+"
    r"(?:(?:the|a) (?:opening|closing|start|end|(?:first|second|third) day|margins) "
    r"(?:session )?of\s+)?"
    r"(?P<f>(?:the|a|an|this year[’']s|its|\d{4})\s+"
    r"(?:(?!(?:that|and|on|in|held|told|said|says|urged|warned)\b)[\w’'“”\"-]+\s+){0,7}?"
    rf"{_MEETING}\b(?:\s+(?:of|on|for|to|with|between)(?!\s+{WEEKDAY})(?:\s+{_ON})+)?)"
)
_NO_FORUM = re.compile(
    r"\b(?:press|news|media|joint) (?:conference|briefing)|\bpress\b|\bof dialogue$", re.I
)


@dataclass(frozen=True, slots=True)
class Dateline:
    """The opening of an article, up to `end`: agency, and its day as far as it is given."""

    end: int
    agency: str | None = None
    day: tuple[int | None, int, int] | None = None  # year, month, day
    place: str | None = None
    capitals: bool = False  # "NAIROBI - ": hardly anything else than a dateline


def read_dateline(text: str, start: int, end: int) -> Dateline | None:
    """The dateline at the start of a paragraph, if there is one."""
    window = text[start : min(end, start + 160)]
    for pattern in (_DASHED, _DATED, _UNDASHED, _BRACKETED):
        match = pattern.match(window)
        if not match:
            continue
        groups = match.groupdict()
        head = (groups.get("head") or "").strip(" ,.")
        agency = groups.get("a") or groups.get("b")
        day = _find_day(f"{head} {agency or ''}")
        if not (head or agency) or (pattern in (_DATED, _UNDASHED) and day is None):
            continue
        # "MINISTER: NO" is a headline's colon.
        colon = match[0].rstrip().endswith(":")
        if not (agency or day) and (colon or not _is_place(head)):
            continue
        if agency is None or _find_day(agency):
            named = _AGENCY.search(head)
            agency = named[0] if named else None
        place = re.match(r"[^\W\d]+(?:[ -][^\W\d]+)*", head)
        name = place[0] if place else None
        upper = len(head) > 3 and head == head.upper()
        return Dateline(start + match.end(), agency, day, name, upper)
    return None


def _is_place(head: str) -> bool:
    """A dateline of nothing but a place is short and written in capitals or ends in a dash."""
    words = head.split()
    return len(words) <= 4 and (head.upper() == head or len(words) <= 2)


def without_end_marks(text: str, start: int, end: int) -> int:
    """Where a paragraph ends once "(End)", agency marks and photo credits are off."""
    while end > start and (mark := _END_MARK.search(text[start:end])):
        if mark.start() == 0 and mark.end() < end - start:
            break
        end = start + mark.start()
    return end


def is_frame(paragraph: str) -> bool:
    """Bylines, credits, notices: lines about the article, not of it."""
    return bool(
        (_FRAME.match(paragraph) and len(paragraph.split()) <= 40)
        or (_BYLINE.fullmatch(paragraph) and len(paragraph.split()) <= 14)
        or not any(char.isalpha() for char in paragraph)
    )


def is_headline(paragraph: str) -> bool:
    """A short line that doesn't end as a sentence does."""
    if paragraph.isupper() and len(paragraph.split()) <= 22:
        return True
    return len(paragraph.split()) <= 22 and not paragraph.rstrip().endswith(
        (".", "!", "?", "…", ":", '"', "”", "»", "“", "。", ")", "'", "’")
    )


def is_quoted_headline(paragraph: str) -> bool:
    """'Envoy: "No more talks"': words in quotation marks that don't end as a sentence does."""
    return (
        len(paragraph.split()) <= 16
        and re.search(r"[^.!?…,][\"”’»']$", paragraph.rstrip()) is not None
        and re.search(r"\b(?:said|told|added|stressed)\b", paragraph) is None
    )


def find_forum(text: str) -> str | None:
    """The meeting at which the words were spoken, as the article names it."""
    for match in _OCCASION.finditer(text):
        forum = re.sub(r"^(?:the|an?|its)\s+", "", " ".join(match["f"].split()), flags=re.I)
        forum = re.sub(r"\s+for the \w+ time\b.*", "", forum)
        forum = re.sub(rf"\s+(?:late |early )?(?:{WEEKDAY})?$", "", forum)
        if not _NO_FORUM.search(forum) and len(forum.split()) > 1:
            return forum
    hearer = re.search(
        r"\b(?:told|addressed|addressing) the ((?:UN |United Nations |U\.N\. )?"
        r"(?:Security Council|General Assembly|Human Rights Council|"
        r"Conference on Disarmament))",
        text,
    )
    return hearer[1] if hearer else None


def statement_date(
    document: Document, dateline: Dateline | None, lead: str, given: PartialDate | str | None
) -> PartialDate:
    """The day of the statement: as given, as the article states it, or as it follows from it."""
    if given is not None:
        try:
            return given if isinstance(given, PartialDate) else PartialDate(given)
        except ValueError as error:
            raise InvalidInput("date", str(error)) from None
    published = document.published or _printed_publication(document.text)
    day = dateline.day if dateline else None
    if day is None:
        return _from_publication(published, lead)
    year, month, number = day
    if year is not None:
        return _partial(year, month, number)
    if published is not None:
        # New Year's Eve is published the year after.
        year = published.year - (month == 12 and published.first.month == 1)
        return _partial(year, month, number, inferred=True)
    years = {
        int(match["y"])
        for pattern in (_DAY_MONTH, _MONTH_DAY, _ISO)
        for match in pattern.finditer(document.text)
        if match["y"] and (_month(match["m"]), int(match["d"])) == (month, number)
    }
    if len(years) == 1:
        return _partial(years.pop(), month, number, inferred=True)
    raise InvalidInput(
        "date",
        f"the article gives no year ({number} {_MONTHS[month - 1].title()}): "
        "give its date, YYYY-MM-DD",
    )


def _from_publication(published: PartialDate | None, lead: str) -> PartialDate:
    """Without a dateline: "on Tuesday" before the day of publication, else that day."""
    if published is None:
        raise InvalidInput("date", "the article gives no date: give its date, YYYY-MM-DD")
    stated = next((m for p in (_DAY_MONTH, _MONTH_DAY) if (m := p.search(lead)) and m["y"]), None)
    if stated:
        return _partial(int(stated["y"]), _month(stated["m"]), int(stated["d"]))
    weekday = re.search(WEEKDAY, lead)
    if weekday and len(published.text) == 10:
        back = (published.first.weekday() - _DAYS.index(weekday[0][:3].lower())) % 7
        return PartialDate((published.first - timedelta(days=back)).isoformat(), inferred=True)
    return PartialDate(published.text, inferred=True)


def _printed_publication(text: str) -> PartialDate | None:
    """A line of its own such as "Published: 4 March 2024" or "2024-03-04 10:15"."""
    for line in text.splitlines():
        if len(line) > 90 or line.rstrip().endswith((".", "”", '"')):
            continue
        for pattern in (_DAY_MONTH, _MONTH_DAY, _ISO):
            match = pattern.search(line)
            if match and match["y"]:
                try:
                    return _partial(int(match["y"]), _month(match["m"]), int(match["d"]))
                except InvalidInput:
                    continue
    return None


def _find_day(text: str) -> tuple[int | None, int, int] | None:
    for pattern in (_DAY_MONTH, _MONTH_DAY, _ISO):
        match = pattern.search(text)
        if match:
            year = int(match["y"]) if match["y"] else None
            return year, _month(match["m"]), int(match["d"])
    return None


def _month(text: str) -> int:
    return int(text) if text.isdigit() else _MONTHS.index(text[:3].lower()) + 1


def _partial(year: int, month: int, day: int, *, inferred: bool = False) -> PartialDate:
    try:
        return PartialDate(date(year, month, day).isoformat(), inferred=inferred)
    except ValueError as error:
        raise InvalidInput(
            "date", f"{day}.{month}.{year}: {error}: give its date, YYYY-MM-DD"
        ) from None
