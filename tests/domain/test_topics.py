from __future__ import annotations

import re

import pytest

from service.catalogue import load_topics
from service.domain.topics import Taxonomy, Topic
from tests.conftest import PROJECT

TOPICS = load_topics(PROJECT / "data")


def test_at_least_forty_each_defined() -> None:
    assert len(TOPICS) >= 40
    for topic in TOPICS:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", topic.id)
        assert len(topic.definition) > 20
        assert topic.synonyms
        assert len(topic.examples) >= 2


@pytest.mark.parametrize(
    ("text", "topic"),
    [("true multilateralism", "multilateralism"),
     ("Sanctions-Enforcement", "sanctions-enforcement"),
     ("coercive measures", None), ("unilateral coercive measures", "unilateral-sanctions"),
     ("UNCLOS", "law-of-the-sea"), ("LAW OF THE SEA", "law-of-the-sea"), ("debt relief", "debt"),
     ("polar bears", None)],
)  # fmt: skip
def test_ids_names_and_synonyms(text: str, topic: str | None) -> None:
    found = TOPICS.resolve(text)
    assert (found.id if found else None) == topic


def test_two_topics_cannot_share_a_name() -> None:
    one = Topic("a", "Debt", "", (), ())
    with pytest.raises(ValueError, match="two topics"):
        Taxonomy([one, Topic("b", "debt", "", (), ())])
