"""Why a verdict, and what users say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.domain.corrections import Correction, ModelVerdict, text_sha256
from service.errors import InvalidInput, NotFound
from service.parts import Parts
from service.questions import parse_question
from service.retrieval.library import ClaimRecord
from service.stance.corrections import parse_correction
from service.stance.explanation import explain


class Verdicts(Parts):
    """Of stances: explanations by the model, corrections by people."""

    def explain(self, text: str, claim_id: str) -> dict[str, Any]:
        """The words of a claim that decide where it stands towards `text`, asked as one part.

        The verdict is the model's, whatever users corrected. Raises InvalidInput naming the field,
        NotFound for a claim that isn't in the current generation.
        """
        parse_question({"text": text}, self.catalogue, self.maker)
        if not claim_id:
            raise InvalidInput("claim_id", "is missing: give the id of a claim")
        asked, said, model = " ".join(text.split()), self._said(claim_id).claim, self.stance_model
        verdict = model.calibration.found(model.judge([(asked, said.text)])[0])
        found = explain(model, asked, said.text, verdict).to_dict()
        return {
            "text": asked,
            "claim_id": said.id,
            "stance": found.pop("stance"),
            "probabilities": verdict.to_dict(),
            **found,
            "model": model.name,
        }

    def correct(
        self, text: str, claim_id: str, stance: str, author: str, reason: str
    ) -> Correction:
        """Keep for good that a claim stands `stance` towards the query `text`; from now on answers
        to it show this. Raises InvalidInput naming the field, NotFound for a claim that isn't in
        the current generation."""
        given = {"text": text, "claim_id": claim_id, "stance": stance}
        return self.put_correction(given | {"author": author, "reason": reason})[0]

    def put_correction(self, raw: Mapping[str, Any]) -> tuple[Correction, bool]:
        """As `correct`, with the names of the API; also whether the correction is new."""
        wanted = parse_correction(raw)
        record = self._said(wanted.claim_id)
        was = None
        if self.settings.stance_model is not None:
            (judged,) = self.stance_model.judge([(wanted.text, record.claim.text)])
            verdict = self.stance_model.calibration.found(judged)
            was = ModelVerdict(verdict.stance, self.stance_model.name)
        return self.kept_corrections.put(wanted, record.claim, record.statement.state, was)

    def corrections(self, claim_id: str | None = None) -> list[Correction]:
        """All of them, or those of one claim: the earliest first, history included."""
        return self.kept_corrections.all(claim_id)

    def corrections_as_rows(self, claim_id: str | None = None) -> list[dict[str, Any]]:
        """`corrections` for export: `claim_text` is None where the current generation doesn't hold
        the claim in the words that were corrected; `holds` is False for what came to be history."""
        found = self.corrections(claim_id)
        latest = {correction.key: correction for correction in found}
        return [
            correction.to_dict()
            | {"claim_text": self._words(correction), "holds": latest[correction.key] is correction}
            for correction in found
        ]

    def _said(self, claim_id: str) -> ClaimRecord:
        return self.generation.library.claim(claim_id)

    def _words(self, correction: Correction) -> str | None:
        """Of the claim that was corrected, where it is there and still says the same."""
        try:
            text = self.generations.current().library.claim(correction.claim_id).claim.text
        except NotFound:
            return None
        return text if text_sha256(text) == correction.sha256 else None
