"""Invariants 4, 5 and 6: complete or not at all, verified, and always the same answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from service.domain.dates import PartialDate
from service.domain.statements import Claim, Statement
from service.errors import ConcordError, Gone, IndexUnusable, NotFound
from service.retrieval import generations as generations_module
from service.retrieval.build import Builder
from service.retrieval.generations import Generations, exclusive
from service.retrieval.manifest import FORMAT, VECTORS, verify
from service.retrieval.store import StatementStore
from tests.conftest import PROJECT, TOPICS, BuildToy, Quiet, ToyEncoder, statement

FIRST = statement("FRA", "2020", "abolish veto", "cancel debt")
SECOND = statement("NOR", "2021", "keep veto")


def test_a_rebuild_embeds_only_what_is_new(build_toy: BuildToy, toy: ToyEncoder) -> None:
    assert build_toy([FIRST]).embedded == 2
    again = build_toy([FIRST])
    assert (again.embedded, again.changed) == (0, False)
    grown = build_toy([SECOND])
    assert (grown.embedded, grown.changed) == (1, True)
    assert toy.encoded == 3


def test_equal_content_has_an_equal_name(tmp_path: Path) -> None:
    names = []
    for folder, order in (("a", [FIRST, SECOND]), ("b", [SECOND, FIRST])):
        list(StatementStore(tmp_path / folder).put(order))
        names.append(Builder(tmp_path / folder, ToyEncoder(), TOPICS).build(Quiet()).manifest.id)
    assert names[0] == names[1]


def test_readers_switch_without_a_restart(build_toy: BuildToy, tmp_path: Path) -> None:
    build_toy([FIRST])
    reader = Generations(tmp_path)
    before = reader.current()
    build_toy([SECOND])
    assert reader.current().manifest.claims == 3
    assert before.library.records([0])[0].claim.text == "abolish veto"  # the old one still reads


def test_roll_back_and_forth(build_toy: BuildToy, tmp_path: Path) -> None:
    first = build_toy([FIRST]).manifest.id
    second = build_toy([SECOND]).manifest.id
    generations = Generations(tmp_path)
    assert generations.roll_back().id == first
    assert generations.current().manifest.id == first
    with pytest.raises(NotFound, match="no earlier"):
        generations.roll_back()
    assert generations.roll_back(second).id == second
    with pytest.raises(NotFound, match="no such generation"):
        generations.roll_back("../" + second)


def test_old_generations_are_pruned_but_never_the_current_one(
    tmp_path: Path, toy: ToyEncoder
) -> None:
    for number in range(6):
        list(
            StatementStore(tmp_path).put(
                [statement("FRA", "2020", f"veto {number}", number=number)]
            )
        )
        Builder(tmp_path, toy, TOPICS, keep=3).build(Quiet())
    generations = Generations(tmp_path)
    kept = [manifest.id for manifest in generations.all()]
    assert len(kept) == 3
    assert generations.current_id() in kept


def test_a_changed_file_is_refused_with_what_to_do(build_toy: BuildToy, tmp_path: Path) -> None:
    name = build_toy([FIRST]).manifest.id
    folder = tmp_path / "generations" / name
    path = folder / VECTORS
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(IndexUnusable, match="run `python -m service build`"):
        verify(folder)
    path.write_bytes(content[:-4])
    with pytest.raises(IndexUnusable, match="isn't the file that was built"):
        Generations(tmp_path).current()


def test_a_changed_manifest_is_refused(build_toy: BuildToy, tmp_path: Path) -> None:
    name = build_toy([FIRST]).manifest.id
    path = tmp_path / "generations" / name / "manifest.json"
    path.write_text(path.read_text().replace('"toy"', '"other"'))
    with pytest.raises(IndexUnusable, match="was changed"):
        Generations(tmp_path).current()


def test_another_format_is_refused(build_toy: BuildToy, tmp_path: Path) -> None:
    name = build_toy([FIRST]).manifest.id
    path = tmp_path / "generations" / name / "manifest.json"
    fields = json.loads(path.read_text())
    path.write_text(json.dumps(fields | {"format": FORMAT + 1}))
    with pytest.raises(IndexUnusable, match="format"):
        verify(path.parent)


def test_no_index_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(IndexUnusable, match="no index yet"):
        Generations(tmp_path).current()


def test_one_builder_at_a_time(tmp_path: Path) -> None:
    refused = pytest.raises(ConcordError, match="another import or build")
    with exclusive(tmp_path), refused, exclusive(tmp_path):
        pass
    with exclusive(tmp_path):
        pass


def test_a_rendering_gives_way_to_its_document(tmp_path: Path, toy: ToyEncoder) -> None:
    rendered = Statement(
        FIRST.id, "FRA", PartialDate("2020"), "", "a test",
        claims=(Claim(FIRST.id, 3, 9, "no veto", rendered=True),), rendered=True,
    )  # fmt: skip
    alone = Builder(tmp_path, toy, TOPICS, bundled=[rendered]).build(Quiet()).manifest
    assert (alone.claims, alone.rendered) == (1, 1)
    record = Generations(tmp_path).current().library.claim(f"{FIRST.id}:3-9")
    assert record.claim.rendered
    assert (record.before, record.after) == (None, None)
    list(StatementStore(tmp_path).put([FIRST]))
    both = Builder(tmp_path, toy, TOPICS, bundled=[rendered]).build(Quiet()).manifest
    assert (both.claims, both.rendered) == (2, 0)


def test_killed_at_any_point_a_complete_generation_remains(tmp_path: Path) -> None:
    """A second build is killed after 5, 10, 15... hundredths of a second, until one survives."""
    list(StatementStore(tmp_path).put([FIRST]))
    first = Builder(tmp_path, ToyEncoder(), TOPICS).build(Quiet()).manifest.id
    more = [
        statement("NOR", "2021", *(f"word{n} {i}" for i in range(40)), number=n) for n in range(60)
    ]
    list(StatementStore(tmp_path).put(more))
    script = textwrap.dedent(f"""
        from pathlib import Path
        from service.retrieval.build import Builder
        from tests.conftest import Quiet, ToyEncoder, TOPICS
        print("ready", flush=True)
        Builder(Path({str(tmp_path)!r}), ToyEncoder(), TOPICS).build(Quiet())
    """)
    killed = 0
    for delay in (0.02 * 1.6**n for n in range(20)):
        process = subprocess.Popen(
            [sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        finished = process.wait() == 0
        process.stdout.close()
        current = Generations(tmp_path).current()
        verify(tmp_path / "generations" / current.manifest.id)
        assert set(StatementStore(tmp_path).digests()) == {s.id for s in [FIRST, *more]}
        if current.manifest.id != first:
            break
        killed += not finished
    assert killed >= 2
    built = Builder(tmp_path, ToyEncoder(), TOPICS).build(Quiet())
    assert built.manifest.claims == 2 + 60 * 40
    assert not list((tmp_path / "generations").glob(".building-*"))
    assert os.path.exists(tmp_path / "CURRENT")  # noqa: PTH110


def test_files_are_hashed_again_only_where_one_was_touched(
    tmp_path: Path, build_toy: BuildToy, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = build_toy([statement("FRA", "2020", "peace")]).manifest
    hashed: list[str] = []
    real = generations_module.verify
    monkeypatch.setattr(
        generations_module, "verify", lambda folder: hashed.append(folder.name) or real(folder)
    )
    Generations(tmp_path).current()
    assert hashed == []  # it was when it became current
    library = Generations(tmp_path).folder(manifest.id) / "library.sqlite"
    library.touch()
    Generations(tmp_path).current()
    Generations(tmp_path).current()
    assert hashed == [manifest.id]
    content = bytearray(library.read_bytes())
    content[-1] ^= 1
    library.write_bytes(content)
    with pytest.raises(IndexUnusable, match=r"library\.sqlite"):
        Generations(tmp_path).current()


def test_an_earlier_generation_is_opened_unless_of_another_encoder(
    tmp_path: Path, build_toy: BuildToy
) -> None:
    class Other(ToyEncoder):
        name, fingerprint = "other", "other"

    first = build_toy([FIRST]).manifest
    second = build_toy([SECOND]).manifest
    found = Generations(tmp_path)
    assert found.earlier(first.id, first.fingerprint).manifest.id == first.id
    assert found.earlier(second.id, first.fingerprint).manifest.id == second.id
    with pytest.raises(Gone):
        found.earlier("nothing", first.fingerprint)
    Builder(tmp_path, Other(), TOPICS).build(Quiet())
    with pytest.raises(Gone):
        Generations(tmp_path).earlier(first.id, Other.fingerprint)
