"""The stance model as it is served, on a tiny one that the tests train."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import RobertaProcessing
from transformers import MPNetConfig, MPNetModel

from service.comparison import Comparator
from service.domain.stance import STANCES, Stance
from service.errors import CatalogueError, InvalidInput
from service.stance.classifier import Calibration, StanceModel
from service.stance.training.export import describe, quantise
from service.stance.training.fit import Example, fit, hard
from service.stance.training.network import CrossEncoder, open_tokenizer

SANCTIONS = "Sanctions decided by the Security Council must be carried out by every State."
SAID = [
    (f"we want {thing} now", said.format(thing), label)
    for thing in ("peace", "trade", "reform", "debt relief", "seats", "clean water")
    for said, label in (
        ("yes to {}", Stance.ALIGNED), ("no to {}", Stance.OPPOSED),
        ("later some {} perhaps", Stance.PARTIAL), ("{} was debated in May", Stance.UNCLEAR),
    )
]  # fmt: skip
PAIRS = [
    ("The veto must be abolished.", "We want the right of veto to disappear from the Charter."),
    ("Debt must be cancelled.", "Whoever borrows must pay back; we see no case for forgiveness."),
    ("Debt must be cancelled.", "The Bank's meeting was held in May."),
    ("No state may host foreign bases.", "Once the war has ended, foreign bases must be closed."),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real, tiny model: trained, quantised and described as the large one is."""
    work = tmp_path_factory.mktemp("stance")
    made = work / "model"
    made.mkdir()
    words = sorted({word for pair in SAID for text in pair[:2] for word in text.lower().split()})
    special = ["<s>", "<pad>", "</s>", "[UNK]"]
    tokenizer = Tokenizer(
        WordPiece({word: i for i, word in enumerate([*special, *words])}, unk_token="[UNK]")
    )
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0))
    tokenizer.save(str(made / "tokenizer.json"))
    torch.manual_seed(1)
    network = CrossEncoder(
        MPNetModel(
            MPNetConfig(
                vocab_size=len(words) + len(special), hidden_size=32, num_hidden_layers=2,
                num_attention_heads=2, intermediate_size=64, max_position_embeddings=200,
                hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
            )
        )
    )  # fmt: skip
    examples = [Example(a, b, hard(STANCES.index(label), 4)) for a, b, label in SAID]
    fit(
        network, open_tokenizer(made), examples, rate=3e-3, epochs=60, seed=1,
        checkpoint=work / "checkpoint",
    )  # fmt: skip
    quantise(network, work, made / "model.onnx")
    least = {"aligned": 0.5, "opposed": 0.5}
    describe(made, {"temperature": 1.0, "bias": [0.0] * 4, "least": least})
    return made


@pytest.fixture(scope="module")
def model(folder: Path) -> StanceModel:
    return StanceModel(folder)


def test_a_pair_has_the_same_figures_alone_and_in_a_batch(model: StanceModel) -> None:
    together = model.logits(PAIRS)
    for pair, row in zip(PAIRS, together, strict=True):
        assert np.array_equal(model.logits([pair])[0], row)
    assert np.array_equal(model.logits(PAIRS[::-1])[::-1], together)


def test_probabilities_are_probabilities(model: StanceModel) -> None:
    found = model.probabilities(PAIRS)
    assert found.shape == (len(PAIRS), len(STANCES))
    assert np.allclose(found.sum(axis=1), 1)
    assert model.probabilities([]).shape == (0, len(STANCES))


def test_it_learned_what_it_was_taught(model: StanceModel) -> None:
    """Training, quantisation, calibration and serving in one line."""
    verdicts = model.judge([(a, b) for a, b, _ in SAID])
    assert [verdict.stance for verdict in verdicts] == [label for *_, label in SAID]


def test_what_was_judged_is_remembered(model: StanceModel, monkeypatch: pytest.MonkeyPatch) -> None:
    first = model.judge(PAIRS)
    monkeypatch.setattr(model, "logits", None)  # not asked again
    assert model.judge([*PAIRS, PAIRS[0]]) == [*first, first[0]]


def test_another_file_than_the_trained_one_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    (copy / "tokenizer.json").write_text("{}")
    with pytest.raises(CatalogueError, match=r"tokenizer\.json"):
        StanceModel(copy)
    shutil.rmtree(copy)
    with pytest.raises(CatalogueError, match="can't be read"):
        StanceModel(copy)


def test_answers_carry_stances_where_a_model_is_set(folder: Path, bundled: Comparator) -> None:
    """Similarity, percentile and words are the same with and without a judgement beside them."""
    settings = bundled.settings.model_copy(update={"stance_model": folder})
    judging = Comparator(settings)
    asked = {"exclude": ["CHN"], "limit": 10, "per_state": 2}
    plain = bundled.search(SANCTIONS, **asked).to_dict()
    assert "stance_model" not in plain
    assert "stance" not in plain["results"][0] | plain["results"][0]["hits"][0]
    answer = judging.search(SANCTIONS, stance="on", **asked).to_dict()
    assert answer["stance_model"] == judging.stance_model.name
    order = [STANCES.index(Stance(group["stance"])) for group in answer["results"]]
    assert order == sorted(order)
    for group in answer["results"]:
        assert group["stance"] == group["hits"][0]["stance"]
        for hit in group["hits"]:
            (alone,) = judging.stance_model.judge([(SANCTIONS, hit["text"])])
            assert hit["probabilities"] == alone.to_dict()
            expected = bundled.generation.percentile(hit["similarity"])
            assert hit["percentile"] == pytest.approx(expected, abs=0.01)
    only = judging.search(SANCTIONS, stance=["partial", "unclear"], **asked).to_dict()
    assert {group["stance"] for group in only["results"]} <= {"partial", "unclear"}
    assert len(judging.search(SANCTIONS, stance="on", limit=1000).results) == 196


def test_without_a_model_a_stance_is_refused(bundled: Comparator) -> None:
    for value in ("on", "aligned", ["opposed", "partial"]):
        with pytest.raises(InvalidInput, match="CONCORD_STANCE_MODEL") as refused:
            bundled.search(SANCTIONS, stance=value)
        assert refused.value.field == "stance"
    with pytest.raises(InvalidInput, match="none of aligned"):
        bundled.search(SANCTIONS, stance="agreeing")
    assert bundled.search(SANCTIONS, stance="off") == bundled.search(SANCTIONS)


LOGITS = arrays(np.float32, (5, 4), elements=st.floats(-8, 8, width=32))


@given(LOGITS, st.floats(0.5, 3), st.floats(0.3, 0.9), st.floats(0.3, 0.9))
def test_verdicts_follow_the_thresholds(
    logits: np.ndarray,  # type: ignore[type-arg]
    temperature: float,
    aligned: float,
    opposed: float,
) -> None:
    calibration = Calibration(temperature, [0] * 4, {"aligned": aligned, "opposed": opposed})
    found = calibration.probabilities(logits)
    expected = np.exp(logits.astype(float) / temperature)
    assert np.allclose(found, expected / expected.sum(axis=1, keepdims=True))
    for row in found:
        verdict = calibration.verdict(row)
        a, p, o, u = row
        if verdict.stance is Stance.ALIGNED:
            assert a >= aligned
            assert a > o
        elif verdict.stance is Stance.OPPOSED:
            assert o >= opposed
            assert o >= a
        else:
            assert not (a >= aligned and a > o)
            assert not (o >= opposed and o >= a)
            assert (verdict.stance is Stance.PARTIAL) == (p >= u and p >= o)
