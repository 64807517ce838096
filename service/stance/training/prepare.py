"""Stage 1: the pairs, shuffled and split, in the work folder."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from service.catalogue import load_issues
from service.corpus.bundled import POSITIONS
from service.data_files import read_objects
from service.domain.issues import Issue, Issues
from service.retrieval.encoder import Encoder
from service.stance.training.corrected import correction_pairs
from service.stance.training.debates import DEBATES, as_passages, read_debates
from service.stance.training.pairs import (
    REPEATS,
    TEST,
    TOUCHES,
    TUNING,
    Pair,
    contrast_pairs,
    found_pairs,
    general_pairs,
    issue_pairs,
    load_pairs,
    passage_pairs,
    read_sets,
    sentence_pairs,
    stranger_pairs,
    training_issues,
    unseen,
    write_pairs,
)
from service.stance.training.passages import FOUND, Passage, read_passages

# Every round sees each labelled passage once, in other wordings, and another draw of the rest.
ROUNDS = 2
SIZES = {"perspectrum": 1_500, "argkp": 200, "ibm": 200, "nli": 700}
SENTENCES, CONTRASTS = 3_000, 5_000
# The last round: invented debates, what searches found, and some of what came before, so that it
# isn't forgotten.
LAST = "round-last"
OF_A_DEBATE, AGAIN = 12, {"sentences": 1_000, "contrast": 2_500}
AGAIN_GENERAL = {"perspectrum": 700, "argkp": 50, "ibm": 50, "nli": 200}
# Every proposition and document that was trained on, for the model card.
TRAINED_ON = "trained-on.json"
CONTRAST = "stance/contrast.jsonl"
MINIMAL = "stance/minimal_pairs.jsonl"


def prepare(
    data: Path,
    corpus: Path,
    shared: Path,
    work: Path,
    encoder: Encoder,
    seed: int,
    corrections: Path | None = None,
) -> None:
    """Writes `round-1.jsonl` and so on, and `tuning.jsonl`; prints what they hold.

    Every round has all of a user's exported `corrections`. `round-last.jsonl` is the last.
    """
    rng = random.Random(seed)
    issues = load_issues(data)
    corrected = correction_pairs(corrections) if corrections else []
    _report_touching(corrected, issues, encoder)
    wanted = training_issues(issues)
    sets = kept_sets(data, read_sets(data / CONTRAST), encoder)
    files = {"tuning": _tuning(data, corpus, issues, random.Random(seed))}
    for number in range(1, ROUNDS + 1):
        own = issue_pairs(data, corpus, rng, wanted)
        sentences = [pair for pair in own if pair.source == "sentences"]
        files[f"round-{number}"] = [
            *(pair for pair in own if pair.source != "sentences"),
            *_draw(sentences, SENTENCES, rng),
            *_draw(list(contrast_pairs(sets, rng)), CONTRASTS, rng),
            *general_pairs(shared, rng, SIZES),
            *corrected,
        ]
    own = issue_pairs(data, corpus, rng, wanted)
    sentences = [pair for pair in own if pair.source == "sentences"]
    passages = read_passages(data, corpus)
    labelled = unseen(passages)
    debates = kept_debates(data, encoder)
    spoken, every = found_passages(data, corpus, passages, issues, wanted, debates)
    found = list(found_pairs(spoken, every, {issue.id for issue in every}, rng))
    files[LAST] = [
        *_debated(debates, encoder, rng),
        *stranger_pairs(labelled, Issues(issues[key] for key in sorted(wanted)), encoder, rng),
        *found,
        *(pair for pair in own if pair.source != "sentences"),
        *_draw(sentences, AGAIN["sentences"], rng),
        *_draw(list(contrast_pairs(sets, rng)), AGAIN["contrast"], rng),
        *general_pairs(shared, rng, AGAIN_GENERAL),
        *corrected,
    ]
    for name, pairs in files.items():
        write_pairs(work / f"{name}.jsonl", pairs)
        print(f"{name}: {len(pairs)} pairs", _count(pairs))
    documents = {p.document for p in [*(p for p in passages if p.issue in wanted), *spoken]}
    trained = {
        "issues": sorted(wanted),
        "documents": sorted(documents),
        "contrast_sets": len(sets),
        "found_for": sorted({p.issue for p in spoken}),
    }
    (work / TRAINED_ON).write_text(json.dumps(trained, indent=0) + "\n", "utf-8")


def _tuning(data: Path, corpus: Path, issues: Issues, rng: random.Random) -> list[Pair]:
    """Of the tuning issues all pairs that are labelled, and what searches for them found."""
    spoken = [p for p in read_passages(data, corpus, FOUND) if p.issue in TUNING]
    found = passage_pairs(spoken, issues, set(TUNING), rng)
    return [
        *issue_pairs(data, corpus, rng, set(TUNING)),
        *(replace(pair, source="found") for pair in found if pair.source == "passage"),
    ]


def load_rounds(work: Path) -> list[list[Pair]]:
    return [load_pairs(work / f"round-{number}.jsonl") for number in range(1, ROUNDS + 1)]


def found_passages(
    data: Path,
    corpus: Path,
    labelled: Sequence[Passage],
    issues: Issues,
    wanted: set[str],
    debates: Sequence[Mapping[str, Any]],
) -> tuple[list[Passage], Issues]:
    """What searches found, and what they searched for: issues `wanted`, `debates`, and bundled
    positions that are on no other issue. Without words that are labelled for a test or tuning
    issue."""
    asked = [issue for issue in issues if issue.id in wanted]
    asked += as_passages(debates)[0]
    asked += [
        Issue(position_key(entry), entry["text"], "")
        for _, entry in read_objects(data / POSITIONS)
        if entry.get("issue") is None or entry["issue"] in wanted
    ]
    every = Issues({issue.id: issue for issue in asked}.values())
    known = {issue.id for issue in every}
    held = {p.text for p in labelled if p.issue in TEST | TUNING}
    spoken = [p for p in read_passages(data, corpus, FOUND) if p.issue in known]
    return [p for p in spoken if p.text not in held], every


def position_key(entry: Mapping[str, Any]) -> str:
    return f"{entry['document']}:{entry['start']}-{entry['end']}"


def _debated(entries: Sequence[dict[str, Any]], encoder: Encoder, rng: random.Random) -> list[Pair]:
    debates, spoken = as_passages(entries)
    every = {issue.id for issue in debates}
    return [
        *passage_pairs(spoken, debates, every, rng),
        *sentence_pairs(spoken, every, rng, OF_A_DEBATE),
        *stranger_pairs(spoken, debates, encoder, rng),
    ]


def _draw(pairs: list[Pair], most: int, rng: random.Random) -> list[Pair]:
    return rng.sample(pairs, min(most, len(pairs)))


def kept_sets(data: Path, sets: Sequence[dict[str, Any]], encoder: Encoder) -> list[dict[str, Any]]:
    """Contrast sets that touch no test issue, no tuning issue and no minimal pair."""
    held = _held_wordings(load_issues(data))
    minimal = [pair["a"] for pair in read_sets(data / MINIMAL)]
    claims = encoder.encode([entry["claim"] for entry in sets])
    touching = (claims @ encoder.encode(held).T).max(axis=1) >= TOUCHES
    repeating = (claims @ encoder.encode(minimal).T).max(axis=1) >= REPEATS
    print(f"contrast sets: {len(sets)}, {int(touching.sum())} touch a held-out issue, "
          f"{int(repeating.sum())} repeat a minimal pair: left out")  # fmt: skip
    dropped = touching | repeating
    return [entry for entry, drop in zip(sets, dropped, strict=True) if not drop]


def kept_debates(data: Path, encoder: Encoder) -> list[dict[str, Any]]:
    """Debates that touch no test issue, no tuning issue and no minimal pair."""
    path = data / DEBATES
    debates = read_debates(path) if path.is_file() else []
    if not debates:
        return []
    said = encoder.encode([entry["proposition"] for entry in debates])
    minimal = encoder.encode([pair["a"] for pair in read_sets(data / MINIMAL)])
    touching = (said @ encoder.encode(_held_wordings(load_issues(data))).T).max(axis=1) >= TOUCHES
    dropped = touching | ((said @ minimal.T).max(axis=1) >= REPEATS)
    kept = [entry for entry, drop in zip(debates, dropped, strict=True) if not drop]
    print(f"debates: {len(debates)}, {len(debates) - len(kept)} touch what is measured: left out")
    return kept


def _held_wordings(issues: Issues) -> list[str]:
    return [
        text
        for key in sorted(TEST | TUNING)
        for text in (*issues[key].wordings, *issues[key].contraries)
    ]


def _report_touching(corrected: Sequence[Pair], issues: Issues, encoder: Encoder) -> None:
    """A user's corrections are wanted whatever they are about; but then figures on an issue that
    was to stay unseen are no longer what they claim to be."""
    if not corrected:
        return
    asked = encoder.encode([pair.a for pair in corrected])
    touching = (asked @ encoder.encode(_held_wordings(issues)).T).max(axis=1) >= TOUCHES
    print(f"corrections: {len(corrected)}, {int(touching.sum())} touch a held-out issue: where "
          "any do, `evaluate stance` measures in part what was trained on")  # fmt: skip


def _count(pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    table: dict[str, Counter[str]] = {}
    for pair in pairs:
        table.setdefault(pair.source, Counter())[str(pair.label)] += 1
    return {source: dict(counts) for source, counts in sorted(table.items())}
