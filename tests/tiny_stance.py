"""A stance model small enough to be trained by the tests."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import RobertaProcessing
from transformers import MPNetConfig, MPNetModel

from service.domain.stance import STANCES, Stance
from service.stance.classifier import GRAPH
from service.stance.training.export import describe
from service.stance.training.fit import Example, Recipe, fit, hard
from service.stance.training.graph import compressed, quantised
from service.stance.training.network import MAX_TOKENS, CrossEncoder, open_tokenizer
from service.stance.training.outliers import largest, split
from service.stance.training.vocabulary import with_positions

SAID = [
    (f"we want {thing} now", said.format(thing), label)
    for thing in ("peace", "trade", "reform", "debt relief", "seats", "clean water")
    for said, label in (
        ("yes to {}", Stance.ALIGNED), ("no to {}", Stance.OPPOSED),
        ("later some {} perhaps", Stance.PARTIAL), ("{} was debated in May", Stance.UNCLEAR),
    )
]  # fmt: skip


def train_tiny(work: Path) -> Path:
    """A real, tiny model: trained, quantised and described as the large one is."""
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
    torch.set_num_threads(1)  # six times as fast: so small a network only waits for more
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
        network, open_tokenizer(made), [examples] * 60, Recipe(rate=3e-3), seed=1,
        checkpoint=work / "checkpoint",
    )  # fmt: skip
    said = [(a, b) for a, b, _ in SAID]
    split(network, largest(network, open_tokenizer(made), said))
    with_positions(network, MAX_TOKENS)
    (made / GRAPH).write_bytes(compressed(quantised(network, work).read_bytes()))
    least = {"aligned": 0.5, "opposed": 0.5}
    describe(made, {"temperature": 1.0, "bias": [0.0] * 4, "least": least})
    return made
