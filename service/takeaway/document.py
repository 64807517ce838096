"""A brief as a document: Markdown, Word or PDF, each with a real footnote for every quotation.

Our own sentences go through `Language.words`; the words of others stand as they are, quotations in
quotation marks and renderings of ours without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from service.domain.stance import Stance
from service.takeaway.brief import Brief, Row, Section
from service.takeaway.language import Language
from service.takeaway.markup import (
    Inlines,
    Markup,
    Medium,
    Node,
    block_quote,
    bullet_list,
    document,
    header,
    meta_text,
    ordered_list,
    paragraph,
)
from service.takeaway.pandoc import written
from service.takeaway.printed import printed

# Statements are kept, and shown, in the language in which they are recorded.
_SPOKEN = "en"


def markdown(brief: Brief, language: Language) -> bytes:
    """CommonMark with footnotes and tables, as GitHub and pandoc read them; UTF-8."""
    page = _Page(brief, language, Medium.MARKDOWN)
    blocks = [header(1, page.mark.text(page.title)), paragraph(page.mark.text(page.dated))]
    return written(document(blocks + page.blocks(), {}), Medium.MARKDOWN, brief.made)


def docx(brief: Brief, language: Language) -> bytes:
    """A Word document on A4; the same brief gives the same bytes."""
    page = _Page(brief, language, Medium.DOCX)
    meta = {
        "title": meta_text(page.title),
        "date": meta_text(page.dated),
        "lang": meta_text(language.code),
    }
    from service.takeaway import word  # python-docx is slow to load, and seldom needed

    return word.written(document(page.blocks(), meta), brief.made)


def pdf(brief: Brief, language: Language) -> bytes:
    """On A4, with its fonts in it and tagged for screen readers; the same brief gives the same
    bytes."""
    page = _Page(brief, language, Medium.TYPST)
    body = written(document(page.blocks(), {}), Medium.TYPST, brief.made)
    return printed(
        body.decode(), title=page.title, dated=page.dated, language=language.code, made=brief.made
    )


# By the ending of a file's name: who writes it, and its media type.
FORMATS: dict[str, tuple[Callable[[Brief, Language], bytes], str]] = {
    "docx": (
        docx,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "pdf": (pdf, "application/pdf"),
    "md": (markdown, "text/markdown"),
}


class _Page:
    """One brief in one language for one medium, top to bottom."""

    def __init__(self, brief: Brief, language: Language, medium: Medium) -> None:
        self.mark = Markup(medium, language.code)
        self._brief = brief
        self._language = language
        self._words, self._said = language.words, language.said
        self._number = language.number
        self._level = 2 if medium is Medium.MARKDOWN else 1
        self._headings = {
            Stance.ALIGNED: self._words("Aligned"),
            Stance.PARTIAL: self._words("With reservations"),
            Stance.OPPOSED: self._words("Opposed"),
            Stance.UNCLEAR: self._words("Unclear"),
            None: self._words("Not judged"),
        }
        self._stances: dict[str | None, str] = {
            Stance.ALIGNED: self._words("aligned"),
            Stance.PARTIAL: self._words("with reservations"),
            Stance.OPPOSED: self._words("opposed"),
            Stance.UNCLEAR: self._words("unclear"),
            None: self._words("not judged"),
        }

    @property
    def title(self) -> str:
        return self._words("Where other states stand")

    @property
    def dated(self) -> str:
        made = self._language.day(self._brief.made.isoformat())
        if self._brief.we is None:
            return self._said("Made on {day}", day=made)
        return self._said("Made for {state} on {day}", state=self._brief.we, day=made)

    def blocks(self) -> list[Node]:
        return [
            *self._question(),
            *self._counts(),
            *self._warnings(),
            *(block for section in self._brief.sections for block in self._section(section)),
            *self._method(),
        ]

    def _question(self) -> Iterable[Node]:
        brief, text = self._brief, self.mark.text
        if not brief.claims:
            yield paragraph(text(self._words("What other states say on:")))
            yield block_quote([paragraph(self._quoted(brief.question))])
        else:
            said = self._words("What other states say on each of these claims:")
            yield paragraph(text(said))
            yield ordered_list(self._quoted(claim) for claim in brief.claims)

    def _counts(self) -> Iterable[Node]:
        sections = self._brief.sections
        rows = [(self._headings[s.stance], s.states, len(s.rows)) for s in sections]
        total = (self._words("Together"), self._brief.states, sum(len(s.rows) for s in sections))
        yield paragraph(self.mark.text(self._words("The states of this answer:")))
        yield self.mark.table(
            [
                self._words("Where they stand"),
                self._words("States"),
                self._words("Of them quoted here"),
            ],
            [(name, self._number(n), self._number(shown)) for name, n, shown in [*rows, total]],
        )

    def _warnings(self) -> Iterable[Node]:
        brief, words = self._brief, self._words
        if brief.stance_model is not None:
            said = words(
                "Where a state stands is a machine's judgement of one quotation, and often wrong: "
                "check the quotation before you rely on it. How often it is right was measured, "
                "and is told in Concord's README under “Stance”. Unclear means: another question, "
                "no side taken, or too little confidence."
            )
        else:
            said = words(
                "Nobody judged where these states stand: the quotations are on the same subject, "
                "and may say the contrary of the question."
            )
        yield paragraph([self.mark.strong(words("Read this first.")), *self.mark.text(f" {said}")])
        if brief.claims:
            yield paragraph(
                self.mark.text(
                    words(
                        "The question holds several claims. Each state is shown by the one on "
                        "which its words are clearest; it may stand otherwise on the others."
                    )
                )
            )
        if brief.further:
            yield paragraph(
                self.mark.text(
                    words(
                        "More states answer than are counted here: this is one page of the "
                        "answer. A higher limit holds more."
                    )
                )
            )

    def _section(self, section: Section) -> Iterable[Node]:
        heading = f"{self._headings[section.stance]} ({self._number(section.states)})"
        yield header(self._level, self.mark.text(heading))
        if section.rows and section.stance is not None:
            said = self._words("Machine judgement, check the quotation.")
            yield self.mark.styled("Aside", paragraph(self.mark.text(said)))
        for row in section.rows:
            yield from self._row(row)
        yield from self._names(self._words("Not quoted here"), section.unquoted)
        yield from self._names(
            self._words("Whose nearest words are about something else, and weren't judged"),
            section.elsewhere,
        )
        if not section.states:
            yield paragraph(self.mark.text(self._words("None among the states of this answer.")))

    def _names(self, label: str, names: tuple[str, ...]) -> Iterable[Node]:
        if names:
            count, listed = self._number(len(names)), self._language.listed(names)
            yield paragraph(
                self.mark.text(
                    self._said(
                        "{label} ({count}): {listed}.", label=label, count=count, listed=listed
                    )
                )
            )

    def _row(self, row: Row) -> Iterable[Node]:
        hit = row.hit
        told = [self._language.day(hit.date), hit.speaker, self._verdict(row)]
        if row.claim is not None:
            told.append(self._said("on claim {number}", number=self._number(row.claim)))
        lead = " · ".join(part for part in told if part)
        yield self.mark.styled(
            "Who", paragraph([self.mark.strong(row.name), *self.mark.text(f" · {lead}")])
        )
        if hit.rendered:
            ours = self.mark.text(self._words("In our words, not a quotation:"))
            said = [
                self.mark.emphasis(ours), *self.mark.text(" "), *self.mark.text(hit.text, _SPOKEN)
            ]  # fmt: skip
        else:
            said = self._quoted(hit.text)
        yield block_quote([paragraph([*said, self.mark.note(self.mark.text(self._source(row)))])])
        aside = " · ".join(self._asides(row))
        if aside:
            yield self.mark.styled("Aside", paragraph(self.mark.text(aside)))

    def _quoted(self, text: str) -> Inlines:
        return self.mark.text(self._said("“{text}”", text=text), _SPOKEN)

    def _verdict(self, row: Row) -> str | None:
        if row.hit.stance is None:
            return None
        stance = self._stances[row.hit.stance]
        if row.probability is None:
            return stance
        return self._said(
            "{stance}, probability {percent}",
            stance=stance,
            percent=self._language.percent(round(100 * row.probability)),
        )

    def _asides(self, row: Row) -> Iterable[str]:
        """What keeps the quotation from being taken for more than it is."""
        hit, number = row.hit, self._number
        if hit.corrected is not None:
            was = hit.corrected["was"]
            yield self._said(
                "Corrected by {author}: {reason}",
                author=hit.corrected["author"],
                reason=hit.corrected["reason"],
            )
            if was is not None:
                yield self._said(
                    "The model had said: {stance}", stance=self._stances[was["stance"]]
                )
        if hit.attribution == "reported":
            yield self._words("Reported by the source, not the state's own words")
        if row.on_behalf_of:
            yield self._said("On behalf of {names}", names=self._language.listed(row.on_behalf_of))
        if row.aligned_with:
            yield self._said(
                "Joins the statement of {names}", names=self._language.listed(row.aligned_with)
            )
        if row.far:
            yield self._words("Far from the point")
        if row.others:
            counts = [f"{self._stances[stance]} {number(n)}" for stance, n in row.others]
            yield self._said(
                "Other quotations of this state in the answer: {counts}",
                counts=self._language.listed(counts),
            )
        if row.count > 1:
            yield self._said("This state's claims on the point: {number}", number=number(row.count))
        if hit.folded:
            yield self._said(
                "Nearly identical sentences, not shown: {number}", number=number(hit.folded)
            )

    def _source(self, row: Row) -> str:
        """The footnote: all that is needed to find the words again. What isn't known is left out,
        but for the symbol, whose absence says something."""
        hit = row.hit
        precision = {
            "year": self._words("only the year is known"),
            "month": self._words("only the month is known"),
        }.get(hit.date_precision)
        inferred = self._words("date inferred from the text") if hit.date_inferred else None
        doubts = self._language.listed(part for part in (precision, inferred) if part)
        day = self._language.day(hit.date) + (f" ({doubts})" if doubts else "")
        symbol = hit.symbol or self._words("no document symbol known")
        who = ", ".join(
            part for part in (row.name, hit.speaker, hit.office, day, hit.forum, symbol) if part
        )
        where = self._said(
            "Source: {source}; statement {statement}, characters {start} to {end} (claim {claim})",
            source=hit.source,
            statement=hit.statement_id,
            start=hit.start,
            end=hit.end,
            claim=hit.claim_id,
        )
        return f"{who}. {where}. {self._likeness(row)}."

    def _likeness(self, row: Row) -> str:
        if row.hit.percentile is None:
            return self._said("Similarity: {number}", number=f"{row.hit.similarity:.2f}")
        return self._said(
            "Nearer to the question, in subject and wording, than {percent} of random pairs of "
            "positions are to each other",
            percent=self._language.percent(row.hit.percentile),
        )

    def _method(self) -> Iterable[Node]:
        brief, words = self._brief, self._words
        yield header(self._level, self.mark.text(words("How to find the same again")))
        told = [*brief.asked]
        if brief.contraries:
            quoted = self._language.listed(
                self._said("“{text}”", text=text) for text in brief.contraries
            )
            told.append((words("Asked as well, for the opposed"), quoted))
        told += [
            (words("Generation of the index"), brief.generation),
            (words("Encoder"), brief.model),
            (words("Stance model"), brief.stance_model or words("none")),
        ]
        yield bullet_list(
            self.mark.text(self._said("{label}: {value}", label=label, value=value))
            for label, value in told
        )
        yield paragraph(
            self.mark.text(words("With the same generation, this command gives the same answer:"))
        )
        yield self.mark.code(brief.command)
