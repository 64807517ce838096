"""What `evaluate` reads from the corpus, and what it measures there without a stance model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.evaluation.stance import Sets, labelled_sets
from service.stance.training.pairs import TEST, TUNING
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sets(ungdc: Path) -> Sets:
    return labelled_sets(PROJECT / "data", ungdc)


def test_cuts_see_tuning_issues_alone_and_tests_test_issues_alone(sets: Sets) -> None:
    for name in ("proposition", "sentences"):
        assert {pair.subject for pair in sets.tests[name]} == TEST
        assert {pair.subject for pair in sets.tuning[name]} == TUNING
        assert len({pair.label for pair in sets.tuning[name]}) == 4
        # No passage is in both.
        assert not {p.b for p in sets.tests[name]} & {p.b for p in sets.tuning[name]}


def test_who_said_it_is_known_of_every_judged_passage(sets: Sets) -> None:
    assert all(pair.b in sets.spoken for pair in sets.tests["proposition"])
    assert all(pair.b in sets.spoken for pair in sets.tests["sentences"])


def test_topics_are_measured_from_the_command_line(ungdc: Path) -> None:
    asked = ["evaluate", "topics", "--corpus", str(ungdc), "--format", "json"]
    done = CliRunner().invoke(main, asked, catch_exceptions=False)
    assert done.exit_code == 0
    found = json.loads(done.output)["topics"]
    figures = {way: row["micro_f1"]["value"] for way, row in found["rows"].items()}
    assert figures["model"] == max(figures.values()) >= 0.66
    assert figures["majority"] == min(figures.values())
    assert found["goals"]["micro_f1"] == {"goal": ">= 0.75", "holds": figures["model"] >= 0.75}


def test_a_model_that_is_none_is_refused_before_the_corpus_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_STANCE_MODEL", str(tmp_path / "nothing"))
    done = CliRunner().invoke(main, ["evaluate", "stance", "--corpus", str(tmp_path)])
    assert done.exit_code == 1
    assert "CONCORD_STANCE_MODEL" in done.output
