"""Four scales on a debate in which every state's place is known, and on the bundled positions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.stats import spearmanr

from service.analysis.scaled import CORRELATIONS, LOADINGS, UNITS, Scale, ScaledUnit, ScaleName
from service.comparison import Comparator
from service.errors import InvalidInput, NotFound
from service.stance.kept import TooManyToJudge
from service.stance.wordings import judge_on
from tests.analysis.brute import records
from tests.analysis.schooling import (
    BRIEF,
    LEANS,
    STATES,
    TOPIC,
    YEARS,
    Debate,
    all_near,
    comparator,
)


@pytest.fixture(scope="module")
def debate() -> Debate:
    return Debate()


@pytest.fixture(scope="module")
def schools(
    debate: Debate, stance_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Comparator:
    return comparator(tmp_path_factory.mktemp("schools") / "indexes", debate, stance_folder)


@pytest.fixture(scope="module", autouse=True)
def near() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        all_near(patch)
        yield


@pytest.fixture(scope="module")
def on_issue(schools: Comparator) -> Scale:
    return schools.scale(issue="tongue")


@pytest.fixture(scope="module")
def on_topic(schools: Comparator) -> Scale:
    return schools.scale(topic=TOPIC)


def units(found: Scale) -> dict[str, ScaledUnit]:
    return {unit.unit: unit for unit in found.units}


def scores(found: Scale, name: str) -> dict[str, float]:
    scale = ScaleName(name)
    return {u.unit: u.scores[scale].score for u in found.units if scale in u.scores}


def agreement(found: Scale, name: str) -> float:
    placed = scores(found, name)
    return float(spearmanr(list(placed.values()), [LEANS[state] for state in placed]).statistic)


def test_stance_is_the_mean_of_what_claims_are(debate: Debate, on_issue: Scale) -> None:
    for unit in on_issue.units:
        own = debate.on("tongue", unit.unit)
        assert (unit.claims, unit.on_issues) == (len(own), len(own))
        if unit.unit == BRIEF:
            assert unit.scores == {}
            continue
        assert unit.statements == len(YEARS)
        found = unit.scores[ScaleName.STANCE]
        assert found.score == pytest.approx(np.mean(own), abs=1e-6)
        assert -1 <= found.low <= found.score <= found.high <= 1
        assert (found.low < found.high) is (len({*own}) > 1)


def test_similarity_is_the_mean_difference_of_both_sides(
    schools: Comparator, debate: Debate, on_issue: Scale
) -> None:
    sides = schools.contraries.on("tongue")
    generation = schools.generation
    vectors = generation.index.vectors(slice(None))
    apart = vectors @ sides.holds - vectors @ sides.denies
    said = generation.library.records(range(len(vectors)))
    for unit in on_issue.units:
        if unit.unit != BRIEF:
            rows = [record.row for record in said if record.statement.state == unit.unit
                    and debate.sides[record.claim.id][0] == "tongue"]  # fmt: skip
            expected = apart[rows].mean()
            assert unit.scores[ScaleName.SIMILARITY].score == pytest.approx(expected, abs=1e-5)


def test_a_verdict_is_a_difference_of_probabilities(schools: Comparator) -> None:
    """Where nobody said which side a claim takes."""
    issue = schools.issues["D01"]
    judge = schools.issue_judge(schools.generation)
    rows = np.arange(5)
    texts = [record.claim.text for record in schools.generation.library.records(rows.tolist())]
    verdicts = judge_on(issue, texts, schools.stance_model)
    expected = [v.probabilities[0] - v.probabilities[2] for v in verdicts]
    assert judge.leanings(issue, rows).tolist() == pytest.approx(expected, abs=1e-6)
    with pytest.raises(TooManyToJudge):
        judge.leanings(issue, np.arange(10, 15), most=3)


def test_each_scale_finds_the_known_order(on_issue: Scale, on_topic: Scale) -> None:
    for found in (on_issue, on_topic):
        assert set(scores(found, "wordfish")) == set(STATES)
        assert agreement(found, "wordfish") > 0.95
        assert agreement(found, "wordscores") > 0.95
        assert found.word_model is not None
        assert found.word_model.converged
    assert agreement(on_issue, "similarity") > 0.8
    assert agreement(on_topic, "stance") > 0.95
    assert agreement(on_topic, "similarity") > 0.9


def test_a_topics_dimension_is_that_of_its_issues(on_topic: Scale, debate: Debate) -> None:
    assert set(on_topic.issues) == {"tongue", "fees", "meals"}
    assert on_topic.left_out == ()
    assert all(loading.stance and loading.stance > 0.1 for loading in on_topic.loadings)
    assert all(loading.units in (10, len(STATES) + 1) for loading in on_topic.loadings)
    assert on_topic.shares[ScaleName.STANCE] > 0.7  # type: ignore[operator]
    mean = {
        state: np.nanmean([np.mean(debate.on(i, state) or np.nan) for i in on_topic.issues])
        for state in STATES
    }
    placed = scores(on_topic, "stance")
    assert np.corrcoef([placed[s] for s in STATES], [mean[s] for s in STATES])[0, 1] > 0.95
    for unit in on_topic.units:
        for found in unit.scores.values():
            assert found.low <= found.score <= found.high


def test_the_ends_are_those_with_the_lowest_and_highest_stance(on_issue: Scale) -> None:
    placed = scores(on_issue, "stance")
    low, high = on_issue.anchors or ("", "")
    claims = {unit.unit: unit.claims for unit in on_issue.units}
    able = {s: v for s, v in placed.items() if claims[s] >= np.median([claims[s] for s in placed])}
    assert placed[low] == min(able.values())
    assert placed[high] == max(able.values())
    assert on_issue.references == {low: -1.0, high: 1.0}
    fish = scores(on_issue, "wordfish")
    assert fish[low] < fish[high]
    assert np.mean(list(fish.values())) == pytest.approx(0.0, abs=1e-5)
    assert np.std(list(fish.values()), ddof=1) == pytest.approx(1.0, abs=1e-5)


def test_anchors_and_references_are_the_users(schools: Comparator, on_topic: Scale) -> None:
    found = schools.scale(topic=TOPIC, anchor_low="Qatar", anchor_high="BEL",
                          reference={"Qatar": 10, "BEL": 0.0, "JOR": 4})  # fmt: skip
    assert found.anchors == ("QAT", "BEL")
    assert found.references == {"QAT": 10.0, "BEL": 0.0, "JOR": 4.0}
    assert found.query["anchor_low"] == "QAT"
    for name in ("stance", "similarity", "wordfish"):
        assert agreement(found, name) < -0.9
    assert agreement(found, "wordscores") > 0.9
    by_state = units(found)
    assert by_state["BEL"].wordscores_mv == pytest.approx(0.0, abs=1e-6)
    assert by_state["QAT"].wordscores_mv == pytest.approx(10.0, abs=1e-6)
    assert [by_state[s].reference for s in ("QAT", "JOR", "PER")] == [10.0, 4.0, None]
    turned = {unit: -score for unit, score in scores(found, "wordfish").items()}
    assert scores(on_topic, "wordfish") == pytest.approx(turned)


def test_a_states_own_scores_rest_on_nobody_else(schools: Comparator, on_issue: Scale) -> None:
    some = ["BEL", "DNK", "FIN", "GHA", "PER", "QAT"]
    found = units(schools.scale(issue="tongue", states=some))
    assert list(found) == some
    for state in some:
        for name in (ScaleName.STANCE, ScaleName.SIMILARITY):
            assert found[state].scores[name] == units(on_issue)[state].scores[name]
    later = units(schools.scale(issue="tongue", seed=1))["JOR"].scores[ScaleName.SIMILARITY]
    first = units(on_issue)["JOR"].scores[ScaleName.SIMILARITY]
    assert later.score == first.score
    assert later != first
    early = units(schools.scale(issue="tongue", to=2016))
    assert early["BEL"].statements == 2


def test_statements_are_placed_too(schools: Comparator, debate: Debate) -> None:
    found = schools.scale(topic=TOPIC, by="statement", whole=True)
    assert [unit.unit for unit in found.units] == sorted(s.id for s in debate.statements)
    assert {unit.statements for unit in found.units} == {1}
    fish = scores(found, "wordfish")
    leans = [LEANS[unit.split("_")[0]] for unit in fish]
    assert spearmanr(list(fish.values()), leans).statistic > 0.8
    by_id = {s.id: s for s in debate.statements}
    for unit in found.units:
        assert (unit.state, unit.date) == (by_id[unit.unit].state, str(by_id[unit.unit].date))


def test_too_few_to_be_put_in_order(schools: Comparator) -> None:
    found = schools.scale(topic=TOPIC, states=["BEL", "QAT", BRIEF])
    assert [unit.unit for unit in found.units] == ["BEL", "QAT", BRIEF]
    assert (found.word_model, found.anchors, found.loadings) == (None, None, ())
    assert all(unit.scores == {} and unit.words == 0 for unit in found.units)
    assert all(pair.spearman is None for pair in found.correlations)
    nobody = schools.scale(topic=TOPIC, states=["FRA"])
    assert nobody.units == ()


def test_without_a_stance_model(schools: Comparator, on_topic: Scale) -> None:
    deaf = Comparator(schools.settings.model_copy(update={"stance_model": None}))
    found = deaf.scale(topic=TOPIC)
    assert found.stance_model is None
    assert set(found.left_out) == set(found.issues)
    assert scores(found, "stance") == {}
    assert [loading.stance for loading in found.loadings] == [None] * 3
    for unit, score in scores(found, "similarity").items():
        assert abs(score) == pytest.approx(abs(scores(on_topic, "similarity")[unit]), abs=1e-5)
    assert abs(agreement(found, "wordscores")) > 0.9
    assert found.anchors is not None


def test_what_isnt_judged_yet_has_no_stance(
    schools: Comparator, on_topic: Scale, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "issues"
    shutil.copytree(schools.settings.issues, own)
    entry = yaml.safe_load((own / "fees.yaml").read_text())
    (own / "fees.yaml").write_text(yaml.safe_dump(entry | {"examples": []}))
    changed = {"issues": own}
    forgetful = Comparator(schools.settings.model_copy(update=changed))
    monkeypatch.setattr("service.comparison.bulk.MOST_JUDGED", 30)
    found = forgetful.scale(topic=TOPIC)
    assert found.left_out == ("fees",)
    of_fees = next(loading for loading in found.loadings if loading.issue == "fees")
    assert of_fees.stance is None
    assert of_fees.similarity is not None
    assert agreement(found, "stance") > 0.9
    assert scores(found, "similarity") == scores(on_topic, "similarity")
    assert forgetful.scale(topic=TOPIC, judge_all=True).left_out == ()


def test_as_dictionary_and_as_tables(on_issue: Scale, on_topic: Scale) -> None:
    for found in (on_issue, on_topic):
        plain = json.loads(json.dumps(found.to_dict()))
        assert plain["stance_model"]
        assert plain["generation"]
        assert (plain["query"]["by"], plain["query"]["seed"]) == ("state", 0)
        frame = found.to_frame()
        assert list(frame.columns) == [column.name for column in UNITS]
        assert len(frame) == len(found.units) == len(plain["units"])
        assert frame["claims"].tolist() == [unit.claims for unit in found.units]
        pairs = found.to_frame("correlations")
        assert list(pairs.columns) == [column.name for column in CORRELATIONS]
        assert len(pairs) == 6
        for pair in plain["correlations"]:
            a, b = scores(found, pair["scale_a"]), scores(found, pair["scale_b"])
            both = sorted(a.keys() & b.keys())
            expected = spearmanr([a[u] for u in both], [b[u] for u in both]).statistic
            assert pair["units"] == len(both)
            assert pair["spearman"] == pytest.approx(expected, abs=1e-5)
    assert [table.name for table in on_issue.tables()] == ["units", "correlations"]
    assert list(on_topic.to_frame("loadings").columns) == [column.name for column in LOADINGS]
    assert on_topic == on_topic


def test_the_same_question_has_the_same_bytes(schools: Comparator, on_topic: Scale) -> None:
    again = schools.scale(topic="Education")
    assert json.dumps(again.to_dict()) == json.dumps(on_topic.to_dict())


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "topic"), ({"topic": "Atlantis"}, "topic"), ({"topic": TOPIC, "by": "bloc"}, "by"),
        ({"topic": TOPIC, "issue": "tongue"}, "issue"), ({"topic": TOPIC, "limit": 3}, "limit"),
        ({"topic": TOPIC, "anchor_low": "Atlantis"}, "anchor_low"),
        ({"topic": TOPIC, "anchor_low": "FRA"}, "anchor_low"),
        ({"topic": TOPIC, "anchor_high": BRIEF}, "anchor_high"),
        ({"topic": TOPIC, "anchor_low": "BEL", "anchor_high": "Belgium"}, "anchor_high"),
        ({"topic": TOPIC, "reference": {"BEL": 1.0}}, "reference"),
        ({"topic": TOPIC, "reference": {"BEL": 1.0, "QAT": 1.0}}, "reference"),
        ({"topic": TOPIC, "reference": {"BEL": 1.0, "QAT": float("nan")}}, "reference"),
        ({"topic": TOPIC, "reference": {"BEL": 1.0, "FRA": 2.0}}, "reference"),
        ({"topic": TOPIC, "seed": -1}, "seed"),
    ],
)  # fmt: skip
def test_refusals_name_the_field(schools: Comparator, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        schools.scale(**asked)
    assert refused.value.field == field


def test_an_unknown_issue_isnt_found(schools: Comparator) -> None:
    with pytest.raises(NotFound, match="X999"):
        schools.scale(issue="X999")


def test_too_many_texts_are_refused(schools: Comparator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.analysis.scale_texts.MOST_TEXTS", 10)
    with pytest.raises(InvalidInput, match="at most 10 texts") as refused:
        schools.scale(topic=TOPIC)
    assert refused.value.field == "from"


def test_bundled_positions_are_too_few_to_place_many(bundled: Comparator) -> None:
    """And it is said so: what there is is counted, and nobody gets a score by two claims."""
    found = bundled.scale(topic="palestine")
    claims: dict[str, int] = {}
    for record in records(bundled):
        if "palestine" in record.claim.topics and record.claim.kind == "position":
            claims[record.statement.state] = claims.get(record.statement.state, 0) + 1
    assert {u.unit: u.claims for u in found.units if u.claims} == claims
    for unit in found.units:
        if ScaleName.WORDFISH in unit.scores:
            assert unit.claims >= 3
        if ScaleName.SIMILARITY in unit.scores:
            assert unit.on_issues >= 3
