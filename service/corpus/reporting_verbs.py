"""The verbs with which correspondents report speech, and the words that stand about them."""

from __future__ import annotations

import re
from enum import Enum


class Takes(Enum):
    """What follows the verb, and so where the speaker's own content starts."""

    CLAUSE = "clause"  # "said that A": A is the content
    HEARER = "hearer"  # "told the Council that A"
    ACTION = "action"  # "urged B to do C", "condemned D": the verb is part of the content


# fmt: off
_IRREGULAR = {
    "say": "said", "tell": "told", "think": "thought", "write": "wrote", "go on": "went on",
    "make clear": "made clear", "make it clear": "made it clear", "hold": "held",
    "speak out": "spoke out", "uphold": "upheld", "admit": "admitted", "rule out": "ruled out",
    "shoot back": "shot back", "hit back": "hit back",
    "take issue": "took issue", "speak against": "spoke against", "commit": "committed",
    "speak in favour of": "spoke in favour of", "speak in favor of": "spoke in favor of",
    "call on": "called on", "call upon": "called upon", "call for": "called for",
    "point out": "pointed out", "point to": "pointed to", "press for": "pressed for",
    "push for": "pushed for", "pay tribute": "paid tribute", "draw attention": "drew attention",
    "warn against": "warned against", "warn of": "warned of", "lash out": "lashed out",
    "signal": "signalled", "regret": "regretted", "rebut": "rebutted", "label": "labelled",
    "refer to": "referred to", "concur": "concurred",
    "push back": "pushed back", "brush aside": "brushed aside", "insist on": "insisted on",
    "caution against": "cautioned against",
}
# fmt: on
_CLAUSE = """say state stress note add warn reiterate emphasise emphasize underline underscore
    highlight argue insist claim declare announce confirm explain acknowledge admit concede
    maintain believe hope think suggest propose recommend predict caution affirm reaffirm assert
    contend reply answer respond write tweet post observe remark comment recall conclude continue
    indicate signal reveal disclose report pledge vow promise demand agree echo complain request
    advise reason allege repeat clarify mention estimate counter quip summarise summarize
    go_on make_clear make_it_clear point_out retort opine hint concur recount specify elaborate
    proclaim exclaim testify stipulate
    shoot_back fire_back hit_back""".split()
_HEARER = "tell remind assure inform notify advise brief".split()
_ACTION = """urge call_on call_upon call_for appeal condemn denounce deplore reject welcome hail
    praise commend criticise criticize accuse blame slam blast oppose support back endorse dismiss
    defend express voice advocate encourage invite implore exhort press_for push_for ask thank deny
    dispute refute rebut doubt question regret lament fear threaten refuse decline offer commit
    protest
    object take_issue pay_tribute speak_out speak_against speak_in_favour_of speak_in_favor_of
    describe call label term request rule_out warn_against warn_of point_to draw_attention applaud
    salute honour plead challenge lash_out refer_to appreciate uphold favour favor prefer renew
    laud decry rebuke rebuff bemoan chide castigate ridicule brush_aside push_back insist_on
    caution_against compare liken""".split()

# Forms that are plural nouns as well ("member states", "calls", "reports"): a reporting verb only
# where a representative is certain to be its subject.
_AMBIGUOUS = frozenset(
    """states notes claims calls demands hopes reports remarks comments pledges promises proposals
    thanks supports backs questions fears regrets blames offers doubts answers signals posts
    requests appeals advises echoes terms labels slams blasts challenges favours favors
    protests objects estimates counters reasons vows quips salutes honours""".split()
)
_PROGRESSIVE = "calling urging warning demanding appealing pressing pushing".split()


def _past(base: str) -> str:
    if base in _IRREGULAR:
        return _IRREGULAR[base]
    if base.endswith("e"):
        return base + "d"
    return base[:-1] + "ied" if base.endswith("y") and base[-2] not in "aeiou" else base + "ed"


def _third(base: str) -> str:
    head, _, tail = base.partition(" ")
    if head == "go" or head.endswith(("s", "sh", "ch", "x")):
        head += "es"
    elif head.endswith("y") and head[-2] not in "aeiou":
        head = head[:-1] + "ies"
    else:
        head += "s"
    return f"{head} {tail}".strip()


def _forms() -> dict[str, tuple[Takes, bool]]:
    """Each written form -> what it takes, and whether it is the present tense."""
    forms: dict[str, tuple[Takes, bool]] = {}
    for takes, bases in ((Takes.ACTION, _ACTION), (Takes.CLAUSE, _CLAUSE), (Takes.HEARER, _HEARER)):
        for joined in bases:
            base = joined.replace("_", " ")
            forms[base] = (takes, True)
            forms[_third(base)] = (takes, True)
            forms[_past(base)] = (takes, False)
    forms["signaled"] = (Takes.CLAUSE, False)
    forms.update(dict.fromkeys(_PROGRESSIVE, (Takes.ACTION, True)))
    return forms


