from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.corpus.kinds import KindClassifier
from service.domain.statements import Kind
from service.errors import CatalogueError
from tests.conftest import PROJECT

KINDS = KindClassifier.load(PROJECT / "data")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("We call on all States to ratify the treaty without delay.", Kind.POSITION),
        ("The Security Council must be enlarged.", Kind.POSITION),
        ("We firmly reject any interference in our affairs.", Kind.POSITION),
        ("I congratulate you, Mr. President, on your election.", Kind.CEREMONY),
        ("Allow me to thank your predecessor for his work.", Kind.CEREMONY),
        ("In 1998 the two parties signed an agreement in the capital.", Kind.NARRATIVE),
        ("12.", Kind.NARRATIVE),
    ],
)
def test_plain_sentences(text: str, kind: Kind) -> None:
    assert KINDS.kind(text) is kind


@pytest.mark.parametrize("content", ["", "{}", '{"kinds": ["x"], "bias": [], "weights": {}}'])
def test_a_damaged_model_is_a_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "kinds.json").write_text(content)
    with pytest.raises(CatalogueError, match=r"kinds\.json"):
        KindClassifier.load(tmp_path)


def test_it_is_a_linear_model() -> None:
    stored = json.loads((PROJECT / "data" / "models" / "kinds.json").read_text())
    assert stored["kinds"] == [str(kind) for kind in Kind]
    assert KINDS.scores("") != KINDS.scores("We must act.")
