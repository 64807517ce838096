"""What is trained on, and what must not be."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from service.catalogue import load_issues
from service.domain.issues import Issue, Issues
from service.domain.stance import STANCES, Stance
from service.retrieval.encoder import open_encoder
from service.settings import Settings
from service.stance.training.pairs import (
    TEST,
    TUNING,
    Pair,
    contrast_pairs,
    found_pairs,
    issue_pairs,
    load_pairs,
    read_sets,
    training_issues,
    unseen,
    write_pairs,
)
from service.stance.training.passages import FOUND, HARD, Passage, read_passages
from service.stance.training.prepare import (
    CONTRAST,
    MINIMAL,
    asked_for,
    claims,
    held_words,
    kept_debates,
    kept_propositions,
    kept_sets,
    known,
)
from tests.conftest import PROJECT, UNGDC

DATA = PROJECT / "data"
ISSUES = load_issues(DATA)


def test_no_training_issue_touches_a_test_issue() -> None:
    trained = training_issues(ISSUES)
    held = {ISSUES[key].group for key in TEST | TUNING}
    assert len(trained) >= 60
    assert not {ISSUES[key].group for key in trained} & held
    assert not {ISSUES[key].group for key in TEST} & {ISSUES[key].group for key in TUNING}


def test_every_issue_has_both_sides_in_words() -> None:
    assert len(ISSUES) >= 100
    for issue in ISSUES:
        assert len(issue.wordings) >= 2
        assert len(issue.contraries) >= 2
        assert not set(issue.wordings) & set(issue.contraries)


def test_minimal_pairs_are_as_many_and_as_varied_as_asked() -> None:
    pairs = read_sets(DATA / MINIMAL)
    assert len(pairs) >= 300
    assert len({pair["a"] for pair in pairs}) == len(pairs)
    assert {pair["expected"] for pair in pairs} == set(map(str, STANCES))
    assert {"negation", "role-swap", "modality", "quantity", "hedge", "actor-masked"} <= {
        pair["device"] for pair in pairs
    }


def test_no_minimal_pair_is_trained_on() -> None:
    said = {
        text
        for entry in read_sets(DATA / CONTRAST)
        for key in ("same", "opposite", "hedged", "other")
        for text in [entry["claim"], *entry[key]]
    }
    tested = {pair[side] for pair in read_sets(DATA / MINIMAL) for side in ("a", "b")}
    assert not said & tested


def test_contrast_pairs_by_hand() -> None:
    entry = {
        "topic": "veto", "claim": "c", "same": ["s1", "s2"], "opposite": ["o1"], "hedged": ["h"],
        "other": ["n"],
    }  # fmt: skip
    made = {(p.a, p.b): p.label for p in contrast_pairs([entry], random.Random(1))}
    assert made[("c", "s1")] is Stance.ALIGNED
    assert made[("c", "o1")] is Stance.OPPOSED
    assert made[("c", "h")] is Stance.PARTIAL
    assert made[("c", "n")] is Stance.UNCLEAR
    assert all(made[pair] is Stance.OPPOSED for pair in made if "o1" in pair and "n" not in pair)


def test_a_sentence_that_is_tested_is_trained_on_for_no_issue() -> None:
    made = [
        Passage(issue, f"{state}_1_2000", text, "favor")
        for issue, state, text in (
            ("D01", "AAA", "x"), ("T06", "AAA", "x"), ("T10", "BBB", "y"), ("T06", "BBB", "y"),
            ("T10", "CCC", "x"), ("T06", "DDD", "z"),
        )
    ]  # fmt: skip
    left = [(p.issue, p.text) for p in unseen(made)]
    assert left == [("D01", "x"), ("T10", "y"), ("T06", "z")]


def test_pairs_survive_their_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    pairs = [Pair("a", "b\n“c”", stance, "x", "1") for stance in STANCES]
    assert write_pairs(tmp_path / "pairs.jsonl", pairs) == 4
    assert load_pairs(tmp_path / "pairs.jsonl") == pairs
    assert all(json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines())


@pytest.mark.slow
@pytest.mark.skipif(not UNGDC.is_dir(), reason=f"the UN General Debate Corpus isn't at {UNGDC}")
def test_labelled_passages_are_where_they_are_said_to_be() -> None:
    """Every citation's hash is checked on the way."""
    ids = {issue.id for issue in ISSUES}
    pairs = issue_pairs(DATA, UNGDC, random.Random(1), ids)
    assert len(pairs) > 5_000
    assert {pair.subject for pair in pairs} == ids
    labels = Counter(pair.label for pair in pairs)
    assert min(labels[stance] for stance in STANCES) > 500


