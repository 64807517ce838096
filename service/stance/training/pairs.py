"""Training pairs from every source, split so that no subject of the test is trained on."""

from __future__ import annotations

import csv
import itertools
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from service.catalogue import load_issues
from service.domain.issues import Issues
from service.domain.stance import Stance
from service.retrieval.encoder import Encoder
from service.stance.training.passages import Passage, read_pairs, read_passages

_FOR, _PARTLY, _AGAINST, _NEITHER = Stance
_Made = tuple[str, str, Stance]
OF_PASSAGE = {"favor": _FOR, "against": _AGAINST, "partial": _PARTLY, "related": _NEITHER}
OF_RELATION = {"same": _FOR, "opposite": _AGAINST, "hedged": _PARTLY}
# Issues that no training pair and no setting has seen: those that two readers labelled. Issues of
# the same group (data/issues.yaml) are left out of training with them.
TEST = frozenset(f"D{n:02d}" for n in range(1, 21))
# Issues on which thresholds are set and probabilities calibrated.
TUNING = frozenset({"T10", "T23", "T28", "T32", "T36", "U17", "U24", "U30", "U33"})
# Propositions this near to each other (cosine of the default encoder) ask neighbouring questions:
# nearer ones may be the same question, farther ones are told apart by their words.
NEIGHBOURS, STRANGERS_OF_ONE = (0.30, 0.60), 4
CONTRARIES_OF_NONE, FOUND_OF_ONE = 5, 10
# A contrast set whose claim is this near (cosine of the default encoder) to a wording of what is
# tested or tuned on is left out, and one this near to a minimal pair's.
TOUCHES, REPEATS = 0.60, 0.80


@dataclass(frozen=True, slots=True)
class Pair:
    """`b` stands `label` towards `a`. `source` names the data set, `subject` the issue or set."""

    a: str
    b: str
    label: Stance
    source: str
    subject: str


def training_issues(issues: Issues) -> set[str]:
    """Those whose group holds neither a test nor a tuning issue."""
    held = {issues[key].group for key in TEST | TUNING}
    return {issue.id for issue in issues if issue.group not in held}


