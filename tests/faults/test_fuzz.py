"""Every reader, given damaged files: it reads them, or refuses them by a clear error, within ten
seconds and a GiB."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.readers import READERS
from tests.faults.seeds import write
from tests.faults.workers import Case, run

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("CONCORD_FAULTS_SEED", "1"))
INPUTS = int(os.environ.get("CONCORD_FUZZ", "20000"))


@pytest.mark.faults
def test_damaged_and_hostile_files_are_read_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _check([*_hostile(tmp_path), *_damaged(INPUTS)], capsys)


def test_a_few_damaged_files_are_read_or_refused(capsys: pytest.CaptureFixture[str]) -> None:
    _check(_damaged(200), capsys)


def _check(cases: Sequence[Case], capsys: pytest.CaptureFixture[str]) -> None:
    found = run(iter(cases), SEED, processes=os.cpu_count() or 1)
    lines = [f"{'reader':12} {'inputs':>7} {'read':>7} {'refused':>8} {'failed':>7} {'slowest':>8}"]
    for name, counts in found.counts.items():
        failed = counts.total() - counts["read"] - counts["refused"]
        lines.append(
            f"{name:12} {counts.total():7,} {counts['read']:7,} {counts['refused']:8,} "
            f"{failed:7,} {found.slowest[name]:6.1f} s"
        )
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert not found.failures, "\n\n".join(found.failures[:20])
    assert sum(counts.total() for counts in found.counts.values()) == len(cases)


def _damaged(inputs: int) -> list[Case]:
    """Of each reader its share."""
    whole = sum(reader.share for reader in READERS.values())
    return [
        Case(name, number)
        for name, reader in READERS.items()
        for number in range(-(-inputs * reader.share // whole))
    ]


def _hostile(folder: Path) -> list[Case]:
    """Files that were made to do harm, each written in a folder of its own."""
    found = []
    for name, reader in READERS.items():
        for number, files in enumerate(reader.hostile()):
            own = folder / f"{name}-{number}"
            write(own, dict(files))
            found.append(Case(name, number, own, next(iter(files))))
    return found
