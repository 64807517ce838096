"""The words by which a grammatical subject is read: offices, names, and what is neither."""

from __future__ import annotations

import re

from service.corpus.reporting_verbs import TIME

ROLE = (
    r"ambassador|minister|premier|president|chancellor|envoy|representative|delegate|delegation|"
    r"diplomat|spokes(?:man|woman|person)|king|queen|emir|sultan|secretary|official|government|"
    r"ministry|mission|embassy|cabinet|negotiator|leader|head of (?:delegation|state|government)|"
    r"presidency|authorities|permrep|counterpart|chargé d[’']affaires|counsellor|"
    r"commissioner|attaché|side"
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
    r"critics|observers|residents?|witnesses|mayor|senators?|lawmakers?|journalists?|reporters?|"
    r"correspondent|human rights (?:watch|groups?)|amnesty|think[- ]?tanks?|institute|university|"
    r"ngos?|red cross|campaigners?|scientists?|doctors?|company|bank|rebels?|militants?|"
    r"state (?:media|television|tv|radio|news)|news agency|newspaper|court|"
    r"judges?|police|lawyers?)\b"
    r"|\b(?:UN|U\.N\.|United Nations)(?:[’']s)?\s+(?:special |humanitarian |refugee |rights |"
    r"peace |"
    r"human rights |relief |aid |children[’']s |deputy )?(?:envoy|chief|spokes|official|agency|"
    r"mission|experts?|coordinator|mediator|office|body|report|representative)"
    r"|\b(?:General Assembly|Security Council|Council|Assembly|Conference|Committee|COP ?\d+|"
    r"European Commission|Commission|Parliament)\s+(?:President|Chair)"
    r"|\b(?:president|chair\w*|secretary) of the (?:\w+ )?(?:General Assembly|Security Council|"
    r"Council|Assembly|Conference|Committee|Commission|Human Rights|European|Session|World)",
    re.I,
)
HONORIFIC = re.compile(
    r"\b(?:Mr|Ms|Mrs|Dr|Prof|H\.E|Amb|Gen|Sir|Dame|Lord|Lady|Sheikh|Sheikha|Prince|Princess|"
    r"His|Her|Excellency|Madam|General|Hon)\b\.?"
)
NAME = re.compile(
    r"(?:[^\W\d_a-z][\w’'.-]*|[a-z]{1,2}[’'-][^\W\d_a-z][\w’'-]*)"
    r"(?:\s+(?:(?:de|da|do|dos|del|della|van|von|der|den|bin|ibn|al|el|ould|ben|la|le|di|du|y|e)\s+)*"
    r"(?:[^\W\d_a-z][\w’'.-]*|[a-z]{1,2}[’'-][^\W\d_a-z][\w’'-]*)){0,5}"
)
PRONOUN = re.compile(
    r"(?:he|she|they|it|both|the (?:statement|communiqué|letter|text|document|"
    r"speaker|two))",
    re.I,
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
    r"appearing|marking|noting|recalling|stressing|welcoming|expressing|with)\b",
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
    r"(?:[’']s?)?(?:\s+(?:government|side|delegation|authorities|administration|cabinet|"
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
    also""".split()
)
COMMON_STARTS = frozenset(
    """the a an all every each any many some several most both other others such no its his her
    their our countries states nations parties terrorists international developing member members
    this that these those two three global new major world""".split()
)
