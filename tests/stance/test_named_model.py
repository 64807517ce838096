"""A cross-encoder that the user names, on a real one with random weights."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from service.comparison import Comparator
from service.domain.stance import STANCES, Stance
from service.errors import CatalogueError
from service.settings import Settings
from service.stance.classifier import StanceModel
from service.stance.explanation import explain
from service.stance.judge import open_stance_model
from tests.conftest import PROJECT

WORDS = "the veto must be abolished debt cancelled we want no yes peace of charter right to".split()
PAIRS = [
    ("the veto must be abolished", "we want the right of veto to be no more"),
    ("debt must be cancelled", "yes"),
    ("debt must be cancelled", "no debt must be cancelled, we want the charter of the debt, " * 3),
    ("we want peace", "we want peace"),
]
NLI = {0: "contradiction", 1: "entailment", 2: "neutral"}
Make = Callable[[Mapping[int, str]], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a cross-encoder with these labels; its weights are the same every time."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    def made(labels: Mapping[int, str]) -> Path:
        folder = tmp_path / "-".join(labels.values()).replace("/", "")
        folder.mkdir()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        vocabulary = {word: i for i, word in enumerate([*special, *WORDS])}
        BertTokenizerFast(vocab=vocabulary).save_pretrained(folder)
        torch.manual_seed(1)
        BertForSequenceClassification(
            BertConfig(
                vocab_size=len(special) + len(WORDS), hidden_size=32, num_hidden_layers=1,
                num_attention_heads=2, intermediate_size=64, max_position_embeddings=64,
                initializer_range=0.8, num_labels=len(labels), id2label=dict(labels),
                label2id={label: number for number, label in labels.items()},
            )
        ).save_pretrained(folder)  # fmt: skip
        return folder

    return made


def by_hand(folder: Path, a: str, b: str) -> np.ndarray:  # type: ignore[type-arg]
    """The probabilities of the model's own labels with b as premise and a as hypothesis."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(b, a, return_tensors="pt")
    with torch.inference_mode():
        out = AutoModelForSequenceClassification.from_pretrained(folder).eval()(**tokens)
    return np.asarray(out.logits[0].softmax(-1))


@pytest.mark.parametrize(
    "labels",
    [
        {0: "contradiction", 1: "entailment", 2: "neutral"},
        {0: "ENTAILMENT", 1: "Neutral", 2: "CONTRADICTION"},
    ],
)
def test_labels_become_stances(make: Make, labels: Mapping[int, str]) -> None:
    folder = make(labels)
    model = open_stance_model(str(folder))
    found = model.probabilities(PAIRS)
    assert found.shape == (len(PAIRS), len(STANCES))
    assert np.allclose(found.sum(axis=1), 1)
    stances = {"entailment": 0, "contradiction": 2, "neutral": 3}
    for (a, b), row, verdict in zip(PAIRS, found, model.judge(PAIRS), strict=True):
        own = by_hand(folder, a, b)
        for number, label in labels.items():
            assert row[stances[label.lower()]] == pytest.approx(own[number], abs=1e-4)
        assert row[STANCES.index(Stance.PARTIAL)] == 0
        likeliest = STANCES[int(row.argmax())]
        assert verdict.stance is (likeliest if row.max() > 0.5 else Stance.UNCLEAR)
        assert verdict.probabilities == pytest.approx(tuple(row), abs=1e-4)


def test_the_order_of_the_pair_matters(make: Make) -> None:
    model = open_stance_model(make(NLI))
    forth, back = model.probabilities([PAIRS[0], PAIRS[0][::-1]])
    assert np.abs(forth - back).max() > 0.001


def test_a_pair_alone_and_in_a_batch(make: Make) -> None:
    """Lengths from one word to more than the model reads; padding and truncation change nothing."""
    model = open_stance_model(make(NLI))
    many = [(a, " ".join([b] * (i + 1))) for i in range(20) for a, b in PAIRS]
    together = model.probabilities(many)
    alone = np.concatenate([model.probabilities([pair]) for pair in many])
    assert np.abs(together - alone).max() <= 1e-4
    assert [v.stance for v in model.judge(many)] == [
        verdict.stance for pair in many for verdict in model.judge([pair])
    ]
    assert model.probabilities([]).shape == (0, len(STANCES))
    assert model.judge([]) == []


