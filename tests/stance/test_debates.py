"""Invented debates as training passages."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from service.domain.stance import Stance
from service.errors import CatalogueError
from service.stance.training.debates import DEBATES, as_passages, read_debates
from service.stance.training.pairs import passage_pairs, sentence_pairs
from tests.conftest import PROJECT

ENTRY = {
    "topic": "veto", "proposition": "P.", "contrary": "C.",
    "for": ["f1", "f2"], "against": ["a"], "partial": ["p"], "related": ["r"],
}  # fmt: skip


def test_each_passage_is_paired_with_both_sides(tmp_path: Path) -> None:
    path = tmp_path / "debates.jsonl"
    path.write_text(json.dumps(ENTRY) + "\n", "utf-8")
    issues, passages = as_passages(read_debates(path))
    made = {
        (p.a, p.b): p.label for p in passage_pairs(passages, issues, {"debate-1"}, random.Random(1))
    }
    assert made[("P.", "f1")] is made[("C.", "a")] is Stance.ALIGNED
    assert made[("P.", "a")] is made[("C.", "f2")] is Stance.OPPOSED
    assert made[("P.", "p")] is Stance.PARTIAL
    assert made[("P.", "r")] is made[("C.", "r")] is Stance.UNCLEAR
    between = {
        (p.a, p.b): p.label for p in sentence_pairs(passages, {"debate-1"}, random.Random(1))
    }
    assert between[("f1", "f2")] is Stance.ALIGNED
    assert between[("a", "f1")] is Stance.OPPOSED


@pytest.mark.parametrize("broken", [{"for": [""]}, {"contrary": None}, {"related": 3}])
def test_a_bad_line_is_named(broken: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "debates.jsonl"
    path.write_text(json.dumps(ENTRY) + "\n" + json.dumps(ENTRY | broken) + "\n", "utf-8")
    with pytest.raises(CatalogueError, match=r"debates\.jsonl:2"):
        read_debates(path)


def test_the_bundled_debates_have_every_side() -> None:
    debates = read_debates(PROJECT / "data" / DEBATES)
    assert len(debates) >= 200
    assert len({entry["proposition"] for entry in debates}) == len(debates)
    for entry in debates:
        assert min(len(entry[side]) for side in ("for", "against", "partial", "related")) >= 3
