"""The words by which a grammatical subject is read: offices, names, and what is neither."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from service.corpus.reporting_verbs import TIME
from service.domain.states import States

Mention = tuple[int, int, str]  # start, end, code of the state
ROLE = (
    r"ambassador|minister|premier|president|chancellor|envoy|representative|delegate|delegation|"
    r"diplomat|spokes(?:man|woman|person)|king|queen|emir|sultan|secretary|official|government|"
    r"ministry|mission|embassy|cabinet|negotiator|leader|head of (?:delegation|state|government)|"
    r"presidency|authorities|permrep|counterpart|chargé d[’']affaires|counsellor|"
    r"commissioner|attaché|side|head of (?:\w+ )?diplomacy|"
    r"(?:permanent )?observer(?= (?:for|of)\b|$)"
)
OFFICE = re.compile(
    rf"\b(?:(?:(?:deputy|acting|vice|assistant|first|second|prime|foreign|defen[cs]e|interior|"
    rf"finance|justice|health|trade|environment|climate|economy|energy|permanent|special|chief|"
    rf"state|senior|top|under|alternate|crown|high|UN|U\.N\.|United Nations)[\s-]+)*)"
    rf"(?P<role>{ROLE})(?:[’']?s)?\b"
    rf"(?:\s+(?:for|of|to|at|in)\s+(?:the\s+)?(?:[A-Z][\w.-]*|affairs)"
    rf"(?:\s+(?:and|of|for|the|&)(?:\s+the)?(?=\s+[A-Z])|\s+[A-Z][\w.-]*)*)*",
    re.I,
)
NOT_OFFICIAL = re.compile(
    r"\b(?:secretary[- ]general|under-secretary|high commissioner|special rapporteur|"
    r"special coordinator|director[- ]general|executive (?:director|secretary)|former|"
    r"ex-\w+|retired|"
    r"opposition|analysts?|experts?|professors?|researchers?|scholars?|economists?|activists?|"
    r"critics|observers?(?! (?:for|of)\b)|residents?|witnesses|mayor|senators?|"
    r"lawmakers?|journalists?|reporters?|"
    r"\w+s (?:of|from) (?:many|several|some|other|all|most|various|over|more|a number|\d+)|"
    r"correspondent|human rights (?:watch|groups?)|amnesty|think[- ]?tanks?|institute|university|"
    r"ngos?|red cross|campaigners?|scientists?|doctors?|company|bank|rebels?|militants?|"
    r"state (?:media|television|tv|radio|news)|news agency|newspaper|court|"
    r"judges?|police|lawyers?)\b"
    r"|(?<!to the )(?<!at the )(?<!to )\b(?:UN|U\.N\.|United Nations)(?:[’']s)?\s+"
    r"(?:special |humanitarian |refugee |rights |peace |"
    r"human rights |relief |aid |children[’']s |deputy )?(?:envoy|chief|spokes|official|agency|"
    r"mission|experts?|coordinator|mediator|office|body|report|representative)"
    r"|\b(?:General Assembly|Security Council|Council|Assembly|Conference|Committee|COP ?\d+|"
    r"European Commission|Commission|Parliament)\s+(?:President|Chair)"
    r"|\b(?:president|chair\w*|secretary) of the (?:\w+ )?(?:General Assembly|Security Council|"
    r"Council|Assembly|Conference|Committee|Commission|Human Rights|European|Session|World)",
    re.I,
)
HONORIFIC = re.compile(
    r"\b(?:(?:Mr|Ms|Mrs|Dr|Prof|H\.?E|Amb|His|Her|Excellency|Madam|Hon)\b\.?|"
    # Surnames as well, but not before another name.
    r"(?:Gen|Sir|Dame|Lord|Lady|Sheikh|Sheikha|Prince|Princess|General|"
    r"Brigadier|Colonel|Major|Admiral|Marshal|Captain)\b\.?(?=\s+[^\W\d_a-z]))"
)
NAME = re.compile(
    r"(?:[^\W\d_a-z][\w’'.-]*|[a-z]{1,2}[’'-][^\W\d_a-z][\w’'-]*)"
    r"(?:\s+(?:(?:de|da|do|dos|del|della|van|von|der|den|bin|ibn|al|el|ould|ben|la|le|di|du|y|e)\s+)*"
    r"(?:[^\W\d_a-z][\w’'.-]*|[a-z]{1,2}[’'-][^\W\d_a-z][\w’'-]*)){0,5}"
)
PERSON = re.compile(r"[^\W\d_a-z][\w’'-]+(?:\s+[^\W\d_a-z][\w’'.-]+){1,2}")
# "Ambassador of Chile", "the observer for the State of Chile": what goes with the state's name.
OF_STATE = re.compile(r"\s*\b(?:of|from)(?: the)?(?: (?:State|Republic|Kingdom) of)?\s*$")
BEFORE_STATE = re.compile(r"\s*\b(?:of|from|for)(?: the)?(?: (?:State|Republic|Kingdom) of)?\s*$")
# What follows a state's name or adjective where a sentence brings in its representative.
INTRODUCED = re.compile(
    rf"(?:[’']s?)?\s+(?i:(?:[\w-]+\s+){{0,4}}?(?:{ROLE}))\b"
    rf"(?:\s+(?:for|of)\s+(?:[\w-]+\s+){{0,3}}?[\w-]+)??(?:,?\s+(?:{HONORIFIC.pattern}\s*)*)"
    rf"(?={PERSON.pattern}){NAME.pattern}"
)
_PLURAL = (
    r"(?:(?:prime|foreign|defen[cs]e|permanent|deputy|finance|trade|interior|UN|U\.N\.)\s+)*"
    r"(?:minister|president|representative|ambassador|envoy|delegate|leader|spokesperson|official)"
)
SEVERAL = re.compile(
    rf"(?i:the )?(?:(?P<a>{_PLURAL})s (?:of|from|for) (?P<of>[^;:]+)|"
    rf"(?P<from>[A-Z][^;:]+?) (?P<b>{_PLURAL})s)"
)
COUNTERPARTS = re.compile(
    r"\s+(?:foreign |prime |defen[cs]e )?(?:counterparts|ministers|presidents|envoys|ambassadors|"
    r"leaders),?\s+([A-Z][^,;:.()]{5,120}?)(?=[,;:.]|\s(?:on|in|at|who|met|said)\b|$)"
)
PRONOUN = re.compile(
    r"(?:he|she|they|it|(?:his|her) (?:excellency|highness|majesty)|"
    r"the (?:statement|communiqué|letter|text|document|speaker))",
    re.I,
)
# Two who stand together. Who they are has to follow from the article, else nobody speaks.
PAIR = re.compile(
    r"(?:both|the two|the|both of the) (?:(?:foreign |prime |defen[cs]e )?(?:ministers|presidents)|"
    r"sides|leaders|envoys|ambassadors|diplomats|officials|men|women|pair)|both|the two",
    re.I,
)
# A bare name after "the Estonian minister said" is the minister's, unless it is one of these.
ORGANISATION = re.compile(
    r"\b(?:International|Watch|Vision|Children|Alliance|Group|Fund|Foundation|Institute|Cent(?:er|re)|"
    r"Network|Union|News|Times|Post|Initiative|Movement|Party|Army|Forces?|House|Street|Coalition|"
    r"Association|League|Society|Project|Without|World|Global|Bank|Court|Front|Action|Aid)\b"
)
FIRST_PERSON = re.compile(
    r"(?:and |but )?(?:we|i|you|one|who|let us|there|this|that|these|those)\b", re.I
)
FINITE = re.compile(
    r"\b(?:must|should|will|would|can|could|may|might|shall|cannot|is|are|was|were|has|have|had|"
    r"does|do|did|said|says|made|took|gave|held|met|spoke|went|came|told|voted|refused|began)\b"
)
UNFINISHED = re.compile(
    r"\b(?:the|an?|its|his|her|their|our|of|in|any|no|such|these|those|some|all|"
    r"for|to|with|and|or|new)$",
    re.I,
)
ASIDE = re.compile(
    r"(?:who|which|whose|whom|where|speaking|addressing|representing|citing|quoting|referring|"
    r"asked|answering|responding|in|at|on|after|before|during|for (?:his|her|its|their) part|"
    r"through|via|while|when|following|also|too|however|meanwhile|then|in turn|on behalf of|"
    r"delivering|reading|taking|turning|by contrast|earlier|later|as|joining|visiting|currently|"
    r"appearing|with|(?:\w+ )?(?:moments|minutes|hours|days|weeks|shortly|(?:a|the) (?:day|week|"
    r"night)) (?:earlier|later|before|after|ago))\b|(?-i:(?!king\b)[a-z]{2,}ing\b)",
    re.I,
)
LEADING = re.compile(
    rf"(?:(?:but|and|yet|still|moreover|meanwhile|however|also|earlier|later|then|instead|finally|"
    rf"separately|{TIME})\b[,\s]+)+",
    re.I,
)
BARE = re.compile(
    r"(?:the )?(?:(?:government|delegation|mission|authorities|people) of )?(?:the )?$", re.I
)
BARE_END = re.compile(
    r"(?:[’']s?)?(?:\s+(?:military |interim |transitional |federal |caretaker )?"
    r"(?:government|side|delegation|authorities|administration|cabinet|"
    r"foreign (?:office|ministry)|"
    r"state department|(?:permanent )?mission(?: to the (?:UN|United Nations))?|"
    r"presidency|leadership))?",
    re.I,
)
PEOPLE = re.compile(
    r"\b(?:groups?|leaders?|members?|ministers?|delegates?|countries|states|nations|"
    r"officials?|others?|many|some|several|speakers|people|report|study|agency|"
    r"organi[sz]ations?|sources?|diplomats?)\b",
    re.I,
)
GENERIC = {
    "envoy",
    "diplomat",
    "representative",
    "delegate",
    "ambassador",
    "official",
    "permrep",
    "side",
    "delegation",
    "counterpart",
    "head of delegation",
    "leader",
}
BODIES = {"ministry", "government", "mission", "embassy", "cabinet", "presidency", "authorities"}
ORG_WORDS = frozenset(
    """united nations un u.n general assembly security council european union committee conference
    ministry minister ministers foreign affairs international cooperation development state defence
    defense permanent representative mission deputy ambassador president premier chancellor prime
    envoy special chief spokesman spokeswoman spokesperson acting vice king queen emir sultan
    secretary official government delegation delegate diplomat leader head the a an and of for to
    at in on climate energy environment health trade finance economy economic interior justice
    integration european african security crown under high alternate first second senior top its
    his her department office embassy chargé d'affaires d’affaires negotiator counsellor
    commonwealth
    republic kingdom federation agency authority organization organisation headquarters senior
    national nation nations disarmament human rights council peace water agriculture culture
    education transport tourism labour labor industry commerce planning federal cabinet presidency
    commissioner reporters ministerial regional bureau director department's attaché side
    also external""".split()
)
COMMON_STARTS = frozenset(
    """the a an all every each any many some several most both other others such no its his her
    their our countries states nations parties terrorists international developing member members
    this that these those two three global new major world""".split()
)


def segments(text: str) -> list[str]:
    """Parts between commas and dashes; a comma in brackets parts nothing."""
    flat = re.sub(r"\([^)]*\)", lambda match: match[0].replace(",", "\x01"), text)
    parts = re.split(r"\s*,\s*|\s+[–—-]+\s+", flat)
    return [part.replace("\x01", ",").strip() for part in parts if part.strip()]


def common(text: str) -> list[str]:
    """The words in lower case that belong to no office or organisation."""
    return [w for w in re.findall(r"[\w’'-]+", text) if w.islower() and w not in ORG_WORDS]


def roles(text: str) -> set[str]:
    """What the persons are: of a ministry's spokeswoman not the ministry."""
    roles = {match["role"].lower() for match in OFFICE.finditer(text)}
    roles |= {
        match[0].lower() for match in re.finditer(r"\bspokes(?:man|woman|person)\b", text, re.I)
    }
    return roles - BODIES or roles


