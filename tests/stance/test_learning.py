"""Training, from all-mpnet-base-v2's shape and from a served model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import MPNetConfig, MPNetModel

from service.domain.stance import Stance
from service.errors import CatalogueError
from service.stance.classifier import GRAPH
from service.stance.training import fit as training_fit
from service.stance.training.fit import Example, Recipe, fit, hard
from service.stance.training.graph import MOST_STEPS, compressed, quantised
from service.stance.training.network import MAX_TOKENS, CrossEncoder, open_tokenizer, predict
from service.stance.training.outliers import OUTLIERS, keep_apart, largest, split
from service.stance.training.pairs import Pair, write_pairs
from service.stance.training.prepare import ROUND, ROUNDS, TRAINED_ON
from service.stance.training.rounding import rounded, rounded_weight, settled
from service.stance.training.rounds import (
    APART,
    BEGUN,
    FROZEN,
    PIECES,
    TRAINED,
    begin,
    begin_from,
    learn,
    load_weights,
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


def _rounds(work: Path) -> None:
    pairs = [Pair(a, b, label, "x", "1") for a, b, label in SAID]
    for number in range(1, ROUNDS + 1):
        write_pairs(work / f"{ROUND}-{number}.jsonl", pairs * 20)
    write_pairs(work / "tuning.jsonl", pairs)
    (work / TRAINED_ON).write_text(json.dumps(ON | {"issues": ["T02"]}), "utf-8")


def _loss(model: CrossEncoder, work: Path) -> float:
    logits = torch.from_numpy(predict(model, open_tokenizer(work / PIECES), PAIRS, half=False))
    truth = torch.tensor([list(Stance).index(label) for *_, label in SAID])
    return float(torch.nn.functional.cross_entropy(logits, truth))


@pytest.mark.parametrize("from_served", [False, True])
def test_it_learns_round_after_round(
    served: Path, start: Path, tmp_path: Path, from_served: bool
) -> None:
    _rounds(tmp_path)
    if from_served:
        begin_from(served, start, tmp_path, 1)
        on = json.loads((tmp_path / TRAINED_ON).read_text("utf-8"))
        assert on["issues"] == ["T01", "T02"]
    else:
        shutil.copyfile(served / "tokenizer.json", start / "tokenizer.json")
        begin(start, tmp_path, 1)
    before = load_weights(start, tmp_path, 1, BEGUN)
    assert len(torch.load(tmp_path / APART, weights_only=True)) == 2 * LAYERS
    for number in range(1, ROUNDS + 1):
        assert not (tmp_path / TRAINED).exists()
        learn(start, tmp_path, 1, number)
    after = load_weights(start, tmp_path, 1, TRAINED)
    old, new = (model.backbone.embeddings.word_embeddings.weight for model in (before, after))
    assert torch.equal(old, new)  # as the served model rounds them
    of_both = zip(before.backbone.encoder.layer, after.backbone.encoder.layer, strict=True)
    for number, (old, new) in enumerate(of_both):
        same = torch.equal(old.intermediate.dense.weight, new.intermediate.dense.weight)
        # From a served model these are rounded already.
        assert not same or number < FROZEN
        assert same or number >= FROZEN or not from_served
    assert torch.allclose(rounded_weight(after.dense.weight), after.dense.weight, atol=1e-6)
    assert _loss(after, tmp_path) < _loss(before, tmp_path)


def test_a_run_that_is_cut_off_ends_as_if_it_had_not_been(
    start: Path, served: Path, tmp_path: Path
) -> None:
    tokenizer = open_tokenizer(served)
    rounds = [
        [Example(a, b, hard(list(Stance).index(label), 4)) for a, b, label in SAID * n]
        for n in (9, 11)
    ]
    recipe = Recipe(rate=1e-3, tokens=400)

    def trained(*parts: int) -> CrossEncoder:
        for number in parts:
            model = CrossEncoder.start(start, 4)
            mine, before = (tmp_path / f"{len(parts)}-{n}" for n in (number, number - 1))
            fit(
                model, tokenizer, rounds, recipe, seed=3, checkpoint=mine, until=number,
                before=before,
            )  # fmt: skip
        return model

    at_once, in_parts = trained(2), trained(1, 2)
    for one, other in zip(at_once.parameters(), in_parts.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_step_larger_than_memory_is_taken_in_pieces(
    start: Path, served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = [Example(a, b, hard(list(Stance).index(label), 4)) for a, b, label in SAID * 9]
    found = []
    for at_a_time in (64, 100_000):
        monkeypatch.setattr(training_fit, "AT_A_TIME", at_a_time)
        model = CrossEncoder.start(start, 4)
        fit(
            model, open_tokenizer(served), [examples], Recipe(rate=1e-3, tokens=600), seed=3,
            checkpoint=tmp_path / "none",
        )  # fmt: skip
        found.append(predict(model, open_tokenizer(served), PAIRS, half=False))
    assert np.allclose(*found, atol=0.02)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--rounds", "0"], "at least 1"),
        (["--stage", "learn-5"], "must be one of prepare, begin, learn-1"),
        (["--rounds", "2", "--stage", "learn-2"], "has 4 rounds: say --rounds 4"),
    ],
)
def test_rounds_that_are_not_there_are_a_clear_error(
    given: list[str], said: str, start: Path, tmp_path: Path
) -> None:
    _rounds(tmp_path)
    command = [
        sys.executable, "-m", "service.stance.training", "--shared", str(tmp_path),
        "--work", str(tmp_path), "--start", str(start), *given,
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_as_many_inputs_are_kept_apart_as_the_export_takes_out(served: Path, start: Path) -> None:
    model = load_served(served, start, 2)
    rounded(model)
    keep_apart(model, largest(model, open_tokenizer(served), PAIRS))
    kept = [layer.apart for layer in model.modules() if getattr(layer, "apart", None) is not None]
    assert len(kept) == 2 * LAYERS
    assert all(len(places) == OUTLIERS for places in kept)
