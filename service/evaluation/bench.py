"""`make bench`: the goals' figures, as ratios within one run on one machine.

python -m service.evaluation.bench --corpus DIR [--from 2000] [--to 2023] [--indexes DIR]

The first run imports and builds (half an hour on two cores for 2000-2023) into its own folder;
later runs find it there and measure only what is asked of a finished build.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from service.comparison import Comparator
from service.inference import most_operations
from service.retrieval.encoder import DEFAULT_MODEL, open_encoder
from service.retrieval.generations import Generations
from service.retrieval.index import bare_scan
from service.retrieval.library import texts_in_order
from service.retrieval.packaged_model import model_folder
from service.settings import PROJECT, Settings

QUERIES = (
    "Security Council sanctions must be strictly enforced by every Member State.",
    "We oppose double standards and selectivity in the fight against terrorism.",
    "True multilateralism must be upheld with the United Nations at its core.",
    "The right of veto should be abolished.",
    "Developed countries must double their finance for adaptation to climate change.",
    "The embargo against Cuba must be lifted.",
    "Nuclear weapons must be eliminated completely.",
    "Africa deserves permanent seats in the Security Council.",
    "Debt of the poorest countries must be cancelled.",
    "Only two States side by side can bring peace to Israelis and Palestinians.",
)
ENCODED = 2_000
REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--from", dest="first", default="2000")
    parser.add_argument("--to", dest="last", default="2023")
    parser.add_argument("--indexes", type=Path, default=PROJECT / "indexes" / "bench")
    given = parser.parse_args()
    os.environ["CONCORD_INDEXES"] = str(given.indexes.resolve())
    results: dict[str, Any] = {"build": bench_build(given.corpus, given.first, given.last)}
    results["encode"] = bench_encoding(given.indexes)
    build, rate = results["build"], results["encode"]["claims_per_s"]
    # Encoding is all but a few per cent of a first build.
    build["second_build_over_encoding_all"] = round(
        build["second_build_s"] / (build["claims"] / rate), 5
    )
    results["search"] = bench_search()
    results["start"] = bench_start()
    print(json.dumps(results, indent=2))


def bench_build(corpus: Path, first: str, last: str) -> dict[str, Any]:
    """Import and build where nothing is there yet, then build again with nothing changed."""
    service = [sys.executable, "-m", "service"]
    found: dict[str, Any] = {}
    indexes = Settings().indexes
    if Generations(indexes).current_id() is None:
        # What an earlier run imported, perhaps not all, may be there: it isn't imported twice.
        command = [*service, "import", "ungdc", str(corpus), "--from", first, "--to", last]
        found["import_s"] = round(_timed(command), 1)
        found["first_build_s"] = round(_timed([*service, "build"]), 1)
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        found["peak_memory_mb"] = round(memory / (1024 if sys.platform == "linux" else 1024**2))
    else:
        _timed([*service, "build"])  # brings an older import up to date
    found["second_build_s"] = round(_timed([*service, "build"]), 1)
    found["claims"] = Comparator().generations.current().manifest.claims
    return found


def bench_encoding(indexes: Path) -> dict[str, Any]:
    """The same sentences through both paths, alternating, so that a busy machine hits both."""
    generation = Comparator().generations.current_id()
    texts = texts_in_order(indexes / "generations" / str(generation) / "library.sqlite")
    rng = np.random.default_rng(1)
    sample = [texts[i] for i in rng.choice(len(texts), min(ENCODED, len(texts)), replace=False)]
    ours = open_encoder(DEFAULT_MODEL, Settings().models)
    reference = open_encoder(f"torch:{DEFAULT_MODEL}", Settings().models)
    ours.encode(sample[:64])
    reference.encode(sample[:64])
    times: dict[str, list[float]] = {"ours": [], "reference": []}
    for _ in range(3):
        started = time.perf_counter()
        expected = reference.encode(sample)
        times["reference"].append(time.perf_counter() - started)
        started = time.perf_counter()
        vectors = ours.encode(sample)
        times["ours"].append(time.perf_counter() - started)
    mine, theirs = (statistics.median(times[name]) for name in ("ours", "reference"))
    done, limit = _operations(sample) / mine, most_operations()
    return {
        "sentences": len(sample),
        "claims_per_s": round(len(sample) / mine, 1),
        "reference_per_s": round(len(sample) / theirs, 1),
        "ratio": round(theirs / mine, 2),
        "largest_difference": float(np.abs(vectors - expected).max()),
        "gflops": round(done / 1e9, 1),
        "share_of_what_a_large_product_reaches": round(done / limit, 2),
    }


def _operations(texts: list[str]) -> float:
    """Of the transformer's matrix products, a multiplication and an addition counted as two."""
    model = model_folder()
    config = json.loads((model / "config.json").read_text("utf-8"))
    hidden, inner, layers = (
        config[name] for name in ("hidden_size", "intermediate_size", "num_hidden_layers")
    )
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    lengths = np.array([len(e.ids) for e in tokenizer.encode_batch_fast(texts)], np.float64)
    dense = lengths * 2 * (4 * hidden**2 + 2 * hidden * inner)
    attention = 4 * lengths**2 * hidden
    return float(layers * (dense + attention).sum())


