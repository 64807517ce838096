"""Propositions for which claims were found: to train on, and apart from these to tune on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.catalogue import load_issues
from service.domain.stance import Stance
from service.errors import CatalogueError
from service.retrieval.encoder import open_encoder
from service.settings import Settings
from service.stance.training.pairs import TEST, TOUCHES, TUNING
from service.stance.training.prepare import kept_propositions, wording_pairs
from service.stance.training.propositions import PROPOSITIONS, read_propositions
from tests.conftest import PROJECT

DATA = PROJECT / "data"
ENTRY = {
    "id": "P1", "proposition": "p", "contrary": "c", "paraphrase": "p2", "contrary_paraphrase": "c2"
}  # fmt: skip


def test_sides_hold_together_and_oppose_each_other(tmp_path: Path) -> None:
    path = tmp_path / "propositions.jsonl"
    path.write_text("\n".join(json.dumps(e) for e in (ENTRY, ENTRY | {"id": "P2", "tuning": True})))
    trained, tuned = read_propositions(path)
    assert ([i.id for i in trained], [i.id for i in tuned]) == (["P1"], ["P2"])
    made = {(p.a, p.b): p.label for p in wording_pairs(trained[0])}
    assert made[("p", "p2")] is made[("p2", "p")] is made[("c", "c2")] is Stance.ALIGNED
    assert made[("p", "c2")] is made[("p2", "c")] is Stance.OPPOSED
    assert len(made) == 8


@pytest.mark.parametrize("broken", [{"contrary": " "}, {"paraphrase": 3}, {"paraphrase": None}])
def test_a_bad_line_is_named(broken: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "propositions.jsonl"
    path.write_text(json.dumps(ENTRY) + "\n" + json.dumps(ENTRY | broken) + "\n", "utf-8")
    with pytest.raises(CatalogueError, match=r"propositions\.jsonl:2"):
        read_propositions(path)


def test_none_touches_what_is_measured() -> None:
    encoder = open_encoder(Settings().model, Settings().models)
    trained, tuned = read_propositions(DATA / PROPOSITIONS)
    kept, held = kept_propositions(DATA, encoder)
    assert len(kept) > 0.9 * len(trained)
    assert [i.id for i in held] == [i.id for i in tuned]
    issues = load_issues(DATA)
    measured = [
        t for key in TEST | TUNING for t in (*issues[key].wordings, *issues[key].contraries)
    ]
    for said in (measured, [i.proposition for i in tuned]):
        near = encoder.encode([i.proposition for i in kept]) @ encoder.encode(said).T
        assert near.max() < TOUCHES
