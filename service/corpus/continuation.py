"""Whether a sentence without attribution goes on with what the speaker said.

Correspondents let a speaker's thoughts run on for paragraphs, and put their own background
between. To give a state a sentence that it never said is worse than to miss one: in doubt the
sentence is the correspondent's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.corpus.reporting_verbs import MONTH, WEEKDAY

_FIRST_PERSON = re.compile(r"\b(?:we|our|us|ours|ourselves|let us|my|I)\b")
_FORMULA = re.compile(
    r"\s*(?:it is (?:hoped|necessary|imperative|important|essential|crucial|vital|high time|only|"
    r"our|urgent|incumbent|therefore)|there (?:is|must be|can be|should be) (?:a|an|no)\b|"
    r"what is needed|let us)",
    re.I,
)
_NORMATIVE = re.compile(
    r"\b(?:must|should|ought to|shall|cannot|can not|need(?:s)? to|has to|have to|"
    r"(?:is|are) (?:obliged|bound|required|called upon|to be)|may not|no longer be)\b",
    re.I,
)
_PRESENT = re.compile(
    r"\b(?:is|are|has|have|will|can|may|do|does|remain|remains|continue|continues|need|needs|"
    r"must|should|face|faces|require|requires|demand|demands|deserve|deserves)\b",
    re.I,
)
_PAST = re.compile(
    r"\b(?:was|were|had|did|began|took|came|went|met|held|killed|led|made|gave|became|left|won|"
    r"spoke|broke|rose|fell|grew|saw|said|told)\b",
    re.I,
)
_PERFECT = re.compile(r"\b(?:has|have) (?:\w+ly |not |also )?(?:been )?\w+", re.I)
_EVENT = re.compile(
    r"\b(?:voted|abstained|vetoed|convened|attended|founded|established|launched|signed|adopted|"
    r"chaired|organi[sz]ed|hosted|scheduled|killed|wounded|displaced|invaded|erupted|co-?sponsored|"
    r"attending|taking part|began|met|held|arrived|elected|appointed|gathered|concluded|marked)\b",
    re.I,
)
_BACKGROUND = re.compile(
    r"\s*(?:(?:the|this|that|these) (?:\w+[\s-]){0,4}?(?:meeting|session|conference|summit|debate|"
    r"event|forum|vote|talks|briefing|gathering|ceremony|consultations|remarks|comments|visit|"
    r"announcement|statement|draft|speech)\b(?! (?:must|should))|"
    r"(?:founded|established|created|set up|launched|adopted|signed|formed|convened|held) "
    r"(?:in|on|by|after|under)\b|(?:his|her|their) (?:remarks|comments|statement|visit|speech|"
    r"address|announcement|appeal|call)\b|(?:meanwhile|earlier|previously|separately|"
    r"also (?:on|in)|"
    rf"last (?:week|month|year)|on {WEEKDAY}|a day earlier|since (?:\d{{4}}|{MONTH})|in {MONTH}|"
    rf"in \d{{4}}|on \d|on {MONTH}|diplomats from|representatives (?:of|from)|delegates from)\b)",
    re.I,
)
_SPECIFIC = re.compile(
    rf"\b(?:{MONTH}\s+\d|\d+ {MONTH}|{WEEKDAY}|since \d{{4}}|in \d{{4}}|last (?:week|month|year)|"
    r"according to|per ?cent|\d{2,})(?!\d)|%",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the sentence stands."""

    new_paragraph: bool  # nothing in its paragraph is attributed yet
    open: bool  # the sentence before was the speaker's
    dense: bool  # the correspondent attributes nearly each sentence


def goes_on(words: str, place: Place) -> bool:
    """Whether the sentence (its quoted parts hidden) is the speaker's who spoke last."""
    if _FIRST_PERSON.search(words):
        return True
    if not place.open or _BACKGROUND.match(words):
        return False
    if _FORMULA.match(words):
        return True
    present = bool(_PRESENT.search(words))
    simple = _PERFECT.sub("", words)  # "has been made" tells no story
    event = bool(_EVENT.search(simple))
    past = event or bool(_PAST.search(simple))
    specific = bool(_SPECIFIC.search(words))
    if _NORMATIVE.search(words):
        return not (specific and place.new_paragraph and place.dense)
    if place.new_paragraph:
        # A judgement in the present tense; dates, figures and events are background.
        return present and not past and not specific and not place.dense
    if event or (specific and place.dense):
        return False
    return not specific if past else present or not specific
