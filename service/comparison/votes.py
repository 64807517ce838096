"""Statements beside roll calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from service.analysis.subject import refuse_unknown
from service.errors import InvalidInput
from service.parts import Parts
from service.stance.kept import Progress
from service.validation.debates import debates
from service.validation.tested import VoteValidation
from service.validation.votes import Ground, hold_against, parse_draws, parse_sessions
from service.votes.reading import read_roll_calls
from service.votes.resolutions import load_mapping
from service.votes.statistics import DRAWS, SEED


class Votes(Parts):
    """Of the General Assembly."""

    def validate_votes(
        self,
        votes: str | Path,
        *,
        judge: bool = True,
        draws: int = DRAWS,
        seed: int = SEED,
        progress: Progress | None = None,
        **filters: Any,
    ) -> VoteValidation:
        """Whether states whose statements in the General Debate agree also vote together, by
        several measures of agreement, on each issue of `data/votes.yaml` and over all.

        `votes` is a folder of roll calls (README); `filters` are from and to, sessions. Without
        `judge` the stance model isn't asked; with it, what wasn't judged before takes some minutes
        a thousand positions. `draws` permutations make each p. Raises InvalidInput naming the
        field, CatalogueError for a mapping that can't be used.
        """
        refuse_unknown(filters, ("from", "to"))
        mapping = load_mapping(self.settings.data, self.issues)
        sessions = parse_sessions(filters, mapping)
        parse_draws(draws, seed)
        calls = read_roll_calls(Path(votes), self.catalogue.states)
        generation = self.generation
        found = debates(generation, sessions)
        if len(found) < 2:
            raise InvalidInput("from", "this generation holds fewer than two of these sessions")
        judging = judge and self.settings.stance_model is not None
        ground = Ground(
            generation=generation,
            issues=self.issues,
            contraries=self.contraries,
            judge=self.issue_judge(generation) if judging else None,
            mapping=mapping,
            roll_calls=calls.resolutions([debate.session for debate in found]),
            debates={debate.session: debate for debate in found},
        )
        return hold_against(
            ground, calls, draws, seed, self.stance_model.name if judging else None, progress
        )
