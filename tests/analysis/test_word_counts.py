"""What counts as a word, and how often."""

from __future__ import annotations

from service.analysis.word_counts import word_counts


def test_words_of_enough_texts_are_counted() -> None:
    said = ["The veto, the VETO and 15 seats.", "A veto? Réforme!", "Veto: réforme of seats", "r é"]
    found = word_counts(said)
    assert found.words == ("veto",)
    assert found.counts.toarray().tolist() == [[2], [1], [1], [0]]
    assert found.totals().tolist() == [2, 1, 1, 0]
    found = word_counts([*said, "Seats for réforme"])
    assert found.words == ("réforme", "seats", "veto")
    assert found.counts.toarray().T.tolist() == [[0, 1, 1, 0, 1], [1, 0, 1, 0, 1], [2, 1, 1, 0, 0]]


def test_there_may_be_no_word() -> None:
    for said in ([], ["of the", "and so"], ["one", "two", "three"]):
        found = word_counts(said)
        assert (found.words, found.counts.shape) == ((), (len(said), 0))
        assert found.totals().tolist() == [0] * len(said)
