"""The same bytes again, and what stands in their way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.comparison import Comparator
from service.errors import IndexUnusable, InvalidInput, NotFound, UnreadableFile
from service.retrieval.build import Builder
from service.studies.catalogue import find_study
from service.studies.formats import Format
from service.studies.package import DESCRIPTOR, write_package
from service.studies.reproduce import Outcome, Reproduction, reproduce
from tests.conftest import Quiet, statement
from tests.studies.test_package import ASKED, contents


@pytest.fixture
def trends(bundled: Comparator, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    write_package(find_study("trends"), {"topic": "palestine"}, folder, bundled)
    return folder


def change(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    described = json.loads((folder / DESCRIPTOR).read_text())
    edit(described["concord"])
    text = json.dumps(described, ensure_ascii=False, indent=2) + "\n"
    (folder / DESCRIPTOR).write_text(text)


def outcomes(found: Reproduction) -> dict[str, str]:
    return {one.file: str(one.outcome) for one in found.files if one.outcome is not Outcome.EQUAL}


@pytest.mark.parametrize("name", sorted(ASKED))
def test_every_study_gives_the_same_bytes(judged: Comparator, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    made = write_package(find_study(name), ASKED[name], out, judged, list(Format))
    fresh = Comparator(judged.settings)
    found = reproduce(out / DESCRIPTOR, fresh, tmp_path / "again")
    assert (found.study, found.differences, outcomes(found)) == (name, (), {})
    assert {one.file for one in found.files} == set(made.files)
    assert contents(out) == contents(tmp_path / "again")


def test_verdicts_may_be_made_again(judging: Comparator, tmp_path: Path) -> None:
    write_package(find_study("agreement"), ASKED["agreement"], tmp_path / "out", judging)
    forget_verdicts(judging)
    assert reproduce(tmp_path / "out", Comparator(judging.settings)).equal


def forget_verdicts(comparator: Comparator) -> None:
    for path in comparator.settings.indexes.glob("verdicts.sqlite*"):
        path.unlink()


def test_a_folder_will_do_and_nothing_is_left(trends: Path, bundled: Comparator) -> None:
    assert reproduce(trends, bundled).equal
    assert [path.name for path in trends.parent.iterdir()] == ["out"]
    with pytest.raises(InvalidInput, match="is there already"):
        reproduce(trends, bundled, trends)


def test_a_changed_byte_is_noticed(trends: Path, bundled: Comparator) -> None:
    raw = bytearray((trends / "trends.csv").read_bytes())
    raw[-4] ^= 1
    (trends / "trends.csv").write_bytes(raw)
    (trends / "shares.png").unlink()
    found = reproduce(trends, bundled)
    assert outcomes(found) == {"trends.csv": "changed", "shares.png": "missing"}
    assert not found.equal
    assert found.to_dict()["equal"] is False


def test_figures_that_come_out_otherwise_are_noticed(trends: Path, bundled: Comparator) -> None:
    change(trends, lambda own: own["parameters"].update(topic="debt"))
    found = reproduce(trends, bundled)
    assert set(outcomes(found).values()) == {"different"}
    assert set(outcomes(found)) == {"trends.csv", "shares.svg", "shares.png", DESCRIPTOR}


def test_other_versions_and_data_are_named_and_stop_nothing(
    trends: Path, bundled: Comparator
) -> None:
    def edit(own: dict[str, Any]) -> None:
        own["versions"]["numpy"] = "1.0"
        own["versions"]["abacus"] = "3"
        own["data"]["blocs.yaml"] = "0" * 64
        own["data"]["corrections"] = "1" * 64

    change(trends, edit)
    found = reproduce(trends, bundled)
    assert found.equal
    blocs, corrections, numpy, abacus = found.differences
    assert blocs == "blocs.yaml isn't what it was then"
    assert corrections == "corrections isn't what it was then"
    assert numpy.startswith("numpy was 1.0 then and is ")
    assert abacus == "abacus was 3 then and is none now"


def test_issues_judged_since_are_named(judging: Comparator, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_package(find_study("cohesion"), {"bloc": "EU"}, out, judging)
    judging.standings("D20")
    found = reproduce(out, judging)
    assert found.differences == ("judged now and not then: D20",)
    assert outcomes(found)["issues.csv"] == "different"
    write_package(find_study("cohesion"), {"bloc": "EU"}, out, judging, overwrite=True)
    forget_verdicts(judging)
    (difference,) = reproduce(out, Comparator(judging.settings)).differences
    assert difference.startswith("judged then and not now: D10, D11, D20, T11, T12 and 4 more (")


def test_another_generation_is_refused_with_what_to_do(judging: Comparator, tmp_path: Path) -> None:
    out, then = tmp_path / "out", judging.generation.manifest.id
    write_package(find_study("trends"), {"topic": "veto"}, out, judging)
    said = [statement("FRA", "2021", "The veto must go.", "Debt must be cancelled.")]
    Builder(judging.settings.indexes, judging.encoder, judging.catalogue.topics.ids, said).build(
        Quiet()
    )
    assert judging.generation.manifest.id != then
    with pytest.raises(IndexUnusable, match=f"generations --roll-back {then}"):
        reproduce(out, judging)
    change(out, lambda own: own["generation"].update(id="abc"))
    with pytest.raises(IndexUnusable, match=r"generation abc.*import the same corpus"):
        reproduce(out, judging)
    change(out, lambda own: own["generation"].update(id=then))
    judging.generations.roll_back(then)
    assert reproduce(out, judging).equal


def test_other_models_are_refused_with_what_to_do(
    judging: Comparator, trends: Path, bundled: Comparator, tmp_path: Path
) -> None:
    out = tmp_path / "judged"
    write_package(find_study("trends"), ASKED["trends"], out, judging)
    with pytest.raises(IndexUnusable, match=r"now it is none.*CONCORD_STANCE_MODEL"):
        reproduce(out, bundled)
    change(out, lambda own: own["stance_model"].update(fingerprint="f" * 64))
    with pytest.raises(IndexUnusable, match=r"ffffffffffff.*CONCORD_STANCE_MODEL"):
        reproduce(out, judging)
    change(trends, lambda own: own["encoder"].update(name="other", fingerprint="e" * 64))
    with pytest.raises(IndexUnusable, match="CONCORD_MODEL=other"):
        reproduce(trends, bundled)


def test_what_cannot_be_run_is_refused(trends: Path, bundled: Comparator) -> None:
    change(trends, lambda own: own.update(study="weather"))
    with pytest.raises(NotFound, match="no such study: weather"):
        reproduce(trends, bundled)
    change(trends, lambda own: own.update(study="trends", formats=["xls"]))
    with pytest.raises(UnreadableFile, match="xls"):
        reproduce(trends, bundled)
    change(trends, lambda own: own.pop("formats"))
    with pytest.raises(UnreadableFile, match="formats"):
        reproduce(trends, bundled)
