"""Training goes on from a served model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import MPNetConfig, MPNetModel

from service.domain.stance import Stance
from service.errors import CatalogueError
from service.stance.classifier import GRAPH
from service.stance.training.graph import MOST_STEPS, compressed, quantised
from service.stance.training.network import MAX_TOKENS, CrossEncoder, open_tokenizer, predict
from service.stance.training.outliers import OUTLIERS, keep_apart, largest, split
from service.stance.training.pairs import Pair, write_pairs
from service.stance.training.prepare import FURTHER, TRAINED_ON
from service.stance.training.rounding import rounded, rounded_weight, settled
from service.stance.training.rounds import (
    APART,
    FINISHED,
    FROZEN,
    PIECES,
    TRAINED,
    further,
    load_weights,
    take_served,
)
from service.stance.training.served import load_served
from service.stance.training.vocabulary import with_positions
from tests.tiny_stance import SAID

LAYERS = FROZEN + 2
ON = {"issues": ["T01"], "documents": ["A_1_2000"], "found_for": [], "contrast_sets": 3}
PAIRS = [(a, b) for a, b, _ in SAID]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, stance_folder: Path) -> Path:
    """What training starts from."""
    folder = tmp_path_factory.mktemp("start")
    torch.manual_seed(5)
    MPNetModel(MPNetConfig(
        vocab_size=open_tokenizer(stance_folder).get_vocab_size(), hidden_size=32,
        num_hidden_layers=LAYERS, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=200,
    )).save_pretrained(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def served(start: Path, stance_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of that shape, rounded as training leaves it, in the files that are served."""
    folder = tmp_path_factory.mktemp("served")
    (folder / TRAINED_ON).write_text(json.dumps(ON), "utf-8")
    (folder / "tokenizer.json").write_bytes((stance_folder / "tokenizer.json").read_bytes())
    model = CrossEncoder.start(start, 1)
    rounded(model)
    settled(model)
    torch.save(model.state_dict(), folder / "truth.pt")
    split(model, largest(model, open_tokenizer(folder), PAIRS))
    with_positions(model, MAX_TOKENS)
    (folder / GRAPH).write_bytes(compressed(quantised(model, folder).read_bytes()))
    return folder


def test_a_served_model_is_read_back(served: Path, start: Path) -> None:
    model, truth = load_served(served, start, 2), CrossEncoder.start(start, 3)
    truth.load_state_dict(torch.load(served / "truth.pt", weights_only=True))
    for (name, mine), (_, theirs) in zip(
        model.state_dict().items(), truth.state_dict().items(), strict=True
    ):
        if "embeddings" in name or "relative" in name or name.startswith("out."):
            steps = 2 * MOST_STEPS if name.startswith("out.") else 255
            assert (mine - theirs).abs().max() <= (theirs.max() - theirs.min()) / steps, name
        elif "pooler" not in name:  # which isn't used
            assert torch.allclose(mine, theirs, atol=1e-6), name


def test_what_is_no_served_model_is_refused(served: Path, start: Path, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no stance model to go on from"):
        load_served(tmp_path, start, 1)
    (tmp_path / GRAPH).write_bytes((served / GRAPH).read_bytes()[:500])
    with pytest.raises(CatalogueError, match="no stance model to go on from"):
        load_served(tmp_path, start, 1)


def test_a_served_model_of_another_shape_is_refused(start: Path, stance_folder: Path) -> None:
    with pytest.raises(CatalogueError, match="of another model"):
        load_served(stance_folder, start, 1)  # of two layers


def test_inputs_apart_are_not_rounded() -> None:
    torch.manual_seed(2)
    layer = torch.nn.Linear(12, 5)
    x = torch.randn(3, 12)
    x[:, 4] *= 1_000
    rounded(torch.nn.Sequential(layer))
    spoiled = layer(x)
    layer.apart = torch.tensor([4])  # type: ignore[assignment]
    exact = torch.nn.functional.linear(x, rounded_weight(layer.weight), layer.bias)
    assert (layer(x) - exact).abs().max() < (spoiled - exact).abs().max() / 50


def test_it_learns_further_from_a_served_model(served: Path, start: Path, tmp_path: Path) -> None:
    pairs = [Pair(a, b, label, "x", "1") for a, b, label in SAID]
    for number in (1, 2):
        write_pairs(tmp_path / f"{FURTHER}-{number}.jsonl", pairs * 20)
    write_pairs(tmp_path / "tuning.jsonl", pairs)
    (tmp_path / TRAINED_ON).write_text(json.dumps(ON | {"issues": ["T02"]}), "utf-8")
    take_served(served, start, tmp_path, 1)
    assert json.loads((tmp_path / TRAINED_ON).read_text("utf-8"))["issues"] == ["T01", "T02"]
    further(start, tmp_path, 1)
    before, after = (load_weights(start, tmp_path, 1, name) for name in (FINISHED, TRAINED))
    pairs_of_layers = zip(before.backbone.encoder.layer, after.backbone.encoder.layer, strict=True)
    for number, (old, new) in enumerate(pairs_of_layers):
        same = torch.equal(old.intermediate.dense.weight, new.intermediate.dense.weight)
        assert same == (number < FROZEN)
    assert len(torch.load(tmp_path / APART, weights_only=True)) == 2 * LAYERS
    tokenizer = open_tokenizer(tmp_path / PIECES)
    losses = {}
    for name, model in (("before", before), ("after", after)):
        logits = torch.from_numpy(predict(model, tokenizer, PAIRS, half=False))
        truth = torch.tensor([list(Stance).index(label) for *_, label in SAID])
        losses[name] = float(torch.nn.functional.cross_entropy(logits, truth))
    assert losses["after"] < losses["before"]


def test_as_many_inputs_are_kept_apart_as_the_export_takes_out(served: Path, start: Path) -> None:
    model = load_served(served, start, 2)
    rounded(model)
    keep_apart(model, largest(model, open_tokenizer(served), PAIRS))
    kept = [layer.apart for layer in model.modules() if getattr(layer, "apart", None) is not None]
    assert len(kept) == 2 * LAYERS
    assert all(len(places) == OUTLIERS for places in kept)