def test_who_it_is(make: Make) -> None:
    """The fingerprint tells models apart, also by what their labels mean."""
    folder = make(NLI)
    first = open_stance_model(folder)
    assert first.fingerprint == open_stance_model(str(folder)).fingerprint
    assert first.name == f"{folder.name}-{first.fingerprint[:12]}"
    swapped = make({0: "entailment", 1: "contradiction", 2: "neutral"})
    assert open_stance_model(swapped).fingerprint != first.fingerprint


@pytest.mark.parametrize(
    "labels",
    [
        {0: "entailment", 1: "not_entailment"},
        {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"},
        {0: "entailment", 1: "neutral", 2: "contradiction", 3: "other"},
    ],
)
def test_other_labels_are_refused(make: Make, labels: Mapping[int, str]) -> None:
    with pytest.raises(CatalogueError, match="entailment, contradiction, neutral") as refused:
        open_stance_model(make(labels))
    assert "CONCORD_STANCE_MODEL" in str(refused.value)
    assert all(label in str(refused.value) for label in labels.values())


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    for nothing in (tmp_path, tmp_path / "nowhere", "no name", "a/b/c"):
        with pytest.raises(CatalogueError, match=r"CONCORD_STANCE_MODEL.*manifest\.json"):
            open_stance_model(nothing)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CatalogueError, match=r"CONCORD_STANCE_MODEL.*can't be loaded"):
        open_stance_model(tmp_path)


@pytest.mark.slow
def test_a_hub_that_cannot_be_reached(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "stance", "--pairs", "-"],
        cwd=PROJECT, input='{"a": "x", "b": "y"}\n', capture_output=True, text=True, check=False,
        env=os.environ | {"CONCORD_STANCE_MODEL": "cross-encoder/nli-none", "HF_HUB_OFFLINE": "1",
                          "HF_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "CONCORD_STANCE_MODEL: cross-encoder/nli-none can't be loaded" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_answers_and_explains(make: Make, bundled: Comparator) -> None:
    folder = make(NLI)
    settings = bundled.settings.model_copy(update={"stance_model": str(folder)})
    answer = Comparator(settings).search("The veto must be abolished.", stance="on", limit=5)
    model = open_stance_model(folder)
    assert answer.stance_model == model.name
    near = [hit for group in answer.results for hit in group.hits if hit.probabilities]
    assert near
    for hit in near:
        (alone,) = model.judge([("The veto must be abolished.", hit.text)])
        assert hit.stance == alone.stance
        assert hit.probabilities == pytest.approx(alone.to_dict(), abs=2e-4)
    found = explain(model, *PAIRS[0])
    assert found.words
    assert found.without < found.probability
    assert explain(model, *PAIRS[0]) == found


def test_our_own_model_needs_no_torch(stance_folder: Path) -> None:
    for named in (stance_folder, str(stance_folder)):
        assert isinstance(open_stance_model(named), StanceModel)
    asked = (
        "import sys; from service.stance.judge import open_stance_model; "
        "open_stance_model(sys.argv[1]).judge([('a', 'b')]); "
        "sys.exit(bool({'torch', 'sentence_transformers'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", asked, str(stance_folder)]
    assert subprocess.run(command, cwd=PROJECT, check=False).returncode == 0


def test_asking_without_stances_loads_neither_runtime() -> None:
    asked = (
        "import sys; import service.comparison; "
        "sys.exit(bool({'torch', 'sentence_transformers', 'onnxruntime'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", asked]
    assert subprocess.run(command, cwd=PROJECT, check=False).returncode == 0


def test_the_setting_takes_a_name_or_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_STANCE_MODEL", "cross-encoder/nli-some")
    assert str(Settings().stance_model) == "cross-encoder/nli-some"
    assert Settings(stance_model=Path("x")).stance_model == Path("x")
