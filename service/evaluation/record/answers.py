"""Whole answers, stances off, beside the encoding of one query; and a service's start."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from service.evaluation.record.measuring import each_ms, propositions, run, seconds
from service.settings import Settings

_ROUNDS, _STARTS = 3, 5


def bench_answers(indexes: Path) -> Any:
    """In a process of its own, whose resident memory is read at the end."""
    code = (
        "import json; from service.evaluation.record import answers; "
        "print(json.dumps(answers.answers()))"
    )
    environment = os.environ | {"CONCORD_INDEXES": str(indexes.resolve())}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, env=environment, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def answers() -> dict[str, Any]:
    from service.comparison import Comparator

    comparator = Comparator(Settings(stance_model=None))
    texts = propositions()
    encoding: list[float] = []
    took: list[float] = []
    for _ in range(_ROUNDS):
        encoding += each_ms(lambda text: comparator.encoder.encode([text]), texts)
        took += each_ms(lambda text: comparator.search(text, exclude=["CHN"]), texts)
    encode, median = statistics.median(encoding), statistics.median(took)
    return {
        "claims": comparator.generation.index.count,
        "encode_ms": round(encode, 2),
        "answer_ms": round(median, 2),
        "answer_over_encode": round(median / encode, 2),
        "p99_over_median": round(float(np.quantile(took, 0.99)) / median, 2),
        **_memory(),
    }


def bench_start(indexes: Path) -> dict[str, Any]:
    """From process start to the first answer: here, and on the bundled index."""
    ask = [sys.executable, "-m", "service", "search", propositions()[0], "--stance", "off"]
    here = os.environ | {"CONCORD_INDEXES": str(indexes.resolve())}
    with tempfile.TemporaryDirectory() as folder:
        bundled = os.environ | {"CONCORD_INDEXES": folder}
        run([sys.executable, "-m", "service", "build"], bundled)
        times: dict[str, list[float]] = {"first_answer_s": [], "bundled_s": []}
        for _ in range(_STARTS):
            times["first_answer_s"].append(seconds(lambda: run(ask, here)))
            times["bundled_s"].append(seconds(lambda: run(ask, bundled)))
    return {name: round(statistics.median(found), 2) for name, found in times.items()}


def _memory() -> dict[str, int]:
    """What is resident, and of it what is this process's own: the rest is files that are mapped,
    which processes share. Nothing where the system doesn't tell as Linux does."""
    told = Path("/proc/self/status")
    if not told.exists():
        return {}
    kilobytes = {
        line.split(":")[0]: int(line.split()[1])
        for line in told.read_text().splitlines()
        if line.startswith(("VmRSS", "RssAnon"))
    }
    return {
        "resident_mb": round(kilobytes["VmRSS"] / 1e3),
        "of_it_own_mb": round(kilobytes.get("RssAnon", 0) / 1e3),
    }