def stems(roles: set[str]) -> set[str]:
    """Roles, with spokesmen and spokeswomen alike, and ministers by whatever title."""
    return {
        "minister"
        if role in ("secretary", "premier", "chancellor") or role.endswith("diplomacy")
        else "spokes"
        if role.startswith("spokes")
        else role
        for role in roles
    }


def clean_name(text: str) -> str:
    return re.sub(r"[’']s$", "", HONORIFIC.sub("", text).strip(" ,.’'-"))


@lru_cache(maxsize=4)
def adjectives(states: States) -> tuple[re.Pattern[str], dict[str, str]]:
    """The adjectives that belong to one state only; "South American" isn't one of them."""
    owners: dict[str, set[str]] = {}
    for state in states:
        for adjective in state.adjectives:
            owners.setdefault(adjective, set()).add(state.code)
    codes = {adjective: min(own) for adjective, own in owners.items() if len(own) == 1}
    forms = "|".join(re.escape(form) for form in sorted(codes, key=len, reverse=True))
    before = "".join(f"(?<!{word} )" for word in ("South", "North", "Latin", "Central", "Native"))
    return re.compile(rf"(?<![\w-]){before}(?:{forms})(?![\w-])"), codes


def is_person(name: str, article: str) -> bool:
    """Whether a bare name can be a person's. Organisations go by their whole name, persons by
    their surname from the second time on."""
    if not PERSON.fullmatch(name) or ORGANISATION.search(name) or NOT_OFFICIAL.search(name):
        return False
    if ORG_WORDS & set(name.lower().split()):
        return False
    first, last = map(re.escape, name.rsplit(maxsplit=1))
    alone = rf"(?<!{first} )\b{last}\b|\b{first}\b(?! {last})"
    return re.search(alone, article) is not None


