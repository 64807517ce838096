"""What is being read stays readable: through switches, deletions, and generations that can't be
used."""

from __future__ import annotations

import gc
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from service.retrieval import generations as module
from service.retrieval.build import Builder
from service.retrieval.generations import Generation, Generations
from service.retrieval.manifest import COLUMNS, LIBRARY
from service.retrieval.store import StatementStore
from tests.conftest import TOPICS, BuildToy, Quiet, ToyEncoder, statement

FIRST = statement("FRA", "2020", "abolish veto", "cancel debt")
SECOND = statement("NOR", "2021", "keep veto")


def test_a_deleted_generation_is_still_read_by_who_holds_it(
    build_toy: BuildToy, tmp_path: Path
) -> None:
    """By threads that never read it before, more of them than connections are open."""
    first = build_toy([FIRST]).manifest.id
    reader = Generations(tmp_path)
    held = reader.current()
    build_toy([SECOND])
    shutil.rmtree(tmp_path / "generations" / first)
    assert reader.current() is not held
    query = ToyEncoder().encode(["abolish veto"])[0]
    start, failures = threading.Barrier(16), list[BaseException]()

    def use() -> None:
        try:
            start.wait(10)
            for _ in range(50):
                (record,) = held.library.records([1])
                assert record.claim.text == "cancel debt"
                assert held.library.claim(FIRST.claims[0].id).row == 0
                assert held.library.matches("veto")[0].tolist() == [0]
                assert held.index.scores(query)[0] == pytest.approx(1)
                np.testing.assert_allclose(held.index.vectors(0), query, atol=1e-5)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_what_nobody_holds_is_closed(build_toy: BuildToy, tmp_path: Path) -> None:
    build_toy([FIRST])
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("this system doesn't list open files")

    def open_libraries() -> int:
        gc.collect()
        found = [path.readlink().name for path in descriptors.iterdir() if path.exists()]
        return found.count(LIBRARY)

    before = open_libraries()
    reader = Generations(tmp_path)
    held: Generation | None = reader.current()
    assert open_libraries() == before + 1
    build_toy([SECOND])
    reader.current()
    held = None  # noqa: F841
    assert open_libraries() == before + 1


def test_others_go_on_with_the_old_one_while_one_opens_the_new(
    build_toy: BuildToy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_toy([FIRST])
    reader = Generations(tmp_path)
    old = reader.current()
    build_toy([SECOND])
    opening, go = threading.Event(), threading.Event()

    class Slow(Generation):
        def __init__(self, *arguments: object) -> None:
            opening.set()
            assert go.wait(10)
            super().__init__(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "Generation", Slow)
    found: list[Generation] = []
    opener = threading.Thread(target=lambda: found.append(reader.current()))
    opener.start()
    assert opening.wait(10)
    assert reader.current() is old  # at once
    go.set()
    opener.join()
    assert found[0].manifest.claims == 3
    assert reader.current() is found[0]


@pytest.mark.parametrize("name", [COLUMNS, LIBRARY, "manifest.json"])
def test_a_new_one_that_cannot_be_used_leaves_the_old_one_served(
    build_toy: BuildToy,
    tmp_path: Path,
    name: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build_toy([FIRST])
    reader = Generations(tmp_path)
    old = reader.current()
    new = build_toy([SECOND]).manifest.id
    path = tmp_path / "generations" / new / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    for _ in range(3):
        assert reader.current() is old
    said = [r for r in caplog.records if r.levelname == "ERROR"]
    assert len(said) == 1  # not once a request
    assert new in said[0].getMessage()
    assert Generations(tmp_path).current().manifest.id == old.manifest.id  # after a restart too
    path.write_bytes(whole)
    monkeypatch.setattr(module, "TRY_AGAIN_S", 0.0)
    reader._refused = None
    assert reader.current().manifest.id == new


def test_damaged_content_of_the_right_size(build_toy: BuildToy, tmp_path: Path) -> None:
    build_toy([FIRST])
    reader = Generations(tmp_path)
    old = reader.current()
    new = build_toy([SECOND]).manifest.id
    path = tmp_path / "generations" / new / COLUMNS
    path.write_bytes(bytes(path.stat().st_size))
    assert reader.current() is old
    assert Generations(tmp_path).current().manifest.id == old.manifest.id


def test_one_of_another_encoder_is_not_taken(build_toy: BuildToy, tmp_path: Path) -> None:
    build_toy([FIRST])
    reader = Generations(tmp_path)
    old = reader.current(ToyEncoder.fingerprint)
    other = ToyEncoder()
    other.name, other.fingerprint = "other", "1" * 64
    list(StatementStore(tmp_path).put([SECOND]))
    Builder(tmp_path, other, TOPICS).build(Quiet())
    assert reader.current() is old
    assert Generations(tmp_path).current().manifest.model == "other"


def test_a_lost_pointer_leaves_what_is_open(build_toy: BuildToy, tmp_path: Path) -> None:
    build_toy([FIRST])
    reader = Generations(tmp_path)
    old = reader.current()
    (tmp_path / "CURRENT").unlink()
    assert reader.current() is old
