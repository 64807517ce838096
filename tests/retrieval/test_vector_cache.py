from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.retrieval.vector_cache import VectorCache
from tests.conftest import ToyEncoder


def test_a_text_is_encoded_once(tmp_path: Path, toy: ToyEncoder) -> None:
    cache = VectorCache(tmp_path, toy)
    assert cache.embed(["a b", "c", "a b"]) == 2
    assert cache.embed(["c", "d"]) == 1
    assert toy.encoded == 3
    again = VectorCache(tmp_path, ToyEncoder())
    assert again.missing(["a b", "c", "d"]) == []
    assert np.array_equal(again.vectors(["d", "a b"]), toy.encode(["d", "a b"]))


def test_half_written_rows_are_cut_off(tmp_path: Path, toy: ToyEncoder) -> None:
    """As a process leaves them that is killed between or within its two writes."""
    cache = VectorCache(tmp_path, toy)
    cache.embed(["a", "b"])
    (folder,) = tmp_path.iterdir()
    with (folder / "rows.f32").open("ab") as file:
        file.write(b"\x01" * 77)
    with (folder / "keys.bin").open("ab") as file:
        file.write(b"\x02" * 5)
    reopened = VectorCache(tmp_path, toy)
    assert len(reopened) == 2
    reopened.embed(["c"])
    assert np.array_equal(reopened.vectors(["c", "a"]), toy.encode(["c", "a"]))


def test_a_damaged_row_is_made_anew(
    tmp_path: Path, toy: ToyEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    VectorCache(tmp_path, toy).embed(["a", "b", "c"])
    (folder,) = tmp_path.iterdir()
    rows = bytearray((folder / "rows.f32").read_bytes())
    rows[toy.dimension * 4 + 3] ^= 0x80  # the sign of a number: the row's length stays
    (folder / "rows.f32").write_bytes(rows)
    reopened = VectorCache(tmp_path, toy)
    assert reopened.missing(["a", "b", "c"]) == ["b"]
    assert "rows.f32" in caplog.text
    reopened.embed(["b", "d"])
    texts = ["a", "b", "c", "d"]
    assert np.array_equal(reopened.vectors(texts), toy.encode(texts))
    assert np.array_equal(VectorCache(tmp_path, toy).vectors(texts), toy.encode(texts))


def test_rows_from_before_there_were_sums_are_kept(tmp_path: Path, toy: ToyEncoder) -> None:
    VectorCache(tmp_path, toy).embed(["a", "b"])
    (folder,) = tmp_path.iterdir()
    (folder / "sums.crc32").unlink()
    assert VectorCache(tmp_path, toy).missing(["a", "b"]) == []
    assert (folder / "sums.crc32").stat().st_size == 8


def test_models_do_not_share_vectors(tmp_path: Path, toy: ToyEncoder) -> None:
    VectorCache(tmp_path, toy).embed(["a"])
    other = ToyEncoder()
    other.fingerprint = "1" * 64
    assert VectorCache(tmp_path, other).missing(["a"]) == ["a"]
