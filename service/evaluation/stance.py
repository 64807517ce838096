"""`evaluate stance`: the stance model on what it was never trained on, beside plain baselines.

Sets: the labelled passages of the test issues (proposition against passage, and passage against
another state's passage), the same with their actors masked, the minimal pairs, and Perspectrum's
test split. Intervals are percentiles of a bootstrap that draws whole subjects (issues, claims, and
for the figures by group whole states), for pairs on one subject aren't independent.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.catalogue import load_blocs, load_issues, load_states
from service.corpus.speakers import load_capitals
from service.domain.blocs import Blocs
from service.domain.issues import Issues
from service.domain.stance import STANCES, Stance
from service.evaluation.baselines import Judge, Judged, closenesses, fitted, majority
from service.evaluation.figures import (
    DRAWS,
    SEED,
    Figure,
    Numbers,
    Reckon,
    base_rates,
    bootstrap,
    brier,
    calibration_error,
    macro_f1,
    share,
)
from service.evaluation.masking import Mask
from service.evaluation.reports import Block
from service.retrieval.encoder import Encoder
from service.stance.judge import StanceJudge
from service.stance.training.calibrate import sides
from service.stance.training.pairs import (
    OF_PASSAGE,
    TEST,
    TUNING,
    Pair,
    perspectrum,
    read_sets,
    relation_pairs,
    sentence_pairs,
)
from service.stance.training.passages import Passage, read_passages
from service.stance.training.prepare import MINIMAL

_ALIGNED, _PARTIAL, _OPPOSED, _UNCLEAR = range(len(STANCES))
# The regional groups of the United Nations, as the catalogue calls them.
REGIONS = ("african-group", "asia-pacific-group", "eastern-european-group", "grulac", "weog")


@dataclass(frozen=True, slots=True)
class Sets:
    """`tests` and `tuning` by name; `tuning` has pairs of the tuning issues only, for the cuts of
    the baselines. `spoken` tells of a passage's text who said it and when."""

    tests: dict[str, list[Pair]]
    tuning: dict[str, list[Pair]]
    spoken: dict[str, Passage]


def labelled_sets(data: Path, corpus: Path) -> Sets:
    """Of passages read twice, those on which both readers agree."""
    rng = random.Random(SEED)
    issues = load_issues(data)
    agreed = [p for p in read_passages(data, corpus) if p.second_label in (None, p.label)]
    related = relation_pairs(data, corpus, set(TEST | TUNING))

    tested = [p for p in agreed if p.issue in TEST]
    sentences = [
        *(pair for pair in related if pair.subject in TEST),
        *sentence_pairs(agreed, set(TEST), rng),
    ]
    minimal = [
        Pair(e["a"], e["b"], Stance(e["expected"]), e["device"], e["id"])
        for e in read_sets(data / MINIMAL)
    ]
    spoken = {p.text: p for p in tested}
    # One passage may be labelled on several issues: a tested one sets no cut.
    others = [p for p in agreed if p.issue in TUNING and p.text not in spoken]
    known = {
        "proposition": towards(others, issues),
        "sentences": [
            *(pair for pair in related if pair.subject in TUNING),
            *sentence_pairs(others, set(TUNING), rng),
        ],
    }
    return Sets(
        {"proposition": towards(tested, issues), "sentences": sentences, "minimal": minimal},
        known,
        spoken,
    )


def towards(passages: Sequence[Passage], issues: Issues) -> list[Pair]:
    """Each passage against its proposition in the first wording."""
    return [
        Pair(issues[p.issue].wordings[0], p.text, OF_PASSAGE[p.label], "proposition", p.issue)
        for p in passages
    ]


def perspectrum_test(folder: Path) -> list[Pair]:
    """Supporting and undermining perspectives of the test split's claims."""
    found = perspectrum(folder, {"test"}, random.Random(SEED))
    return [pair for pair in found if pair.label is not Stance.UNCLEAR]


