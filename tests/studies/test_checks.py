"""What is refused before a study is run, and that nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from service.comparison import Comparator
from service.errors import InvalidInput
from service.studies.catalogue import STUDIES, find_study
from service.studies.checks import OFFERED, check
from tests.studies.test_package import ASKED

MATRIX = {"states": ["FRA"]}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("matrix", {"colour": "red"}, "colour"),
    ("matrix", {"unit": "speech"}, "unit"),
    ("matrix", {"unit": 7}, "unit"),
    ("matrix", {"least": 1}, "least"),
    ("matrix", {"least": "5"}, "least"),
    ("matrix", {"least": True}, "least"),
    ("matrix", {"judged": 11}, "judged"),
    ("matrix", {"intervals": "no"}, "intervals"),
    ("matrix", {"states": ["Atlantis"]}, "states"),
    ("matrix", {"states": {"a": 1}}, "states"),
    ("matrix", {"states": [["FRA"]]}, "states"),
    ("matrix", {"blocs": ["the neighbours"]}, "blocs"),
    ("matrix", {"topics": ["anything at all"]}, "topics"),
    ("matrix", {"kind": "poem"}, "kind"),
    ("matrix", {"forum": 5}, "forum"),
    ("matrix", {"from": "soon"}, "from"),
    ("matrix", {"from": [2000]}, "from"),
    ("matrix", {"from": 2020, "to": 2010}, "to"),
    ("trends", {}, "topic"),
    ("trends", {"topic": "no topic"}, "topic"),
    ("trends", {"topic": 5}, "topic"),
    ("trends", {"topic": "palestine", "issue": "D10"}, "issue"),
    ("trends", {"issue": "D999"}, "issue"),
    ("trends", {"topic": "palestine", "by": "planet"}, "by"),
    ("trends", {"text": "x" * 100_001}, "text"),
    ("drift", {"issue": "D10", "before": 0}, "before"),
    ("drift", {"issue": "D10", "seed": -1}, "seed"),
    ("drift", {"issue": "D10", "seed": 10**400}, "seed"),
    ("moves", {"topic": "palestine", "by": 3}, "by"),
    ("profile", {}, "state"),
    ("profile", {"state": "Atlantis"}, "state"),
    ("profile", {"state": ["FRA"]}, "state"),
    ("cohesion", {"bloc": "nobody"}, "bloc"),
    ("cohesion-years", {"bloc": "eu", "topic": "no topic"}, "topic"),
    ("convergence", {"a": "FRA"}, "b"),
    ("convergence", {"a": "FRA", "b": "Atlantis"}, "b"),
    ("scale", {"topic": "palestine", "by": "bloc"}, "by"),
    ("scale", {"topic": "palestine", "anchor_low": "Atlantis"}, "anchor_low"),
    ("scale", {"topic": "palestine", "reference": {"Atlantis": 1}}, "reference"),
    ("scale", {"topic": "palestine", "reference": {"FRA": float("nan")}}, "reference"),
    ("scale", {"topic": "palestine", "reference": ["FRA"]}, "reference"),
    ("scale", {"topic": "palestine", "whole": 1}, "whole"),
    ("clusters", {"number": 1}, "number"),
    ("clusters", {"issue": "D999"}, "issue"),
    ("compare", {"a": "MLI:2023"}, "b"),
    ("compare", {"a": "MLI:2023", "text_a": "x", "b": "NZL:2023"}, "a"),
    ("compare", {"a": "MLI:2023", "text_b": 5}, "text_b"),
    ("agreement", {"topic": "palestine", "judge_all": "yes"}, "judge_all"),
]


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_good_questions_pass(bundled: Comparator, name: str) -> None:
    study = find_study(name)
    assert check(study, ASKED[name], bundled) == study.asked(ASKED[name])


@pytest.mark.parametrize(("name", "given", "field"), WRONG)
def test_what_is_wrong_is_named(
    bundled: Comparator, name: str, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        check(find_study(name), given, bundled)
    assert raised.value.field == field


def test_all_are_offered_but_what_reads_files_of_the_machine() -> None:
    assert set(STUDIES) - set(OFFERED) == {"votes"}


def test_clusters_need_no_subject(bundled: Comparator) -> None:
    assert check(find_study("clusters"), {"from": 2010}, bundled)["from"] == 2010
