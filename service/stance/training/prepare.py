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

# The first rounds see each labelled passage once, in other wordings, and another draw of the rest.
# There are as many of the last ones.
ROUNDS = 2
SIZES = {"perspectrum": 1_500, "argkp": 200, "ibm": 200, "nli": 700}
SENTENCES, CONTRASTS = 3_000, 5_000
# The last round: invented debates, what searches found, and some of what came before, so that it
# isn't forgotten.
LAST = "round-last"
OF_A_DEBATE, AGAIN = 12, {"sentences": 1_000, "contrast": 2_500}
AGAIN_GENERAL = {"perspectrum": 700, "argkp": 50, "ibm": 50, "nli": 200}
# Two rounds after it, each of all found claims that aren't beside the point, draws of these against
# the contrary and of the others, of propositions' wordings, and of what came before: first what is
# nearest to propositions, then what searches found, above all what a model took for more than near.
FURTHER = "round-further"
CONTRARY, BESIDE, WORDINGS = (3_000, 4_000), (4_000, 9_000), 800
AGAIN_FURTHER = (
    {"passages": 4_500, "sentences": 2_000, "contrast": 10_000},
    {"passages": 2_500, "sentences": 2_000, "contrast": 6_000},
)
FURTHER_GENERAL = {"perspectrum": 500, "argkp": 50, "ibm": 50, "nli": 200}
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
    """Writes the rounds, from `round-1.jsonl` to `round-further-2.jsonl`, and `tuning.jsonl`, which
    has no words of theirs; prints what they hold.

    Every round has all of a user's exported `corrections`.
    """
    rng = random.Random(seed)
    issues = load_issues(data)
    corrected = correction_pairs(corrections) if corrections else []
    _report_touching(corrected, data, encoder)
    wanted = training_issues(issues)
    sets = kept_sets(data, read_sets(data / CONTRAST), encoder)
    files = {}
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
    proposed, to_tune = kept_propositions(data, encoder)
    more = read_passages(data, corpus, NEAREST)
    tuned_on = {issue.id for issue in to_tune}
    held = held_words(passages) | {p.text for p in more if p.issue in tuned_on}
    every = Issues([*every, *proposed, *claims(sets)])
    hard = read_passages(data, corpus, HARD)
    spoken = _known([*read_passages(data, corpus, FOUND), *hard], every, held)
    near = _known(more, every, held)
    contrasts = list(contrast_pairs(sets, random.Random(seed)))
    for number, passages_found in enumerate((near, spoken)):
        # So that more finds of one of these rounds change nothing of the other.
        rng = random.Random(seed + number)
        again = AGAIN_FURTHER[number]
        files[f"{FURTHER}-{number + 1}"] = [
            *_found_further(passages_found, every, CONTRARY[number], BESIDE[number], rng),
            *_draw([pair for issue in proposed for pair in wording_pairs(issue)], WORDINGS, rng),
            *_draw([p for p in own if p.source != "sentences"], again["passages"], rng),
            *_draw(sentences, again["sentences"], rng),
            *_draw(contrasts, again["contrast"], rng),
            *general_pairs(shared, rng, FURTHER_GENERAL),
            *corrected,
        ]
    words = {text for pairs in files.values() for pair in pairs for text in (pair.a, pair.b)}
    tuning = [
        *_tuning(data, corpus, issues, random.Random(seed)),
        *_tuning_nearest(more, to_tune, random.Random(seed + 1)),
    ]
    # A claim may have been found for several propositions.
    files["tuning"] = [pair for pair in tuning if not {pair.a, pair.b} & words]
    for name, pairs in files.items():
        write_pairs(work / f"{name}.jsonl", pairs)
        print(f"{name}: {len(pairs)} pairs", _count(pairs))
    cited = [*(p for p in passages if p.issue in wanted), *spoken, *near]
    trained = {
        "issues": sorted(wanted),
        "documents": sorted({p.document for p in cited}),
        "contrast_sets": len(sets),
        "found_for": sorted({p.issue for p in [*spoken, *near]}),
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


def load_rounds(work: Path, name: str = "round") -> list[list[Pair]]:
    return [load_pairs(work / f"{name}-{number}.jsonl") for number in range(1, ROUNDS + 1)]


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
    spoken = read_passages(data, corpus, FOUND)
    return _known(spoken, every, held_words(labelled)), every


def held_words(labelled: Sequence[Passage]) -> set[str]:
    """Of passages that are labelled for a test or tuning issue."""
    return {p.text for p in labelled if p.issue in TEST | TUNING}


def _known(spoken: Sequence[Passage], every: Issues, held: set[str]) -> list[Passage]:
    known = {issue.id for issue in every}
    return [p for p in spoken if p.issue in known and p.text not in held]


def _found_further(
    passages: Sequence[Passage], every: Issues, contrary: int, beside: int, rng: random.Random
) -> list[Pair]:
    """All that isn't beside the point, against the proposition and against each other; draws of the
    same against the contrary, and of the rest."""
    made = list(found_pairs(passages, every, {issue.id for issue in every}, rng))
    sided = [pair for pair in made if pair.label is not Stance.UNCLEAR]
    return [
        *(pair for pair in sided if pair.source != "found-contrary"),
        *_draw([pair for pair in sided if pair.source == "found-contrary"], contrary, rng),
        *_draw([pair for pair in made if pair.label is Stance.UNCLEAR], beside, rng),
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