def evaluate_stance(
    model: StanceJudge,
    data: Path,
    corpus: Path,
    public: Path | None,
    encoders: Sequence[Encoder],
) -> list[Block]:
    """`public` is Perspectrum's folder; the cosine of each of `encoders` is a baseline."""

    def judge(pairs: Sequence[Pair]) -> Judged:
        # The model keeps its verdicts: what is asked again isn't judged again.
        verdicts = model.judge([(pair.a, pair.b) for pair in pairs])
        probabilities = np.array([verdict.probabilities for verdict in verdicts])
        return Judged(
            np.array([STANCES.index(verdict.stance) for verdict in verdicts]),
            probabilities[:, _OPPOSED] > probabilities[:, _ALIGNED],
            probabilities,
        )

    return evaluate(
        judge,
        labelled_sets(data, corpus),
        perspectrum_test(public) if public else [],
        encoders,
        Mask(load_states(data), load_capitals(data)),
        load_blocs(data),
    )


def evaluate(
    model: Judge,
    sets: Sets,
    public: Sequence[Pair],
    encoders: Sequence[Encoder],
    mask: Mask,
    blocs: Blocs,
) -> list[Block]:
    known = closenesses(encoders)

    def judges(kind: str) -> dict[str, Judge]:
        """A closeness has its cuts from tuning pairs of the same kind as those to be judged."""
        cut = {name: fitted(closeness, sets.tuning[kind]) for name, closeness in known.items()}
        return {"model": model, "majority": majority, **cut}

    towards, between = judges("proposition"), judges("sentences")
    blocks = []
    for name, asked in (("proposition", towards), ("sentences", between)):
        pairs = sets.tests[name]
        masked = mask.pairs(pairs)
        rows = {who: three_classes(judge, pairs) for who, judge in asked.items()}
        blocks.append(Block(name, rows, _size(pairs, "issues")))
        rows = {
            who: three_classes(judge, masked) | changes(judge, pairs, masked)
            for who, judge in asked.items()
        }
        differing = sum(a != b for a, b in zip(pairs, masked, strict=True))
        blocks.append(
            Block(f"{name} masked", rows, f"{_size(pairs, 'issues')}, {differing} name an actor")
        )
        about = "over the classes that occur in the issue"
        blocks.append(Block(f"{name} by issue", by_issue(model, pairs), about))
        said = [pair for pair in pairs if pair.b in sets.spoken]
        regions = by_region(model, said, [sets.spoken[pair.b] for pair in said], blocs)
        about = "no test on unseen states: other passages of most of them were trained on"
        blocks.append(Block(f"{name} by speaking state", regions, about))
    minimal = sets.tests["minimal"]
    rows = {who: minimal_pairs(judge, minimal) for who, judge in towards.items()}
    blocks.append(Block("minimal", rows, f"{len(minimal)} pairs"))
    rows = {who: by_device(judge, minimal) for who, judge in towards.items()}
    blocks.append(Block("minimal by device", rows, "share of pairs whose stance is right"))
    if public:
        rows = {who: two_classes(judge, public) for who, judge in towards.items()}
        blocks.append(Block("perspectrum", rows, _size(public, "claims")))
    return blocks


def three_classes(judge: Judge, pairs: Sequence[Pair], draws: int = DRAWS) -> dict[str, Any]:
    """For, against, neither; and what goes wrong in the ways that matter."""
    judged = judge(pairs)
    truth, guess = _truth(pairs), judged.stances
    subjects = np.array([p.subject for p in pairs])
    sided = (truth == _ALIGNED) | (truth == _OPPOSED)

    def interval(figure: Reckon) -> Figure:
        return bootstrap(figure, subjects, draws)

    report: dict[str, Any] = {
        "macro_f1": interval(_of_sides(truth, guess)),
        "opposed_called_aligned": interval(share(truth == _OPPOSED, guess == _ALIGNED)),
        "hedged_called_aligned": interval(share(truth == _PARTIAL, guess == _ALIGNED)),
        "sided_left_unclear": interval(share(sided, guess == _UNCLEAR)),
        "aligned_are_aligned": interval(share(guess == _ALIGNED, truth == _ALIGNED)),
    }
    if judged.probabilities is not None:
        report |= {
            "calibration_error": calibration_error(judged.probabilities, truth),
            "brier": brier(judged.probabilities, truth),
            "brier_of_base_rates": brier(base_rates(truth, len(STANCES)), truth),
        }
    return report


def changes(judge: Judge, pairs: Sequence[Pair], masked: Sequence[Pair]) -> dict[str, Any]:
    """How many verdicts on pairs that name an actor are others once the actor is masked."""
    named = np.flatnonzero([p != m for p, m in zip(pairs, masked, strict=True)])
    if not len(named):
        return {}
    # Whole sets are judged: closeness by words depends on the set.
    changed = (judge(pairs).stances != judge(masked).stances)[named]
    subjects = np.array([pair.subject for pair in pairs])[named]
    return {
        "verdicts_changed": int(changed.sum()),
        "share_changed": bootstrap(share(np.ones(len(named), bool), changed), subjects),
    }


