"""The word pieces and positions that the served model keeps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer
from torch import nn

from service.stance.training.network import CrossEncoder, open_tokenizer

VOCABULARY = 16_000


def with_pieces(model: CrossEncoder, kept: Sequence[int]) -> None:
    """Leave only the rows `kept` of the model's table of word pieces, in that order."""
    words = model.backbone.embeddings.word_embeddings
    smaller = nn.Embedding(len(kept), words.embedding_dim)
    smaller.weight.data = words.weight.data[list(kept)].clone()
    model.backbone.embeddings.word_embeddings = smaller
    model.backbone.config.vocab_size = len(kept)
    model.backbone.config.pad_token_id = 1


def with_positions(model: CrossEncoder, tokens: int) -> None:
    """Leave only the positions that a pair of so many tokens has."""
    table = model.backbone.embeddings.position_embeddings
    # Counted from after that of padding.
    table.weight.data = table.weight.data[: int(table.padding_idx) + 1 + tokens].clone()
    table.num_embeddings = len(table.weight)


def smaller_vocabulary(
    start: Path, folder: Path, pairs: Sequence[tuple[str, str]]
) -> tuple[Tokenizer, list[int]]:
    """Writes `tokenizer.json` with the pieces that the pairs need oftenest, every ASCII character
    among them, so that no English word is lost. Returns it, and the kept pieces' old numbers."""
    old = open_tokenizer(start)
    counts: Counter[int] = Counter()
    for encoding in old.encode_batch(pairs):
        counts.update(encoding.ids)
    described = json.loads((start / "tokenizer.json").read_text("utf-8"))
    vocabulary: dict[str, int] = described["model"]["vocab"]
    special = {t["content"] for t in described["added_tokens"]}
    always = {
        n
        for piece, n in vocabulary.items()
        if piece in special or (len(piece.removeprefix("##")) == 1 and piece.isascii())
    }
    often = [n for n, _ in counts.most_common() if n not in always]
    rest = [n for n in range(len(vocabulary)) if n not in always and n not in counts]
    chosen = sorted([*always, *[*often, *rest][: VOCABULARY - len(always)]])
    number = {old_number: new for new, old_number in enumerate(chosen)}
    described["model"]["vocab"] = {
        piece: number[n] for piece, n in vocabulary.items() if n in number
    }
    for token in described["added_tokens"]:
        token["id"] = number[vocabulary[token["content"]]]
    processor = described["post_processor"]
    for key in ("sep", "cls"):
        if key in processor:
            processor[key][1] = number[vocabulary[processor[key][0]]]
    for entry in processor.get("special_tokens", {}).values():
        entry["ids"] = [number[vocabulary[token]] for token in entry["tokens"]]
    (folder / "tokenizer.json").write_text(json.dumps(described, ensure_ascii=False), "utf-8")
    return open_tokenizer(folder), chosen
