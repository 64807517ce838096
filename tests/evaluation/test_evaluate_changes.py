"""The labelled pairs of positions: by reference only, read as the docstrings say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.data_files import read_objects
from tests.conftest import PROJECT

LABELS = [entry for _, entry in read_objects(PROJECT / "data" / "labels" / "changes.jsonl")]


def test_labels_hold_no_words_of_a_speech() -> None:
    for entry in LABELS:
        assert entry.keys() - {"second"} == {"before", "now", "label", "split", "weight"}
        assert {entry["label"], entry.get("second", "same")} <= {"same", "changed", "other"}
        for side in (entry["before"], entry["now"]):
            assert side.keys() == {"document", "start", "end", "sha256"}
            assert re.fullmatch("[0-9a-f]{64}", side["sha256"])
    pairs = [json.dumps([entry["before"], entry["now"]]) for entry in LABELS]
    assert len(set(pairs)) == len(pairs) == 253
    assert sum("second" in entry for entry in LABELS) == 145


def test_a_pair_is_of_one_state_and_held_out_states_are_others() -> None:
    states: dict[str, set[str]] = {"tuning": set(), "held-out": set()}
    for entry in LABELS:
        (before, _, year), (now, _, later) = (
            entry[side]["document"].split("_") for side in ("before", "now")
        )
        assert before == now and int(later) == int(year) + 1
        states[entry["split"]].add(now)
    assert min(map(len, states.values())) >= 20
    assert not states["tuning"] & states["held-out"]


@pytest.mark.slow
def test_the_figures_that_the_docstrings_name(ungdc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONCORD_STANCE_MODEL", raising=False)
    asked = ["evaluate", "changes", "--corpus", str(ungdc), "--format", "json"]
    done = CliRunner().invoke(main, asked, catch_exceptions=False)
    found = json.loads(done.output)
    rows = found["changes, held-out"]["rows"]
    share = {way: row["pairs_are_on_the_same_point"]["value"] for way, row in rows.items()}
    assert share["model"] == pytest.approx(0.76, abs=0.02) and share["similarity"] < 0.55
    assert rows["model"]["kept_are_the_same"]["value"] == pytest.approx(0.90, abs=0.03)
    assert found["second reading"]["rows"]["reader"]["agreed"] > 0.9