def by_issue(judge: Judge, pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    """Macro-F1 of each subject alone, over the classes that occur in it."""
    truth, guess = _truth(pairs), judge(pairs).stances
    subjects = np.array([p.subject for p in pairs])
    return {
        str(subject): {"macro_f1": _of_sides(truth, guess)(rows), "pairs": len(rows)}
        for subject in np.unique(subjects)
        for rows in [np.flatnonzero(subjects == subject)]
    }


def by_region(
    judge: Judge, pairs: Sequence[Pair], speakers: Sequence[Passage], blocs: Blocs
) -> dict[str, dict[str, Any]]:
    """Macro-F1 by the regional group, at the time, of the state that is judged: whether some are
    judged worse than others. Intervals draw whole states.

    This is no test on unseen states: the training is split by issue, and has read other passages
    of most of these states. Nor are the groups alike: they speak on other issues and take other
    sides, so a lower figure is a reason to look, not yet a proof.
    """
    truth, guess = _truth(pairs), judge(pairs).stances
    states = np.array([speaker.state for speaker in speakers])
    members: dict[str, list[int]] = defaultdict(list)
    for i, speaker in enumerate(speakers):
        members[_region(speaker, blocs)].append(i)
    report = {}
    for group, numbers in sorted(members.items()):
        rows = np.array(numbers)
        report[group] = {
            "macro_f1": bootstrap(_of_sides(truth[rows], guess[rows]), states[rows]),
            "pairs": len(rows),
            "states": len(set(states[rows].tolist())),
        }
    return report


def minimal_pairs(judge: Judge, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Intervals draw whole pairs: each is a subject of its own."""
    truth, guess = _truth(pairs), judge(pairs).stances
    ids = np.array([p.subject for p in pairs])
    opposite, same, hedged = truth == _OPPOSED, truth == _ALIGNED, truth == _PARTIAL
    return {
        "opposites_not_aligned": bootstrap(share(opposite, guess != _ALIGNED), ids),
        "opposites_opposed": bootstrap(share(opposite, guess == _OPPOSED), ids),
        "paraphrases_aligned": bootstrap(share(same, guess == _ALIGNED), ids),
        "hedges_not_aligned": bootstrap(share(hedged, guess != _ALIGNED), ids),
    }


def by_device(judge: Judge, pairs: Sequence[Pair]) -> dict[str, float]:
    """A baseline has no `partial`: what can only be that, it never gets right."""
    right = judge(pairs).stances == _truth(pairs)
    devices = np.array([p.source for p in pairs])
    return {str(device): float(right[devices == device].mean()) for device in np.unique(devices)}


def two_classes(judge: Judge, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Support against undermine: the likelier of the two sides."""
    guess = judge(pairs).opposed
    truth = _truth(pairs) == _OPPOSED
    subjects = np.array([p.subject for p in pairs])
    right: npt.NDArray[np.bool_] = guess == truth
    return {
        "macro_f1": bootstrap(
            lambda rows: macro_f1(truth[rows].astype(int), guess[rows].astype(int)), subjects
        ),
        "accuracy": bootstrap(share(np.ones(len(pairs), bool), right), subjects),
    }


def _of_sides(truth: Numbers, guess: Numbers) -> Reckon:
    """Macro-F1 of for, against and neither: partial and unclear are one class."""
    true, guessed = sides(truth), sides(guess)
    return lambda rows: macro_f1(true[rows], guessed[rows])


def _region(speaker: Passage, blocs: Blocs) -> str:
    year = int(speaker.document.rsplit("_", 1)[1])
    day = date(year, 9, 30)  # in the weeks of the General Debate
    found = (group for group in REGIONS if speaker.state in blocs.members(group, day))
    return next(found, "no regional group")


def _truth(pairs: Sequence[Pair]) -> Numbers:
    return np.array([STANCES.index(pair.label) for pair in pairs])


def _size(pairs: Sequence[Pair], subjects: str) -> str:
    return f"{len(pairs)} pairs, {len({pair.subject for pair in pairs})} {subjects}"