def without_state(before: str, after: str) -> str:
    """An office without the name of its state, which stood between the two parts."""
    if re.match(r"\s+(?!(?:to|in|at|for|and|with)\b)\w", after):
        return f"{before}{after.lstrip()}"  # "head of the Chilean mission"
    link = OF_STATE if after.strip() else BEFORE_STATE
    return link.sub("", before) + " " + re.sub(r"^[’']s?", "", after)


def office_title(text: str) -> str | None:
    """The bare office; "counterpart" isn't any."""
    text = re.sub(
        r"^(?:represented by |the |an? |its |his |her )+", "", " ".join(text.split()), flags=re.I
    )
    text = HONORIFIC.sub("", text).strip(" ,()")
    text = re.sub(r"^\S+[’']s\s+", "", text)  # "Weber's counterpart"
    text = re.sub(r"(to the (?:UN|United Nations)),? Ambassador$", r"\1", text)
    return text if OFFICE.search(text) and text.lower() not in ("counterpart", "side") else None


def spoken_for(text: str, mentions: list[Mention]) -> str | None:
    """The state that is spoken for: not the one that an ambassador is sent to."""
    best: tuple[int, str] | None = None
    for start, end, code in mentions:
        before, after = text[:start].rstrip(), text[end:]
        if re.search(r"\b(?:to|in|on|with|at|against|by|about|over)(?: the)?$", before):
            score = 0
        elif re.search(r"\b(?:of|from|(?:spokes\w+|speaking|observer) for)(?: the)?$", before):
            score = 3
        elif re.search(r"\bfor(?: the)?$", before):
            score = 0
        elif re.match(rf"(?:[’']s?)?\s+(?:\w+[\s-]+){{0,4}}?(?:{ROLE})", after, re.I):
            score = 3
        else:
            score = 1
        if score and (best is None or score > best[0]):
            best = (score, code)
    return best[1] if best else None


def names(part: str, mentions: list[Mention]) -> Iterator[str]:
    """What may be a person's name, the last first."""
    for start, end, _ in reversed(mentions):
        part = part[:start] + " , " + part[end:]
    part = HONORIFIC.sub(" ", re.sub(r"\([^)]*\)|\S+[’']s\b", " , ", part))
    kept = ["," if word.lower().strip(".,") in ORG_WORDS else word for word in part.split()]
    for match in reversed(list(NAME.finditer(" ".join(kept)))):
        yield clean_name(match[0])


def titled(text: str, name: str | None) -> bool:
    """Whether a person's whole name stands there with an office, and isn't part of the office."""
    if not name or " " not in name or not OFFICE.search(text):
        return False
    return re.search(rf"\b(?:of|for) {re.escape(name)}", text) is None