FORMS = _forms()
_BASES = frozenset(base.replace("_", " ") for base in [*_CLAUSE, *_HEARER, *_ACTION])
# "expressed the firm belief that A": the noun takes the clause.
_NOUN_PHRASE = (
    r"(?:express(?:ed|es)|voiced|conveyed|took|takes|held|holds|reiterated)\s+"
    r"(?:(?:the|his|her|its|their|a|strong|firm|sincere|deep|great)\s+){0,3}"
    r"(?:hope|belief|conviction|confidence|view|opinion|expectation|optimism)(?=\s+that\b)"
)
_CONVINCED = (
    r"(?:is|was|are|were)\s+(?:\w+ly\s+)?(?:convinced|confident|certain|sure|hopeful|adamant|"
    r"of the (?:view|opinion|belief))(?=\s+that\b)"
)
_QUOTED_AS = r"(?:was|were|is|has been) (?:quoted|cited) as (?:saying|telling \w+|stating)"
VERB = re.compile(
    rf"\b(?:{_NOUN_PHRASE}|{_CONVINCED}|{_QUOTED_AS}|"
    + "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in sorted(FORMS, key=len)[::-1])
    + r")\b",
)
WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?)"
)
TIME = (
    rf"(?:(?:late |early )?(?:on |last )?{WEEKDAY}(?: (?:morning|afternoon|evening|night))?|"
    rf"on (?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: (?:of )?{MONTH}(?:,? \d{{4}})?)?|"
    rf"(?:on )?{MONTH} \d{{1,2}}(?:,? \d{{4}})?|\d{{1,2}} {MONTH}(?:,? \d{{4}})?|"
    r"today|yesterday|earlier|later|recently|this (?:week|month|morning|afternoon)|"
    r"last (?:week|month|year|night)|a (?:day|week) (?:earlier|later)|"
    r"the (?:previous day|day before))"
)
# Between the subject and its verb: "Zhang also repeatedly stressed", "China has not said".
_BEFORE_VERB = re.compile(
    rf"(?:\b(?:also|further|then|later|therefore|thus|"
    rf"again|once again|once more|in turn|too|likewise|still|first|finally|"
    rf"earlier|meanwhile|instead|rather|just|has|have|had|did|does|do|not|never|\w+ly|{TIME})|"
    rf"\b(?:did|does|do|has|have|had)n[’']t)[\s,]+$"
)
_PASSIVE_OR_INFINITIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being|to|must|should|will|would|can|could|may|might|shall|cannot|"
    r"who|which|that|and|or|as|what|having)\s+(?:\w+ly\s+)?$"
)
# "Kenya's state minister", "its call for talks": the form is a noun there.
_NOUN = re.compile(
    r"(?:[’']s?|\b(?:the|an?|his|her|its|their|our|my|this|that|any|no|each|every))\s+"
    r"(?:(?:urgent|strong|renewed|repeated|previous|latest|recent|firm|joint|own|initial)\s+)?$"
)
_BE = re.compile(r"\b(?:is|are|was|were|has been|have been)\s+(?:\w+ly\s+)?$")
_CONNECTIVES = re.compile(
    r"(?:(?:also|further|then|later|earlier|meanwhile|again|in turn|too|likewise|therefore|thus|"
    rf"{TIME}|(?:has|have|had)(?!\s+(?:not|never)\b))[\s,]+)+"
)
_NEAR = 120  # characters in which auxiliaries stand; bounds the work on endless "sentences"
_NEGATED = re.compile(r"\b(?:not|never)\b|n[’']t\b")


class VerbGroup:
    """One reporting verb in a sentence with its auxiliaries and adverbs."""

    __slots__ = ("act", "end", "negated", "plain", "present", "start", "takes", "word")

    def __init__(self, text: str, begin: int, match: re.Match[str]) -> None:
        self.word = " ".join(match[0].split())
        self.takes, self.present = FORMS.get(self.word, (Takes.CLAUSE, False))
        base = self.present and self.word in _BASES and self.word != "say"
        self.plain = not base and self.word not in _AMBIGUOUS
        self.start, self.end = match.span()
        begin = max(begin, self.start - _NEAR)
        while before := _BEFORE_VERB.search(text, begin, self.start):
            if before.start() >= self.start:
                break
            self.start = before.start()
        if self.word in _PROGRESSIVE and (be := _BE.search(text, begin, self.start)):
            self.start = be.start()
        # Where the deed starts ("strongly condemned", "did not rule out"), times left out.
        skipped = _CONNECTIVES.match(text, self.start, match.start())
        self.act = skipped.end() if skipped else self.start
        self.negated = bool(_NEGATED.search(text, self.start, match.start()))


def verb_groups(text: str, begin: int, end: int) -> list[VerbGroup]:
    """The sentence's reporting verbs from left to right; passives and infinitives aren't any."""
    groups = []
    for match in VERB.finditer(text, begin, end):
        group = VerbGroup(text, begin, match)
        before = text[max(begin, group.start - _NEAR) : group.start]
        after = text[group.end : min(end, group.end + _NEAR)]
        if "quoted as" in group.word or "cited as" in group.word:
            groups.append(group)
            continue
        if group.word in _PROGRESSIVE and group.start == match.start():
            continue
        if group.present and group.start == match.start() and _NOUN.search(before):
            continue
        # "X met reporters and said": the first verb that reports; a later one is content.
        second = before.endswith("and ") and group.plain and not group.present and not groups
        barred = _PASSIVE_OR_INFINITIVE.search(before) and not second
        if barred or re.match(r"\s+by\b", after):
            continue
        groups.append(group)
    return groups
