"""The columns of claims that are found, changed and checked, described for frames."""

from __future__ import annotations

from service.analysis.tabular import Column, Type


def _text(name: str, description: str) -> Column:
    return Column(name, Type.STRING, description)


def _count(name: str, description: str) -> Column:
    return Column(name, Type.INTEGER, description)


def _number(name: str, description: str) -> Column:
    return Column(name, Type.NUMBER, description)


def _truth(name: str, description: str) -> Column:
    return Column(name, Type.BOOLEAN, description)


_PERCENTILE = _number(
    "percentile", "Share of random pairs of different states' positions that are less alike, in %."
)
HITS = (
    _text("state", "Code of the state that speaks, ISO 3166-1 alpha-3 where there is one."),
    _text("name", "Its name; empty where hits aren't grouped."),
    _count(
        "count",
        "Its claims (a statement's, where grouped so) that are on the point, within the filters.",
    ),
    _text("date", "When it was said, ISO 8601, as precise as it is known."),
    _text("date_precision", "year, month or day."),
    _truth("date_inferred", "Whether the date was inferred from others."),
    _text("speaker", "Who spoke."),
    _text("office", "The speaker's office."),
    _text("forum", "Where."),
    _text("symbol", "Symbol of the document."),
    _count("asked", "Number, from 0, of the asked text's claim to which it is nearest."),
    _number("similarity", "Cosine with that: same subject and wording, never agreement, -1 to 1."),
    _PERCENTILE,
    _text("stance", "Where it stands towards what was asked; empty where nothing was judged."),
    _number(
        "probability",
        "The model's of that stance, 0 to 1; empty where it wasn't asked: what is far from the "
        "question is unclear unasked.",
    ),
    _truth("corrected", "Whether the stance is a user's, who corrected the model's."),
    _text("text", "The claim, word for word."),
    _text("before", "The sentence before it."),
    _text("after", "The sentence after it."),
    _text("statement_id", "Its statement's id."),
    _text("claim_id", "Its own id."),
    _count("start", "Where it begins in the stored source, in characters."),
    _count("end", "Where it ends there."),
    _text("source", "Where the text came from."),
    _text("on_behalf_of", "Groups for which the statement was made, joined by semicolons."),
    _text("aligned_with", "States or groups whose statement it joins, joined by semicolons."),
    _text("kind", "position, narrative or ceremony."),
    _text("attribution", "spoken, quoted or reported."),
    _text("topics", "Its topics' ids, joined by semicolons."),
    _text("matched", "Its words that the question has too, joined by semicolons."),
    _count("folded", "Near-identical sentences of the same state for which it stands."),
    _truth("rendered", "Whether it is in our own words; offsets point into the cited document."),
)
CHANGED = (
    _text("change", "new, changed, dropped or kept."),
    _text("claim_id", "The position of the statement; empty where it was dropped."),
    _text("text", "Its words."),
    _text("counterpart_id", "The position of the other statement; empty where it is new."),
    _text("counterpart", "Its words."),
    _text("topics", "The position's topics' ids, joined by semicolons."),
    _number(
        "similarity",
        "Cosine of the two, or with the nearest where there aren't two: same subject and wording, "
        "never agreement, -1 to 1.",
    ),
    _PERCENTILE,
    _number(
        "shared_words", "Share of their words that is common, the rarer weighing more, 0 to 1."
    ),
    _truth("same_point", "Whether the two, or it and the nearest, are on the same point."),
    _text("nearest_id", "Of a new or dropped one, the nearest position of the other statement."),
    _text("nearest", "Its words."),
    _text(
        "stance",
        "Where the position stands towards its counterpart; empty where nothing was judged.",
    ),
    _number("probability", "The model's probability of that stance, 0 to 1."),
)
_OWN = "Claims of our own statements that {}, joined by semicolons; empty where it isn't known who "
CHECKED = (
    _count("number", "Of the draft's claim, from 0."),
    _count("start", "Where it begins in the draft, in characters."),
    _count("end", "Where it ends there."),
    _text("text", "Its words."),
    _count("aligned", "Other states whose nearest quotation holds it."),
    _count("partial", "Those whose nearest quotation holds it with reservations."),
    _count("opposed", "Those whose nearest quotation rejects it."),
    _count("unclear", "Those of whom neither can be said, most because they don't speak of it."),
    _text("ally", "Code of the closest of the aligned."),
    _text("ally_claim_id", "Its claim."),
    _text("opponent", "Code of the sharpest of the opposed."),
    _text("opponent_claim_id", "Its claim."),
    _text("said_before", f"{_OWN.format('hold it')}we are."),
    _text("said_otherwise", f"{_OWN.format('reject it')}we are."),
    _truth("low_confidence", "True where nobody who is near in wording takes a side."),
)
