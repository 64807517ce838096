"""`make load`: python -m service.evaluation.load [--minutes 10] [--json FILE]

Three loads on one machine, each on Concord and on txtai's own API in turn: distinct questions to
the index of the bundled positions, distinct questions to that of 2000-2023, and the same five
hundred questions again and again. For each, the highest rate that the server holds is searched by
short probes; then it is asked at the goal's rate for `--minutes` (txtai for two at most). An hour
in all. Figures count where nothing else runs on the machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from service.errors import ConcordError
from service.evaluation.load.peer import COMPONENTS, Peer
from service.evaluation.load.scenarios import SCENARIOS, Bench
from service.evaluation.reports import Block, to_json, to_tables
from service.retrieval.generations import Generations
from service.settings import PROJECT


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m service.evaluation.load", description="How many searches a second?"
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="of each load")
    parser.add_argument("--probe", type=float, default=20.0, help="seconds of each probe")
    parser.add_argument("--rate", type=float, help="ask at this rate instead of the goals'")
    parser.add_argument("--no-search", action="store_true", help="don't search the highest rate")
    parser.add_argument("--only", choices=list(SCENARIOS), action="append")
    parser.add_argument("--peer", choices=["none", *COMPONENTS], action="append")
    parser.add_argument("--indexes", type=Path, default=PROJECT / "indexes" / "bench",
                        help="the folder that `make bench` filled")  # fmt: skip
    parser.add_argument("--json", type=Path, help="write the figures there too")
    given = parser.parse_args()
    peers = given.peer or list(COMPONENTS)
    bundled = PROJECT / "indexes" / "load"
    if Generations(bundled).current_id() is None:
        subprocess.run(
            [sys.executable, "-m", "service", "build"],
            check=True,
            env=os.environ | {"CONCORD_INDEXES": str(bundled)},
        )
    bench = Bench(
        folders={"bundled": bundled, "2000-2023": given.indexes},
        peer=Peer(PROJECT / "indexes" / "peers"),
        peers=[] if "none" in peers else peers,
        seconds=given.minutes * 60,
        probe_s=given.probe,
        rate=given.rate,
        search=not given.no_search,
    )
    blocks: list[Block] = []
    refused = False
    for name in given.only or SCENARIOS:
        try:
            blocks.append(bench.run(SCENARIOS[name]))
        except ConcordError as error:
            refused = True
            print(f"{name}: {error}", file=sys.stderr)
            continue
        print(to_tables(blocks[-1:]), end="\n\n", flush=True)
        if given.json:
            given.json.write_text(to_json(blocks) + "\n", "utf-8")
    sys.exit(refused)


if __name__ == "__main__":
    main()