def write_pairs(path: Path, pairs: Iterable[Pair]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for count, pair in enumerate(pairs, start=1):  # noqa: B007
            file.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")
    return count


def load_pairs(path: Path) -> list[Pair]:
    with path.open(encoding="utf-8") as file:
        fields = (json.loads(line) for line in file)
        return [Pair(**f | {"label": Stance(f["label"])}) for f in fields]


def passage_pairs(
    passages: Sequence[Passage], issues: Issues, wanted: set[str], rng: random.Random
) -> Iterator[Pair]:
    """Each passage against its proposition, in one of its wordings, and against the contrary."""
    swapped = {"favor": _AGAINST, "against": _FOR, "related": _NEITHER}
    for passage in passages:
        if passage.issue not in wanted:
            continue
        issue = issues[passage.issue]
        label = OF_PASSAGE[passage.label]
        yield Pair(rng.choice(issue.wordings), passage.text, label, "passage", issue.id)
        if passage.label in swapped and issue.contrary:
            contrary = rng.choice(issue.contraries)
            yield Pair(contrary, passage.text, swapped[passage.label], "contrary", issue.id)


def sentence_pairs(
    passages: Sequence[Passage], wanted: set[str], rng: random.Random, most: int = 50
) -> Iterator[Pair]:
    """Passages of one issue against each other, of different states; at most `most` an issue."""
    share = {_FOR: 0.3, _AGAINST: 0.35, _PARTLY: 0.15, _NEITHER: 0.2}
    by_issue: dict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        if passage.issue in wanted:
            by_issue[passage.issue].append(passage)
    for issue, members in sorted(by_issue.items()):
        found: dict[Stance, list[Pair]] = defaultdict(list)
        for a, b in itertools.permutations(members, 2):
            label = _relation(a.label, b.label)
            if label is not None and a.state != b.state:
                found[label].append(Pair(a.text, b.text, label, "sentences", issue))
        for label, pairs in found.items():
            yield from rng.sample(pairs, min(len(pairs), int(most * share[label])))


def stranger_pairs(
    passages: Sequence[Passage], issues: Issues, encoder: Encoder, rng: random.Random
) -> Iterator[Pair]:
    """Each proposition against passages that take sides on a neighbouring question: unclear. It is
    what a search mostly brings."""
    sided = defaultdict(list)
    for passage in passages:
        if passage.label in ("favor", "against"):
            sided[passage.issue].append(passage.text)
    listed = [issue for issue in issues if issue.id in sided]
    if not listed:
        return
    vectors = encoder.encode([issue.proposition for issue in listed])
    low, high = NEIGHBOURS
    for issue, near in zip(listed, vectors @ vectors.T, strict=True):
        others = [
            other
            for other, score in zip(listed, near, strict=True)
            if low <= score < high and (other.group != issue.group or not issue.group)
        ]
        for other in rng.sample(others, min(STRANGERS_OF_ONE, len(others))):
            asked = rng.choice([*issue.wordings, *issue.contraries])
            yield Pair(asked, rng.choice(sided[other.id]), _NEITHER, "strangers", issue.id)


def found_pairs(
    passages: Sequence[Passage], issues: Issues, wanted: set[str], rng: random.Random
) -> Iterator[Pair]:
    """As `passage_pairs` and `sentence_pairs`, of what searches found. Most of it takes no side,
    and one in CONTRARIES_OF_NONE of that is also held against the contrary."""
    for pair in passage_pairs(passages, issues, wanted, rng):
        none_asked = pair.source == "contrary" and pair.label is _NEITHER
        if not none_asked or rng.random() < 1 / CONTRARIES_OF_NONE:
            yield replace(pair, source=f"found-{pair.source}")
    sided = [passage for passage in passages if passage.label != "related"]
    for pair in sentence_pairs(sided, wanted, rng, FOUND_OF_ONE):
        yield replace(pair, source="found-sentences")


def _relation(a: str, b: str) -> Stance | None:
    """Of two passages on one issue; None where their labels don't tell."""
    if "related" in (a, b):
        return None if "partial" in (a, b) else _NEITHER
    if "partial" in (a, b):
        return _PARTLY if a == "favor" else None
    return _FOR if a == b else _AGAINST


def contrast_pairs(sets: Sequence[Mapping[str, Any]], rng: random.Random) -> Iterator[Pair]:
    """Every version against the claim, and versions against each other."""
    for number, entry in enumerate(sets):
        near = [e for e in sets if e.get("topic") == entry.get("topic") and e is not entry]
        made = [*_versions(entry), *_crossed(entry, near if "topic" in entry else [], rng)]
        yield from (Pair(a, b, label, "contrast", f"contrast-{number}") for a, b, label in made)


def _versions(entry: Mapping[str, Any]) -> Iterator[_Made]:
    claim = entry["claim"]
    labels = {"same": _FOR, "opposite": _AGAINST, "hedged": _PARTLY, "other": _NEITHER}
    for name, label in labels.items():
        yield from ((claim, text, label) for text in entry[name])


def _crossed(
    entry: Mapping[str, Any], near: Sequence[Mapping[str, Any]], rng: random.Random
) -> Iterator[_Made]:
    claim = entry["claim"]
    same, opposite, hedged, other = (entry[k] for k in ("same", "opposite", "hedged", "other"))
    yield rng.choice(same), claim, _FOR
    if len(same) > 1:
        yield *rng.sample(same, 2), _FOR
    yield rng.choice(opposite), rng.choice([claim, *same]), _AGAINST
    yield rng.choice(opposite), rng.choice(same), _AGAINST
    yield rng.choice(same), rng.choice(opposite), _AGAINST
    yield rng.choice(same), rng.choice(hedged), _PARTLY
    yield rng.choice(opposite), rng.choice(other), _NEITHER
    if near:  # a neighbouring claim of the same topic: the same vocabulary, another question
        neighbour = rng.choice(near)
        yield claim, rng.choice([neighbour["claim"], *neighbour["same"]]), _NEITHER


def perspectrum(folder: Path, splits: set[str], rng: random.Random) -> Iterator[Pair]:
    """Claims with supporting and undermining perspectives, and with strangers' ones."""
    pool = {p["pId"]: p["text"] for p in _json(folder / "perspective_pool_v1.0.json")}
    split = _json(folder / "dataset_split_v1.0.json")
    labels = {"SUPPORT": _FOR, "UNDERMINE": _AGAINST}
    everything = sorted(pool)
    for claim in _json(folder / "perspectrum_with_answers_v1.0.json"):
        if split[str(claim["cId"])] not in splits:
            continue
        subject = f"perspectrum-{claim['cId']}"
        for cluster in claim["perspectives"]:
            label = labels.get(cluster["stance_label_3"].upper())
            if label is not None:
                for pid in cluster["pids"]:
                    yield Pair(claim["text"], pool[pid], label, "perspectrum", subject)
        for pid in rng.sample(everything, 2):
            yield Pair(claim["text"], pool[pid], _NEITHER, "perspectrum", subject)


def ibm_claims(path: Path) -> Iterator[Pair]:
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            label = {"PRO": _FOR, "CON": _AGAINST}[row["claims.stance"]]
            text = row["claims.claimCorrectedText"]
            yield Pair(row["topicText"], text, label, "ibm", row["topicId"])


def key_points(folder: Path, rng: random.Random) -> Iterator[Pair]:
    """Arguments against their topic, and against key points of their own side and of the other."""
    arguments = {r["arg_id"]: r for r in _csv(folder / "arguments_train.csv")}
    points = {r["key_point_id"]: r for r in _csv(folder / "key_points_train.csv")}
    for row in arguments.values():
        label = _FOR if row["stance"] == "1" else _AGAINST
        yield Pair(row["topic"], row["argument"], label, "argkp", row["topic"])
    for row in _csv(folder / "labels_train.csv"):
        argument, point = arguments[row["arg_id"]], points[row["key_point_id"]]
        label = _FOR if row["label"] == "1" else _NEITHER
        if label is _FOR or rng.random() < 0.3:
            yield Pair(point["key_point"], argument["argument"], label, "argkp", point["topic"])


def inference(path: Path) -> Iterator[Pair]:
    """A premise holds what it entails, and is opposed to what it contradicts."""
    labels = {"entailment": _FOR, "contradiction": _AGAINST, "neutral": _NEITHER}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield Pair(row["sentence2"], row["sentence1"], labels[row["gold_label"]], "nli", "nli")


def general_pairs(shared: Path, rng: random.Random, sizes: Mapping[str, int]) -> list[Pair]:
    """Public stance and inference data, `sizes` pairs of each set at most."""
    sources = {
        "perspectrum": perspectrum(shared / "stance/perspectrum", {"train", "dev"}, rng),
        "ibm": ibm_claims(shared / "stance/ibm_claim_stance/claim_stance_fixed.csv"),
        "argkp": key_points(shared / "stance/argkp/kpm_data", rng),
        "nli": inference(shared / "stance/counterfactual_nli/all_combined/train.tsv"),
    }
    found: list[Pair] = []
    for name, pairs in sources.items():
        every = list(pairs)
        found += rng.sample(every, min(sizes[name], len(every)))
    return found


def read_sets(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def relation_pairs(data_dir: Path, corpus: Path, wanted: set[str]) -> list[Pair]:
    """The pairs of passages that were labelled as pairs."""
    return [
        Pair(p.a.text, p.b.text, OF_RELATION[p.relation], "pairs", p.issue)
        for p in read_pairs(data_dir, corpus)
        if p.issue in wanted
    ]


def issue_pairs(data_dir: Path, corpus: Path, rng: random.Random, wanted: set[str]) -> list[Pair]:
    """All pairs on the labelled issues `wanted`; where two readers differ, none."""
    issues = load_issues(data_dir)
    agreed = [p for p in read_passages(data_dir, corpus) if p.second_label in (None, p.label)]
    passages = unseen(agreed)
    return [
        *passage_pairs(passages, issues, wanted, rng),
        *sentence_pairs(passages, wanted, rng),
        *relation_pairs(data_dir, corpus, wanted),
    ]


def unseen(passages: Sequence[Passage]) -> list[Passage]:
    """Without passages of other issues whose words are also a test issue's, and without training
    passages whose words are a tuning issue's: some sentences are labelled on several issues."""

    def rank(issue: str) -> int:
        return 2 if issue in TEST else 1 if issue in TUNING else 0

    highest: dict[str, int] = {}
    for passage in passages:
        highest[passage.text] = max(rank(passage.issue), highest.get(passage.text, 0))
    return [p for p in passages if rank(p.issue) == highest[p.text]]


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        yield from csv.DictReader(file)
