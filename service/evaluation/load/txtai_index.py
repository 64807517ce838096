"""Run by the peer's own Python: a txtai index of given texts with given vectors.

txtai_index.py TEXTS VECTORS MODEL COMPONENTS INDEX: TEXTS holds a JSON line `{"id", "text"}` a
vector. The model is only named, so that queries are encoded with it when the index is served.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from txtai import Embeddings


def main() -> None:
    texts, vectors, model, components, index = sys.argv[1:]
    rows = [json.loads(line) for line in Path(texts).read_text("utf-8").splitlines()]
    stored = np.load(vectors, mmap_mode="r")
    # Equal texts have equal vectors.
    place = {row["text"]: number for number, row in enumerate(rows)}

    def looked_up(batch: list[str]) -> np.ndarray:
        return np.array([stored[place[text]] for text in batch])

    config = {"method": "external", "transform": looked_up, "content": True, "backend": "faiss"}
    if components != "default":
        config["faiss"] = {"components": components}
    embeddings = Embeddings(config)
    embeddings.index((row["id"], row["text"], None) for row in rows)
    del embeddings.config["transform"]
    embeddings.config |= {"method": "transformers", "path": model}
    embeddings.save(index)


if __name__ == "__main__":
    main()
