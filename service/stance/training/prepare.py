"""Stage 1: the pairs, shuffled and split, in the work folder."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from service.catalogue import load_issues
from service.corpus.bundled import POSITIONS
from service.data_files import read_objects
from service.domain.issues import Issue, Issues
from service.domain.stance import Stance
from service.retrieval.columns import Mask
from service.retrieval.encoder import Encoder, Vectors
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
from service.stance.training.passages import FOUND, HARD, NEAREST, Passage, read_passages
from service.stance.training.propositions import PROPOSITIONS, read_propositions

# Rounds, unless it is said how many: each another draw, and an hour's work for two slow cores.
ROUNDS = 4
ROUND = "round"
SIZES = {"perspectrum": 900, "argkp": 50, "ibm": 100, "nli": 300}
# A round's pairs: of passages against an issue's wordings, and against each other; of invented
# debates; of contrast sets; of propositions' wordings; of propositions against what is said on a
# neighbouring question.
PASSAGES, SENTENCES, DEBATED, CONTRASTS, WORDINGS, STRANGERS = 2_000, 1_500, 9_000, 9_000, 300, 700
# Of finds: those that take a side, those held against the contrary, and those that take no side.
SIDED, CONTRARY, BESIDE = 4_000, 1_000, 3_000
# Of an invented debate's passages against each other, at most.
OF_A_DEBATE = 12
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
    rounds: int = ROUNDS,
) -> None:
    """Writes `round-1.jsonl` and so on, and `tuning.jsonl`, which has no words of theirs; prints
    what they hold.

    Every round has all of a user's exported `corrections`.
    """
    issues = load_issues(data)
    corrected = correction_pairs(corrections) if corrections else []
    _report_touching(corrected, data, encoder)
    wanted = training_issues(issues)
    sets = kept_sets(data, read_sets(data / CONTRAST), encoder)
    debates = kept_debates(data, encoder)
    proposed, to_tune = kept_propositions(data, encoder)
    passages = read_passages(data, corpus)
    nearest = read_passages(data, corpus, NEAREST)
    tuned_on = {issue.id for issue in to_tune}
    held = held_words(passages) | {p.text for p in nearest if p.issue in tuned_on}
    every = Issues([*asked_for(data, issues, wanted, debates), *proposed, *claims(sets)])
    searched = [
        *read_passages(data, corpus, FOUND), *nearest, *read_passages(data, corpus, HARD)
    ]  # fmt: skip
    found = known(searched, every, held)
    asked = Issues(issue for issue in issues if issue.id in wanted)
    files: dict[str, list[Pair]] = {}
    for number in range(1, rounds + 1):
        rng = random.Random(seed + number)
        own = issue_pairs(data, corpus, rng, wanted)
        files[f"{ROUND}-{number}"] = [
            *_draw([pair for pair in own if pair.source != "sentences"], PASSAGES, rng),
            *_draw([pair for pair in own if pair.source == "sentences"], SENTENCES, rng),
            *_draw(list(stranger_pairs(unseen(passages), asked, encoder, rng)), STRANGERS, rng),
            *_draw(_debated(debates, encoder, rng), DEBATED, rng),
            *_draw(list(contrast_pairs(sets, rng)), CONTRASTS, rng),
            *_of_finds(found, every, rng),
            *_draw([pair for issue in proposed for pair in wording_pairs(issue)], WORDINGS, rng),
            *general_pairs(shared, rng, SIZES),
            *corrected,
        ]
    words = {text for pairs in files.values() for pair in pairs for text in (pair.a, pair.b)}
    tuning = [
        *_tuning(data, corpus, issues, random.Random(seed)),
        *_tuning_nearest(nearest, to_tune, random.Random(seed + 1)),
    ]
    # A claim may have been found for several propositions.
    files["tuning"] = [pair for pair in tuning if not {pair.a, pair.b} & words]
    for old in work.glob(f"{ROUND}-*.jsonl"):
        old.unlink()
    for name, pairs in files.items():
        write_pairs(work / f"{name}.jsonl", pairs)
        print(f"{name}: {len(pairs)} pairs", _count(pairs))
    own_passages = [p for p in passages if p.issue in wanted]
    trained = {
        "issues": sorted(wanted),
        "documents": sorted({p.document for p in [*own_passages, *found]}),
        "contrast_sets": len(sets),
        "found_for": sorted({p.issue for p in found}),
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


def _tuning_nearest(
    more: Sequence[Passage], propositions: Sequence[Issue], rng: random.Random
) -> list[Pair]:
    """Of the propositions that thresholds are set on, the claims nearest to them."""
    issues = Issues(propositions)
    made = passage_pairs(more, issues, {issue.id for issue in issues}, rng)
    return [replace(pair, source="nearest") for pair in made if pair.source == "passage"]


def count_rounds(work: Path) -> int:
    return len(list(work.glob(f"{ROUND}-*.jsonl")))


def load_rounds(work: Path) -> list[list[Pair]]:
    numbers = range(1, count_rounds(work) + 1)
    return [load_pairs(work / f"{ROUND}-{number}.jsonl") for number in numbers]


def asked_for(
    data: Path, issues: Issues, wanted: set[str], debates: Sequence[Mapping[str, Any]]
) -> list[Issue]:
    """What searches were made for: issues `wanted`, `debates`, and bundled positions that are on
    no other issue."""
    asked = [issue for issue in issues if issue.id in wanted]
    asked += as_passages(debates)[0]
    asked += [
        Issue(position_key(entry), entry["text"], "")
        for _, entry in read_objects(data / POSITIONS)
        if entry.get("issue") is None or entry["issue"] in wanted
    ]
    return list({issue.id: issue for issue in asked}.values())


def held_words(labelled: Sequence[Passage]) -> set[str]:
    """Of passages that are labelled for a test or tuning issue."""
    return {p.text for p in labelled if p.issue in TEST | TUNING}


def known(spoken: Sequence[Passage], every: Issues, held: set[str]) -> list[Passage]:
    """What was found for `every`, without the words that are `held`."""
    asked = {issue.id for issue in every}
    return [p for p in spoken if p.issue in asked and p.text not in held]


def _of_finds(passages: Sequence[Passage], every: Issues, rng: random.Random) -> list[Pair]:
    """Draws of what isn't beside the point, against the proposition and against each other; of the
    same against the contrary; and of the rest."""
    made = list(found_pairs(passages, every, {issue.id for issue in every}, rng))
    sided = [pair for pair in made if pair.label is not Stance.UNCLEAR]
    return [
        *_draw([pair for pair in sided if pair.source != "found-contrary"], SIDED, rng),
        *_draw([pair for pair in sided if pair.source == "found-contrary"], CONTRARY, rng),
        *_draw([pair for pair in made if pair.label is Stance.UNCLEAR], BESIDE, rng),
    ]


def wording_pairs(issue: Issue) -> list[Pair]:
    """Of the two sides' own words: each side's hold together, the contrary's oppose the other's."""
    sides = (issue.wordings, issue.contraries)
    asked = [(a, b, Stance.ALIGNED) for side in sides for a, b in itertools.permutations(side, 2)]
    asked += [(a, b, Stance.OPPOSED) for a, b in itertools.product(*sides)]
    return [Pair(a, b, label, "wordings", issue.id) for a, b, label in asked]


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


def claims(sets: Sequence[Mapping[str, Any]]) -> list[Issue]:
    """Of contrast sets, as propositions: `set-N`, by line."""
    return [Issue(entry["id"], entry["claim"], "", (entry["same"][0],)) for entry in sets]


def kept_sets(data: Path, sets: Sequence[dict[str, Any]], encoder: Encoder) -> list[dict[str, Any]]:
    """Contrast sets that touch no test issue, nothing that is tuned on and no minimal pair; with
    their `id`, by line (so lines are only ever added)."""
    said = encoder.encode([entry["claim"] for entry in sets])
    dropped = _touching(said, _held_wordings(data), data, encoder)
    print(f"contrast sets: {len(sets)}, {int(dropped.sum())} touch what is measured or tuned on: "
          "left out")  # fmt: skip
    return [
        entry | {"id": f"set-{number}"}
        for number, (entry, drop) in enumerate(zip(sets, dropped, strict=True), start=1)
        if not drop
    ]


def kept_debates(data: Path, encoder: Encoder) -> list[dict[str, Any]]:
    """Debates that touch no test issue, nothing that is tuned on and no minimal pair."""
    path = data / DEBATES
    debates = read_debates(path) if path.is_file() else []
    if not debates:
        return []
    said = encoder.encode([entry["proposition"] for entry in debates])
    dropped = _touching(said, _held_wordings(data), data, encoder)
    kept = [entry for entry, drop in zip(debates, dropped, strict=True) if not drop]
    print(f"debates: {len(debates)}, {len(debates) - len(kept)} touch what is measured or "
          "tuned on: left out")  # fmt: skip
    return kept


def kept_propositions(data: Path, encoder: Encoder) -> tuple[list[Issue], list[Issue]]:
    """Those to train on that touch nothing that is measured or tuned on, and those to tune on."""
    trained, tuned = read_propositions(data / PROPOSITIONS)
    if not trained:
        return [], tuned
    said = encoder.encode([issue.proposition for issue in trained])
    dropped = _touching(said, _held_wordings(data), data, encoder)
    kept = [issue for issue, drop in zip(trained, dropped, strict=True) if not drop]
    print(f"propositions: {len(trained)}, {len(trained) - len(kept)} touch what is measured or "
          f"tuned on: left out; tuned on: {len(tuned)}")  # fmt: skip
    return kept, tuned


def _touching(said: Vectors, held: Sequence[str], data: Path, encoder: Encoder) -> Mask:
    """Which of the propositions `said` touch what is `held`, or repeat a minimal pair."""
    minimal = encoder.encode([pair["a"] for pair in read_sets(data / MINIMAL)])
    touching: Mask = (said @ encoder.encode(held).T).max(axis=1) >= TOUCHES
    repeating: Mask = (said @ minimal.T).max(axis=1) >= REPEATS
    return np.logical_or(touching, repeating)


def _held_wordings(data: Path) -> list[str]:
    """Of the test and tuning issues, and of the propositions that thresholds are set on."""
    issues = load_issues(data)
    return [
        *(
            text
            for key in sorted(TEST | TUNING)
            for text in (*issues[key].wordings, *issues[key].contraries)
        ),
        *(issue.proposition for issue in read_propositions(data / PROPOSITIONS)[1]),
    ]


def _report_touching(corrected: Sequence[Pair], data: Path, encoder: Encoder) -> None:
    """A user's corrections are wanted whatever they are about; but then figures on an issue that
    was to stay unseen are no longer what they claim to be."""
    if not corrected:
        return
    asked = encoder.encode([pair.a for pair in corrected])
    touching = (asked @ encoder.encode(_held_wordings(data)).T).max(axis=1) >= TOUCHES
    print(f"corrections: {len(corrected)}, {int(touching.sum())} touch a held-out issue: where "
          "any do, `evaluate stance` measures in part what was trained on")  # fmt: skip


def _count(pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    table: dict[str, Counter[str]] = {}
    for pair in pairs:
        table.setdefault(pair.source, Counter())[str(pair.label)] += 1
    return {source: dict(counts) for source, counts in sorted(table.items())}
