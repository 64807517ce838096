from __future__ import annotations

from pathlib import Path

import pytest

from service.catalogue import load_issues, load_states, load_topics
from service.corpus.bundled import bundled_statements, read_positions
from service.errors import CatalogueError
from service.evaluation.positions import check_positions
from service.retrieval.encoder import DEFAULT_MODEL, open_encoder
from service.settings import Settings
from tests.conftest import PROJECT

DATA = PROJECT / "data"
POSITIONS = list(read_positions(DATA))


def test_enough_of_enough_states_and_topics() -> None:
    assert len(POSITIONS) >= 800
    assert len({p.state for p in POSITIONS}) >= 100
    assert {p.year for p in POSITIONS} == set(range(2000, 2024))
    topics = load_topics(DATA)
    used = {topic for p in POSITIONS for topic in p.topics}
    assert used == set(topics.ids)


def test_each_is_well_formed() -> None:
    states = load_states(DATA)
    issues = load_issues(DATA)
    for p in POSITIONS:
        assert states.get(p.state) is not None
        assert p.document.split("_")[0] == p.state
        assert p.document.endswith(str(p.year))
        assert 0 <= p.start < p.end
        assert (p.issue is None) == (p.stance is None)
        assert p.stance in (None, "favor", "against", "partial")
        assert p.issue is None or issues.get(p.issue) is not None


def test_they_become_rendered_statements() -> None:
    statements = bundled_statements(DATA)
    assert sum(len(s.claims) for s in statements) == len(POSITIONS)
    assert all(s.rendered and not s.text and s.symbol is None for s in statements)
    ids = [claim.id for s in statements for claim in s.claims]
    assert len(ids) == len(set(ids))


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "positions.jsonl").write_text('{"document": "X"}\n')
    with pytest.raises(CatalogueError, match=r"positions\.jsonl:1"):
        list(read_positions(tmp_path))


@pytest.mark.slow
def test_every_citation_holds(ungdc: Path) -> None:
    settings = Settings()
    check = check_positions(DATA, ungdc, open_encoder(DEFAULT_MODEL, settings.models))
    assert check.broken == ()
    assert check.near == ()
    assert len(check.far) <= 0.05 * check.positions
