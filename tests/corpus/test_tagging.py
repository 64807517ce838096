from __future__ import annotations

from pathlib import Path

import pytest

from service.catalogue import load_topics
from service.corpus.tagging import TopicTagger
from service.errors import CatalogueError
from tests.conftest import PROJECT

TAGGER = TopicTagger.load(PROJECT / "data")


def tagger(**cues: list[str]) -> TopicTagger:
    return TopicTagger(cues, {}, {"war": ["war", "cease fire"]})


@pytest.mark.parametrize(
    ("cue", "text", "matches"),
    [
        ("veto", "The VETO stays.", True),
        ("veto", "Vetoed.", False),
        ("veto*", "Vetoed.", True),
        ("double standard*", "double standards", True),
        ("double standard*", "standards, double", False),
        ("good|bad terrorist*", "no bad terrorists", True),
        ("cooperation", "Co-operation between us", True),
        ("sanction* + council", "the Council lifted its sanctions", True),
        ("sanction* + council", "sanctions were lifted", False),
        ("chad + @war", "The cease-fire in Chad holds.", True),
        ("chad + @war", "Chad greets you.", False),
        ("charter of the court", "the Charter of the Court", True),
    ],
)
def test_what_a_cue_means(cue: str, text: str, matches: bool) -> None:
    assert (tagger(t=[cue]).tags(text) == ("t",)) is matches


def test_weak_cues_count_only_alone() -> None:
    made = TopicTagger({"debt": ["debt"], "growth": []}, {"growth": ["developing countries"]}, {})
    assert made.tags("Developing countries suffer.") == ("growth",)
    assert made.tags("Developing countries are in debt.") == ("debt",)


def test_a_list_has_all_its_topics() -> None:
    made = tagger(debt=["debt"], trade=["trade"], climate=["climate"], energy=["energy"])
    topics = ("debt", "trade", "climate", "energy")
    assert made.tags("Energy, debt, trade and climate trouble us.") == topics


@pytest.mark.parametrize("cue", ["", "*", "ab*", "x + @nowhere", "sea-bed"])
def test_what_is_no_cue_is_refused(cue: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        tagger(t=[cue])


def test_a_damaged_taxonomy_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "topics.yaml").write_text("topics: [{id: x}]")
    with pytest.raises(CatalogueError, match=r"topics\.yaml"):
        TopicTagger.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("We reject double standards in the fight against terrorism.",
         "counter-terrorism-double-standards"),
        ("Sanctions of the Security Council must be enforced.", "sanctions-enforcement"),
        ("Poverty is a root cause of terrorism.", "extremism-root-causes"),
        ("The financing of terrorists must stop.", "terrorist-financing"),
        ("Unilateral coercive measures are unlawful.", "unilateral-sanctions"),
        ("True multilateralism serves all.", "multilateralism"),
        ("Africa needs permanent seats in the Security Council.", "security-council-reform"),
        ("COVID-19 threatens peace.", "pandemics-and-security"),
        ("We build a community with a shared future.", "shared-future"),
        ("Terrorists recruit on the internet.", "cyber-terrorism"),
        ("Radicalization must be prevented.", "de-radicalisation"),
    ],
)  # fmt: skip
def test_plain_sentences(text: str, topic: str) -> None:
    assert topic in TAGGER.tags(text)


def test_every_topic_can_be_found() -> None:
    known = set(load_topics(PROJECT / "data").ids)
    assert set(TAGGER._order) == known
