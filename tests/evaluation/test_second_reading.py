from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from service.cli import main
from service.domain.stance import Stance
from service.errors import CatalogueError
from service.evaluation.second_reading import (
    FIRST_LABELS,
    SECOND_LABELS,
    answers_agreement,
    read_answer_labels,
)
from tests.conftest import PROJECT

LABELS = st.lists(st.tuples(*[st.sampled_from(Stance)] * 2), min_size=1, max_size=40)


def _write(data: Path, name: str, labels: dict[tuple[str, str], Stance]) -> None:
    path = data / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [{"query": q, "claim_id": c, "label": label} for (q, c), label in labels.items()]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@settings(max_examples=10, deadline=None)
@given(labels=LABELS)
def test_agreement_is_counted_over_what_both_read(
    labels: list[tuple[Stance, Stance]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = tmp_path_factory.mktemp("data")
    reads = [(f"Q{i % 3}", f"XXX_1_2000:{i}-{i + 1}") for i in range(len(labels) + 1)]
    firsts = {read: pair[0] for read, pair in zip(reads, labels, strict=False)}
    # What only the first reader read counts for nothing.
    _write(data, FIRST_LABELS, firsts | {reads[-1]: Stance.OPPOSED})
    seconds = [(read, pair[1]) for read, pair in zip(reads, labels, strict=False)]
    random.Random(0).shuffle(seconds)
    _write(data, SECOND_LABELS, dict(seconds))

    both, table = answers_agreement(data)
    found = both.rows["readers"]
    n, (a, b) = len(labels), (Counter(pair[i] for pair in labels) for i in (0, 1))
    agreed = sum(x is y for x, y in labels) / n
    chance = sum(a[s] * b[s] for s in Stance) / n**2
    assert found["read_twice"] == n
    assert found["agreed"].value == pytest.approx(agreed)
    if chance < 1:
        assert found["kappa"].value == pytest.approx((agreed - chance) / (1 - chance))
    counts = Counter(labels)
    for first in Stance:
        for second in Stance:
            assert table.rows[first][second] == counts[first, second]


def test_what_the_first_reader_did_not_label_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, FIRST_LABELS, {("Q1", "XXX_1_2000:0-1"): Stance.ALIGNED})
    _write(tmp_path, SECOND_LABELS, {("Q2", "XXX_1_2000:0-1"): Stance.ALIGNED})
    with pytest.raises(CatalogueError, match="Q2 XXX_1_2000:0-1 has no first label"):
        answers_agreement(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        '{"query": "Q1", "claim_id": "c", "label": "agrees"}',
        '{"query": "Q1", "label": "aligned"}',
        '{"query": "Q0", "claim_id": "c", "label": "opposed"}',
    ],
)
def test_a_line_that_is_no_label_or_a_second_one_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"query": "Q0", "claim_id": "c", "label": "aligned"}\n' + line + "\n")
    with pytest.raises(CatalogueError, match=r"labels\.jsonl:2: "):
        read_answer_labels(path)


def test_agreement_is_printed_without_corpus_or_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_INDEXES", str(tmp_path))
    asked = ["evaluate", "answers", "--agreement", "--format", "json"]
    done = CliRunner().invoke(main, asked, catch_exceptions=False)
    assert done.exit_code == 0
    rows = json.loads(done.output)["agreement"]["rows"]["readers"]
    assert rows["read_twice"] == len(read_answer_labels(PROJECT / "data" / SECOND_LABELS)) >= 300
    assert not list(tmp_path.iterdir())
