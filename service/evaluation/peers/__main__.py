"""`make bench-peers`: python -m service.evaluation.peers [--indexes DIR] [--claims N] [--write]

This service and the field (roster.py), on the current generation's vectors, each in a process of
its own, one after the other: built with two threads, then asked the wordings of the issues under
seven filters. The peers' environment (gigabytes) is made at the first run. Every query's time
counts, but for a few that warm up. Figures count where nothing else runs on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.catalogue import load_blocs, load_issues
from service.errors import ConcordError
from service.evaluation.peers.dataset import export, shares, wordings
from service.evaluation.peers.measuring import Bench, Limits
from service.evaluation.peers.report import markdown, save_figure, write
from service.evaluation.peers.roster import ROSTER, Entry, Environment
from service.evaluation.peers.truth import brute_force
from service.inference import cores
from service.retrieval.encoder import DEFAULT_MODEL, open_encoder
from service.retrieval.generations import Generations
from service.settings import PROJECT, Settings

MOST = 10  # rows asked for
RESULTS = "results.json"


def main() -> None:
    given = _arguments()
    try:
        earlier = given.results and json.loads(given.results.read_text("utf-8"))
        results = earlier or measure(given)
        save_figure(results, given.out)
        if given.write:
            write(results, PROJECT / "README.md", PROJECT / "docs")
    except ConcordError as error:
        sys.exit(str(error))
    print(markdown(results))


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Results so far are written after each peer."""
    chosen = [ROSTER[name] for name in given.peers or ROSTER]
    environment = Environment(given.out)
    if not all(entry.ours for entry in chosen):
        environment.install()
    generation = Generations(given.indexes).current()
    dataset_folder, built = given.out / "dataset", given.out / "built"
    for folder in (dataset_folder, built):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    encoder = open_encoder(DEFAULT_MODEL, Settings().models)
    texts = wordings(load_issues(PROJECT / "data"), given.queries)
    dataset = export(
        generation, load_blocs(PROJECT / "data"), encoder.encode(texts), dataset_folder,
        most=given.claims,
    )  # fmt: skip
    results: dict[str, Any] = {
        "about": {
            "claims": len(dataset),
            "dimension": dataset.vectors.shape[1],
            "queries": len(texts),
            "most": MOST,
            "shares": shares(dataset),
            "machine": _machine(),
            "generation": generation.manifest.id,
            "measured": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": _command(given),
        },
        "peers": {},
    }
    limits = Limits(
        build_s=60 * given.build_minutes,
        start_s=60 * given.build_minutes,
        asking_s=60 * given.minutes,
        memory_mb=1024 * given.memory,
    )
    print(f"{len(dataset):,} claims; brute force first", file=sys.stderr)
    bench = Bench(dataset, brute_force(dataset, MOST), built, limits)
    for entry in chosen:
        results["peers"][entry.name] = _one(bench, entry, environment) | {"ours": entry.ours}
        (given.out / RESULTS).write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    shutil.rmtree(dataset_folder)
    return results


def _one(bench: Bench, entry: Entry, environment: Environment) -> dict[str, Any]:
    if entry.needs in environment.missing:
        why = f"not installed: {environment.missing[entry.needs]}"
        found = {"configured": entry.configured, "failed": why, "filters": {}}
    else:
        found = bench.measured(entry, environment.python)
    print(f"{entry.name}: {found['failed'] or 'done'}", file=sys.stderr, flush=True)
    return found


def _command(given: argparse.Namespace) -> str:
    """That repeats this, without where its files are."""
    default = _parser().parse_args([])
    named = {"claims": given.claims, "queries": given.queries, "minutes": given.minutes,
             "build_minutes": given.build_minutes, "memory": given.memory}  # fmt: skip
    options = [
        f"--{name.replace('_', '-')} {value}"
        for name, value in named.items()
        if value != getattr(default, name)
    ]
    if given.peers:
        options.append(f"--peers '{','.join(given.peers)}'")
    return 'make bench-peers PEERS="' + " ".join(options) + '"' if options else "make bench-peers"


def _machine() -> str:
    """Its processor, as the system calls it, and how many cores may be used."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{name}, {cores()} cores, {memory:.0f} GB"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m service.evaluation.peers", description="This service and the field."
    )
    parser.add_argument("--indexes", type=Path, default=PROJECT / "indexes" / "bench",
                        help="the folder of the generation, as `make bench` fills it")  # fmt: skip
    parser.add_argument("--claims", type=int, help="so many of them, in whole statements")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--peers", type=_names, help=f"some of {', '.join(ROSTER)}")
    parser.add_argument("--minutes", type=float, default=1.5, help="of questions to each")
    parser.add_argument("--build-minutes", type=float, default=15.0, help="at most, of each")
    parser.add_argument("--memory", type=float, default=16.0, help="GB at most, of each")
    parser.add_argument("--out", type=Path, default=PROJECT / "indexes" / "peers",
                        help="the peers' environment, what they build, results")  # fmt: skip
    parser.add_argument("--results", type=Path, help="of an earlier run: measure nothing")
    parser.add_argument("--write", action="store_true", help="into the README and docs")
    return parser


def _arguments() -> argparse.Namespace:
    given = _parser().parse_args()
    given.out = given.out.resolve()
    given.out.mkdir(parents=True, exist_ok=True)
    return given


def _names(given: str) -> list[str]:
    by_name = {name.casefold(): name for name in ROSTER}
    found = []
    for name in given.split(","):
        if name.strip().casefold() not in by_name:
            raise argparse.ArgumentTypeError(f"{name.strip()!r} is none of {', '.join(ROSTER)}")
        found.append(by_name[name.strip().casefold()])
    return found


if __name__ == "__main__":
    main()