def bench_search() -> dict[str, Any]:
    """Encode, filtered exact search and texts, against a bare FAISS flat scan for ten rows.
    Stances are off: what judging adds, `evaluate cost` measures."""
    comparator = Comparator(Settings(stance_model=None))
    generation = comparator.generation
    scan = bare_scan(generation.index.vectors(slice(None)))
    vectors = [comparator.encoder.encode([query])[0] for query in QUERIES]
    asked: dict[str, Callable[[str], Any]] = {
        "by_state": lambda q: comparator.search(q, exclude=["CHN"]),
        "ungrouped": lambda q: comparator.search(q, exclude=["CHN"], group_by="none", limit=10),
        "topic_and_years": lambda q: comparator.search(
            q, exclude=["CHN"], topics=["un-reform"], **{"from": "2015"}
        ),
    }
    for query in QUERIES:
        asked["by_state"](query)
    times: dict[str, list[float]] = {"bare_scan": [], **{name: [] for name in asked}}
    for _ in range(REPEATS):
        for query, vector in zip(QUERIES, vectors, strict=True):
            started = time.perf_counter()
            scan(vector)
            times["bare_scan"].append(time.perf_counter() - started)
            for name, ask in asked.items():
                started = time.perf_counter()
                ask(query)
                times[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "claims": generation.index.count,
        "median_ms": {name: round(value * 1e3, 2) for name, value in medians.items()},
        "ratio_to_bare_scan": {
            name: round(medians[name] / medians["bare_scan"], 2) for name in asked
        },
    }


def bench_start() -> dict[str, Any]:
    """From process start to the first answer on the bundled index, in fresh processes; without
    stances, and with them as the default is."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"CONCORD_INDEXES": folder}
        _timed([sys.executable, "-m", "service", "build"], environment)
        ask = [sys.executable, "-m", "service", "search", QUERIES[0], "--exclude", "CHN"]
        load = [
            sys.executable, "-c",
            "from sentence_transformers import SentenceTransformer as S;"
            "from service.retrieval.packaged_model import model_folder as m;"
            "S(str(m()), device='cpu', local_files_only=True)",
        ]  # fmt: skip
        ours, judging, reference = [], [], []
        for _ in range(5):
            ours.append(_timed([*ask, "--stance", "off"], environment))
            judging.append(_timed(ask, environment))
            reference.append(_timed(load, environment))
    mine, theirs = statistics.median(ours), statistics.median(reference)
    return {
        "first_answer_s": round(mine, 2),
        "first_judged_answer_s": round(statistics.median(judging), 2),
        "load_reference_s": round(theirs, 2),
        "ratio": round(mine / theirs, 3),
    }


def _timed(command: list[str], environment: dict[str, str] | None = None) -> float:
    started = time.perf_counter()
    subprocess.run(
        command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