def test_what_was_found_is_held_against_both_sides() -> None:
    asked = Issues([Issue("I", "P.", "C."), Issue("POS_1_2000:0-9", "Said.", "")])
    passages = [
        Passage(issue, f"{state}_1_2000", f"{state} {label}", label)
        for issue in ("I", "POS_1_2000:0-9")
        for state, label in (
            ("AAA", "favor"), ("BBB", "against"), ("CCC", "partial"), ("DDD", "related"),
            *(("EEE", "related") for _ in range(50)),
        )
    ]  # fmt: skip
    made = list(found_pairs(passages, asked, {issue.id for issue in asked}, random.Random(1)))
    labels = {(p.a, p.b): p.label for p in made}
    assert labels[("P.", "AAA favor")] is labels[("C.", "BBB against")] is Stance.ALIGNED
    assert labels[("Said.", "BBB against")] is labels[("C.", "AAA favor")] is Stance.OPPOSED
    assert labels[("Said.", "CCC partial")] is Stance.PARTIAL
    sources = Counter((p.source, p.label) for p in made)
    assert sources[("found-passage", Stance.UNCLEAR)] == 102
    assert 0 < sources[("found-contrary", Stance.UNCLEAR)] < 25  # some of the 51
    assert {p.source for p in made} == {"found-passage", "found-contrary", "found-sentences"}
    assert all(p.a for p in made)  # no contrary is made up where there is none


@pytest.mark.slow
@pytest.mark.skipif(not UNGDC.is_dir(), reason=f"the UN General Debate Corpus isn't at {UNGDC}")
def test_nothing_that_was_found_touches_what_is_measured() -> None:
    """Every citation's hash is checked on the way."""
    trained = training_issues(ISSUES)
    measured = held_words(read_passages(DATA, UNGDC))
    spoken = read_passages(DATA, UNGDC, FOUND)
    assert len(spoken) > 10_000
    on_issues = [p for p in spoken if ":" not in p.issue and not p.issue.startswith("debate-")]
    assert {p.issue for p in on_issues} <= trained | TUNING
    encoder = open_encoder(Settings().model, Settings().models)
    debates = kept_debates(DATA, encoder)
    asked = Issues(asked_for(DATA, ISSUES, trained, debates))
    left = known(spoken, asked, measured)
    assert len(left) > 0.9 * len(spoken)
    assert not {p.text for p in left} & measured
    assert {p.issue for p in left} <= {issue.id for issue in asked}
    assert not {p.issue for p in left} & TUNING


def test_the_claim_of_a_contrast_set_is_a_proposition() -> None:
    (made,) = claims([{"id": "set-7", "claim": "c", "same": ["s1", "s2"], "opposite": ["o"]}])
    assert (made.id, made.wordings, made.contrary) == ("set-7", ("c", "s1"), "")


@pytest.mark.slow
@pytest.mark.skipif(not UNGDC.is_dir(), reason="the UN General Debate Corpus isn't here")
def test_hard_finds_are_on_what_is_trained_on() -> None:
    hard = {p.issue for p in read_passages(DATA, UNGDC, HARD)}
    encoder = open_encoder(Settings().model, Settings().models)
    sets = {entry["id"] for entry in kept_sets(DATA, read_sets(DATA / CONTRAST), encoder)}
    debates = {entry["id"] for entry in kept_debates(DATA, encoder)}
    trained, tuned = kept_propositions(DATA, encoder)
    asked = sets | debates | {issue.id for issue in trained} | training_issues(ISSUES)
    assert {issue for issue in hard if ":" not in issue} <= asked
    assert not hard & ({issue.id for issue in tuned} | TEST | TUNING)
