"""`make bench-record`: the whole record's figures, as ratios within one run on one machine.

python -m service.evaluation.record --corpus DIR [--indexes DIR] [--only search,answers,...]
    [--from YEAR] [--to YEAR]

The first run imports and builds all of 1946-2023 (1.2 million claims, an hour and a half on two
cores); later runs find it there. On what `make bench` built: `--from 2000 --indexes indexes/bench`.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.evaluation.bench import bench_build
from service.evaluation.record.answers import bench_answers, bench_start
from service.evaluation.record.growth import bench_growth
from service.evaluation.record.nearest import bench_search
from service.evaluation.record.sizes import bench_sizes
from service.evaluation.record.sizing import bench_sizing
from service.settings import PROJECT

PARTS: dict[str, Callable[[Path], Any]] = {
    "search": bench_search,
    "answers": bench_answers,
    "start": bench_start,
    "sizes": bench_sizes,
    "growth": bench_growth,
    "sizing": bench_sizing,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--indexes", type=Path, default=PROJECT / "indexes" / "record")
    parser.add_argument("--only", default=",".join(PARTS), help="of " + ", ".join(PARTS))
    parser.add_argument("--from", dest="first", default="1946")
    parser.add_argument("--to", dest="last", default="2023")
    given = parser.parse_args()
    os.environ["CONCORD_INDEXES"] = str(given.indexes.resolve())
    built = bench_build(given.corpus, given.first, given.last)
    print(json.dumps({"build": built}, indent=2), flush=True)
    for name in given.only.split(","):
        print(json.dumps({name: PARTS[name](given.indexes)}, indent=2), flush=True)


if __name__ == "__main__":
    main()
