"""Files that are damaged or of another model: a whole generation is served, or a clear message."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random

import pytest

from service.retrieval.build import Builder
from service.retrieval.generations import Generations
from service.retrieval.manifest import FILES
from tests.conftest import TOPICS, Quiet, ToyEncoder, statement
from tests.faults.places import SEARCH, SEED, Place, current, earlier

pytestmark = pytest.mark.slow


def damage(path: Path, how: str, rng: Random) -> None:
    """Flip bytes of a file, or cut it off. It is replaced, as a disk's repair would: a file that is
    cut off in place takes with it whoever has it mapped."""
    content = bytearray(path.read_bytes())
    if how == "truncated":
        del content[rng.randrange(len(content)) :]
    else:
        # A database's first page tells most; of the others a change may hit nothing that is used.
        most = min(len(content), 4096) if path.suffix == ".sqlite" else len(content)
        for _ in range(200 if path.suffix == ".sqlite" else 5):
            content[rng.randrange(most)] ^= 1 << rng.randrange(8)
    aside = path.with_name(".damaged")
    aside.write_bytes(content)
    aside.replace(path)


@pytest.mark.faults
@pytest.mark.parametrize("how", ["flipped", "truncated"])
@pytest.mark.parametrize("name", [*FILES, "manifest.json", "CURRENT"])
def test_a_damaged_generation(place: Place, name: str, how: str) -> None:
    """The one before it is served, by a service that starts and by one that was running; a build
    mends it."""
    last, before = current(place), earlier(place)
    path = place.indexes / name
    if name != "CURRENT":
        path = place.indexes / "generations" / last / name
    with place.serving() as service:
        damage(path, how, Random(f"{SEED} {name} {how}"))
        assert service.generation() == last  # opened before
        # Of a damaged pointer nobody can tell to which one it pointed.
        whole = (last, before) if name == "CURRENT" else (before,)
        process = place.start(*SEARCH)
        out, err = process.communicate(timeout=60)
        assert json.loads(out)["generation"] in whole
        assert name.removesuffix(".json") in err
        assert "Traceback" not in err
        with place.serving() as new:
            # It builds what it finds missing, by itself.
            assert new.generation() in (before, last)
        place.run("build")
        assert current(place) == last
        assert service.generation() == last
    assert json.loads(place.run(*SEARCH))["generation"] == last


def test_the_only_generation_is_damaged(place: Place) -> None:
    last = current(place)
    shutil.rmtree(place.indexes / "generations" / earlier(place))
    damage(place.indexes / "generations" / last / "columns.npz", "truncated", Random(SEED))
    line = place.refused(*SEARCH)
    assert "columns.npz" in line
    assert "python -m service build" in line
    place.run("build")
    assert json.loads(place.run(*SEARCH))["generation"] == last


@pytest.mark.faults
@pytest.mark.parametrize("how", ["flipped", "truncated"])
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("statements.sqlite", ("remove", "own-0")),
        ("corrections.sqlite", ("corrections",)),
        ("accounts.sqlite", ("keys", "list")),
    ],
)
def test_a_damaged_database(place: Place, name: str, command: tuple[str, ...], how: str) -> None:
    before = current(place)
    for extra in ("-wal", "-shm"):
        (place.indexes / f"{name}{extra}").unlink(missing_ok=True)
    damage(place.indexes / name, how, Random(f"{SEED} {name} {how}"))
    assert name in place.refused(*command)
    with place.serving() as service:
        assert service.generation() == before
    assert current(place) == before


@pytest.mark.faults
def test_damaged_vectors_are_made_anew(place: Place) -> None:
    """Each file of those kept from build to build; the index is what it would be without them."""
    rng = Random(SEED)
    (kept,) = (place.indexes / "vectors").iterdir()
    right = Generations(place.indexes).current()
    texts = [record.claim.text for record in right.library.records(range(right.index.count))]
    vectors = dict(zip(texts, right.index.vectors(slice(None)), strict=True))
    for number, path in enumerate(sorted(kept.iterdir()), start=10):
        for how in ("flipped", "truncated"):
            damage(path, how, rng)
            place.run(*place.import_(number))
            place.run("build")
            found = Generations(place.indexes).current()
            for record in found.library.records(range(found.index.count)):
                if record.claim.text in vectors:
                    made = found.index.vectors(record.row)
                    assert abs(made - vectors[record.claim.text]).max() < 1e-5


@pytest.mark.faults
def test_a_generation_of_another_model(place: Place) -> None:
    """The last one of the service's own model is served, and the log says why."""
    last = current(place)
    with place.serving() as service:
        toy = Builder(place.indexes, ToyEncoder(), TOPICS, [statement("FRA", "2020", "no veto")])
        other = toy.build(Quiet()).manifest.id
        assert current(place) == other
        assert service.generation() == last
    assert other in service.said
    process = place.start(*SEARCH)
    out, err = process.communicate(timeout=60)
    assert json.loads(out)["generation"] == last
    assert "CONCORD_MODEL=toy" in err
    for manifest in Generations(place.indexes).all():
        if manifest.id != other:
            shutil.rmtree(place.indexes / "generations" / manifest.id)
    line = place.refused(*SEARCH)
    assert other in line
    assert "CONCORD_MODEL=toy" in line
