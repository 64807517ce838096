"""What is asked: distinct single sentences in our own words, as request targets."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from service.corpus.sentences import sentences

SEED = 20_261_125
_SENTENCE = re.compile(r'["“]?[A-Z].*[.!]["”]?')
# Said before a sentence, each makes a question of its own out of it, hardly longer.
OPENINGS = (
    "", "Indeed", "Today", "Again", "Still", "Surely", "Clearly", "Plainly", "Truly", "Frankly",
    "Here", "Now",
)  # fmt: skip


def own_sentences(data: Path) -> list[str]:
    """Every whole sentence of the bundled positions, issues and contrast sets, once."""
    found: dict[str, None] = {}
    for name in ("positions.jsonl", "stance/minimal_pairs.jsonl", "stance/contrast.jsonl",
                 "stance/debates.jsonl"):  # fmt: skip
        for line in (data / name).read_text("utf-8").splitlines():
            found |= dict.fromkeys(_strings(json.loads(line)))
    issues = yaml.safe_load((data / "issues.yaml").read_text("utf-8"))
    return list(found | dict.fromkeys(_strings(issues)))


def distinct_queries(data: Path) -> list[str]:
    """Each sentence after each opening, in one fixed disorder: about three hundred thousand."""
    found = [
        f"{opening} {sentence}".strip() for sentence in own_sentences(data) for opening in OPENINGS
    ]
    random.Random(SEED).shuffle(found)
    return found


def concord_targets(queries: Sequence[str]) -> list[str]:
    return ["/v1/search?" + urlencode({"text": query, "stance": "off"}) for query in queries]


def txtai_targets(queries: Sequence[str], limit: int) -> list[str]:
    return ["/search?" + urlencode({"query": query, "limit": limit}) for query in queries]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        text = " ".join(value.split())
        if _SENTENCE.fullmatch(text) and text.count(" ") >= 4 and len(list(sentences(text))) == 1:
            yield text
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
