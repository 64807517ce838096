"""A small deployment: statements, a correction, a verdict, a key, an issue and an index."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.accounts.accounts import Accounts
from service.domain.access import Scope
from service.domain.corrections import ModelVerdict
from service.domain.stance import Stance, Verdict
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.stance.corrections import Corrections, Wanted
from service.stance.kept import KeptVerdicts
from tests.conftest import TOPICS, Quiet, ToyEncoder, statement

FIRST = statement("FRA", "2020", "abolish veto", "cancel debt")
SECOND = statement("NOR", "2021", "keep veto")
ISSUE = "proposition: The veto must go.\ncontrary: The veto must stay.\n"
PAIRS = [("abolish veto", "keep veto")]
VERDICT = Verdict(Stance.OPPOSED, (0.1, 0.1, 0.7, 0.1))


def deploy(folder: Path) -> Settings:
    """The deployment, in `folder`."""
    settings = Settings(indexes=folder, issues=folder / "issues", stance_model=None)
    list(StatementStore(folder).put([FIRST, SECOND]))
    Builder(folder, ToyEncoder(), TOPICS).build(Quiet())
    wanted = Wanted("the veto", FIRST.claims[0].id, Stance.ALIGNED, "A. Reader", "it says so")
    was = ModelVerdict(Stance.UNCLEAR, "a-model")
    Corrections(folder).put(wanted, FIRST.claims[0], "FRA", was)
    kept_verdicts(folder).judge(PAIRS)
    accounts = Accounts(settings)
    accounts.keys.create("dashboard", [Scope.READ])
    accounts.close()
    settings.issues.mkdir()
    (settings.issues / "veto.yaml").write_text(ISSUE)
    return settings


def kept_verdicts(folder: Path) -> KeptVerdicts:
    return KeptVerdicts(folder / "verdicts.sqlite", "f" * 64, lambda pairs: [VERDICT] * len(pairs))


@pytest.fixture
def deployed(tmp_path: Path) -> Settings:
    return deploy(tmp_path / "ix")
