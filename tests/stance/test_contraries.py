from __future__ import annotations

from pathlib import Path

import numpy as np

from service.domain.issues import Issue, Issues
from service.stance.contraries import Contraries
from tests.conftest import ToyEncoder

ISSUES = Issues(
    [
        Issue("V", "abolish the veto", "keep veto power", ("end veto now",), ("veto is needed",)),
        Issue("D", "cancel all debt", "repay every loan"),
    ]
)


def ask(contraries: Contraries, text: str) -> tuple[str, str] | None:
    found = contraries.of(ToyEncoder().encode([text])[0])
    return (found.issue, found.contrary) if found else None


def test_each_side_has_the_other_as_its_contrary(tmp_path: Path) -> None:
    contraries = Contraries(ISSUES, ToyEncoder(), tmp_path)
    assert ask(contraries, "abolish the veto") == ("V", "keep veto power")
    assert ask(contraries, "end veto now") == ("V", "keep veto power")
    assert ask(contraries, "veto is needed") == ("V", "abolish the veto")
    assert ask(contraries, "cancel all debt") == ("D", "repay every loan")
    assert ask(contraries, "fishing quotas here") is None


def test_both_sides_are_asked_in_all_their_wordings(tmp_path: Path) -> None:
    encoder = ToyEncoder()
    query = encoder.encode(["end veto now"])[0]
    sides = Contraries(ISSUES, encoder, tmp_path).of(query)
    assert sides is not None
    claims = encoder.encode(["the veto is bad", "keep it", "fish"])
    holds = claims @ encoder.encode(["abolish the veto", "end veto now"]).T
    denies = claims @ encoder.encode(["keep veto power", "veto is needed"]).T
    assert np.allclose(claims @ sides.holds, (claims @ query + holds.mean(axis=1)) / 2, atol=1e-6)
    assert np.allclose(claims @ sides.denies, (denies[:, 0] + denies.mean(axis=1)) / 2, atol=1e-6)


def test_wordings_are_encoded_once_and_anew_when_they_change(tmp_path: Path) -> None:
    encoder = ToyEncoder()
    Contraries(ISSUES, encoder, tmp_path)
    encoded = encoder.encoded
    Contraries(ISSUES, encoder, tmp_path)
    assert encoder.encoded == encoded
    (kept,) = tmp_path.glob("issues-*.npy")
    kept.write_bytes(b"cut off")
    Contraries(ISSUES, encoder, tmp_path)
    assert encoder.encoded == 2 * encoded
    Contraries(Issues([Issue("N", "new words", "old words")]), encoder, tmp_path)
    assert len(list(tmp_path.glob("issues-*.npy"))) == 1


def test_without_issues_there_is_no_contrary(tmp_path: Path) -> None:
    assert ask(Contraries(Issues([]), ToyEncoder(), tmp_path), "abolish the veto") is None
