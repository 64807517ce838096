"""Small real things: a toy encoder with exact vectors, and generations built with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from service.cluster.cluster import Cluster
from service.comparison import Comparator
from service.corpus.bundled import bundled_statements
from service.domain.dates import PartialDate
from service.domain.statements import Claim, Kind, Statement
from service.retrieval.build import Builder, Built
from service.retrieval.encoder import Progress, Vectors
from service.retrieval.store import StatementStore
from service.settings import Settings
from tests.ray_head import Head, ray_head

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"
UNGDC = SHARED / "corpora" / "ungdc"
TOPICS = ("veto", "debt", "climate")


class ToyEncoder:
    """Each word has a fixed random direction; a text is the unit sum of its words."""

    name = "toy"
    fingerprint = "0" * 64
    dimension = 16

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.encoded += len(texts)
        rows = [self._vector(text) for text in texts]
        return np.array(rows, np.float32).reshape(len(texts), self.dimension)

    def truncated(self, texts: Sequence[str]) -> list[int]:
        return []

    def _vector(self, text: str) -> Vectors:
        total = np.zeros(self.dimension)
        for word in text.lower().split():
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
            total += np.random.default_rng(seed).standard_normal(self.dimension)
        return (total / np.linalg.norm(total)).astype(np.float32)


class Quiet:
    """A build's steps, told to nobody."""

    def start(self, step: str, total: int | None) -> None: ...

    def advance(self, count: int) -> None: ...


def statement(
    state: str,
    date: str,
    *texts: str,
    kinds: Sequence[Kind] = (),
    topics: Sequence[tuple[str, ...]] = (),
    number: int = 0,
    forum: str | None = "General Assembly, general debate",
) -> Statement:
    """A statement whose claims are `texts`, one a line."""
    statement_id = f"{state}_{number}_{date}"
    source = "\n".join(texts)
    claims, start = [], 0
    for i, text in enumerate(texts):
        claims.append(
            Claim(
                statement_id, start, start + len(text), text,
                kinds[i] if kinds else Kind.POSITION, topics=topics[i] if topics else (),
            )
        )  # fmt: skip
        start += len(text) + 1
    return Statement(
        statement_id, state, PartialDate(date), source, "a test", forum=forum, claims=tuple(claims)
    )


BuildToy = Callable[[Sequence[Statement]], Built]


@pytest.fixture
def toy() -> ToyEncoder:
    return ToyEncoder()


@pytest.fixture
def build_toy(tmp_path: Path, toy: ToyEncoder) -> BuildToy:
    """Stores statements under tmp_path and builds them with the toy encoder."""

    def build(statements: Sequence[Statement]) -> Built:
        list(StatementStore(tmp_path).put(statements))
        return Builder(tmp_path, toy, TOPICS).build(Quiet())

    return build


@pytest.fixture(scope="session")
def ungdc() -> Path:
    if not UNGDC.is_dir():
        pytest.skip(f"THE CORPUS IS NOT HERE: {UNGDC}; nothing about real speeches was tested")
    return UNGDC


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Comparator:
    """A comparator on a real index of the bundled positions, with the real encoder."""
    folder = tmp_path_factory.mktemp("bundled")
    comparator = Comparator(Settings(indexes=folder, stance_model=None))
    Builder(
        folder, comparator.encoder, comparator.catalogue.topics.ids,
        bundled_statements(comparator.settings.data),
    ).build(Quiet())  # fmt: skip
    return comparator


@pytest.fixture(scope="session")
def stance_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny stance model, which knows the sentences of `tests/tiny_stance.py`."""
    from tests.tiny_stance import train_tiny  # brings torch with it

    return train_tiny(tmp_path_factory.mktemp("stance"))


@pytest.fixture(scope="session")
def head() -> Iterator[Head]:
    """A Ray cluster on this machine, which the tests of a process share."""
    with ray_head() as started:
        yield started


@pytest.fixture
def cluster(head: Head, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    for name, value in head.environment.items():
        monkeypatch.setenv(name, value)
    return Cluster(head.address)
