"""Packages of the bundled positions, checked by frictionless and read by pandas."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from frictionless import validate

from service.comparison import Comparator
from service.errors import Conflict, InvalidInput, NotFound, UnreadableFile
from service.studies import package
from service.studies.catalogue import STUDIES, find_study
from service.studies.formats import Format
from service.studies.package import DESCRIPTOR, read_descriptor, write_package
from tests.studies.conftest import ISSUE, TOPIC
from tests.studies.test_formats import read

# A question for each study.
ASKED: dict[str, dict[str, Any]] = {
    "agreement": {"topic": TOPIC, "judge_all": True},
    "trends": {"issue": ISSUE, "from": "2010"},
    "profile": {"state": "Czechia"},
    "cohesion": {"bloc": "EU"},
    "drift": {"issue": ISSUE, "by": "bloc", "blocs": ["P5", "EU"]},
    "moves": {"issue": ISSUE, "states": ["CZE", "ISR", "USA"]},
    "convergence": {"a": "CZE", "b": "ISR"},
    "cohesion-years": {"bloc": "P5"},
    "scale": {"topic": TOPIC},
    "clusters": {"blocs": ["P5", "EU"], "from": "2005"},
    "matrix": {"states": ["MLI", "COM", "ECU", "USA"], "least": 2},
    "compare": {"a": "MLI:2023", "b": "NZL:2023"},
}


def written(
    name: str, comparator: Comparator, folder: Path, **options: Any
) -> tuple[dict[str, Any], package.Package]:
    made = write_package(find_study(name), ASKED[name], folder, comparator, **options)
    return json.loads((folder / DESCRIPTOR).read_text()), made


def test_every_study_is_tried_here() -> None:
    # Of roll calls there are none with the bundled positions: see tests/validation.
    assert set(ASKED) == set(STUDIES) - {"votes"}


@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_package_is_valid_and_its_files_are_the_frames(
    judged: Comparator, tmp_path: Path, name: str
) -> None:
    described, made = written(name, judged, tmp_path / "out", formats=list(Format))
    report = validate(str(tmp_path / "out" / DESCRIPTOR))
    assert report.valid, report.flatten(["name", "title", "note"])
    found = find_study(name).run(judged, ASKED[name]).tables
    for table in found.tables():
        frame = found.to_frame(table.name)
        assert len(frame) == made.rows[table.name]
        for one in Format:
            pd.testing.assert_frame_equal(
                read(tmp_path / "out" / f"{table.name}.{one}", frame), frame
            )
    assert [resource["path"] for resource in described["resources"]] == list(made.files[:-1])
    for resource in described["resources"]:
        data = (tmp_path / "out" / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert resource["bytes"] == len(data)
        for field in resource.get("schema", {}).get("fields", ()):
            assert field["description"].endswith(".")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(made.files)


def test_what_the_figures_rest_on_is_named(judging: Comparator, tmp_path: Path) -> None:
    described, _ = written("trends", judging, tmp_path / "out")
    own, manifest = described["concord"], judging.generation.manifest
    assert own["parameters"] == {
        "topic": None, "issue": ISSUE, "text": None, "by": None, "states": None, "exclude": None,
        "blocs": None, "from": "2010", "to": None,
    }  # fmt: skip
    assert (own["generation"]["id"], own["generation"]["corpus"]) == (manifest.id, manifest.corpus)
    assert own["encoder"]["fingerprint"] == manifest.fingerprint
    assert own["stance_model"]["fingerprint"] == judging.stance_model.fingerprint
    blocs = (judging.settings.data / "blocs.yaml").read_bytes()
    assert own["data"]["blocs.yaml"] == hashlib.sha256(blocs).hexdigest()
    assert own["data"]["corrections"] is None
    assert {"concord", "python", "numpy", "scipy", "faiss-cpu", "pyarrow"} <= own["versions"].keys()
    assert described["sources"][0]["path"] == "https://doi.org/10.7910/DVN/0TJX8Y"
    claim = judging.latest(topic="veto", most=1)[0].claim.id
    judging.correct("The veto must go.", claim, "opposed", "A. Reader", "It is about trade.")
    again, _ = written("trends", judging, tmp_path / "again")
    assert len(again["concord"]["data"]["corrections"]) == 64


def test_figures_are_svg_and_png(judged: Comparator, tmp_path: Path) -> None:
    described, _ = written("trends", judged, tmp_path / "out")
    assert described["profile"] == "data-package"
    for name in ("shares", "sides"):
        assert (tmp_path / "out" / f"{name}.svg").read_text().startswith("<svg ")
        assert (tmp_path / "out" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_without_figures_a_package_is_tabular(bundled: Comparator, tmp_path: Path) -> None:
    write_package(find_study("cohesion"), {"bloc": "EU"}, tmp_path / "out", bundled)
    described = read_descriptor(tmp_path / "out" / DESCRIPTOR)
    assert described["profile"] == "tabular-data-package"
    assert described["concord"]["stance_model"] is None
    assert set(described["concord"]["left_out"]) == {issue.id for issue in bundled.issues}
    assert validate(str(tmp_path / "out" / DESCRIPTOR)).valid


def contents(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_study_is_the_same_bytes(bundled: Comparator, tmp_path: Path) -> None:
    asked = {"topic": "palestine"}
    for name in ("one", "two"):
        write_package(
            find_study("trends"), asked, tmp_path / name, bundled, [Format.CSV, Format.PARQUET]
        )
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.parametrize("broken", ["png", "as_bytes", "flush_folder"])
def test_what_fails_leaves_nothing_new(
    bundled: Comparator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    study, before = find_study("trends"), tmp_path / "before"
    write_package(study, {"topic": "veto"}, before, bundled)
    kept = contents(before)

    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(package, broken, fail)
    for folder in (before, tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            write_package(study, {"topic": "palestine"}, folder, bundled, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["before"]
    assert contents(before) == kept


def test_an_earlier_package_comes_back_where_its_place_cannot_be_taken(
    bundled: Comparator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, folder = find_study("trends"), tmp_path / "out"
    write_package(study, {"topic": "veto"}, folder, bundled)
    kept, rename = contents(folder), Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(KeyboardInterrupt):
        write_package(study, {"topic": "debt"}, folder, bundled, overwrite=True)
    assert contents(folder) == kept
    assert list(tmp_path.iterdir()) == [folder]


def test_only_a_package_is_overwritten_and_only_where_asked(
    bundled: Comparator, tmp_path: Path
) -> None:
    study, folder = find_study("trends"), tmp_path / "out"

    def refused(**options: Any) -> str:
        with pytest.raises(InvalidInput) as error:
            write_package(study, {"topic": "debt"}, folder, bundled, **options)
        assert error.value.field == "out"
        return str(error.value)

    folder.mkdir()
    assert "no package" in refused(overwrite=True)
    (folder / DESCRIPTOR).write_text('{"name": "foreign", "resources": []}')
    assert "no package" in refused(overwrite=True)
    shutil.rmtree(folder)
    write_package(study, {"topic": "veto"}, folder, bundled)
    assert "--overwrite" in refused()
    (folder / "notes.txt").write_text("Mine.")
    assert "notes.txt" in refused(overwrite=True)
    (folder / "notes.txt").unlink()
    write_package(study, {"topic": "debt"}, folder, bundled, [Format.JSONL], overwrite=True)
    own = read_descriptor(folder / DESCRIPTOR)["concord"]
    assert (own["parameters"]["topic"], own["formats"]) == ("debt", ["jsonl"])
    assert not (folder / "trends.csv").exists()
    folder = tmp_path / "nowhere" / "out"
    assert "no folder" in refused()


def test_parameters_are_checked_before_anything_is_asked(
    bundled: Comparator, tmp_path: Path
) -> None:
    for name, given, field in (
        ("profile", {}, "state"),
        ("profile", {"state": "FRA", "topic": "veto"}, "topic"),
        ("trends", {"topic": "veto", "from": "soon"}, "from"),
    ):
        with pytest.raises(InvalidInput) as error:
            write_package(find_study(name), given, tmp_path / "out", bundled)
        assert error.value.field == field
    with pytest.raises(NotFound, match="there are agreement"):
        find_study("weather")
    assert list(tmp_path.iterdir()) == []


def test_a_long_study_goes_on_after_an_interruption(
    judging: Comparator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has done stays beside the folder until this is whole."""
    study, asked, folder = find_study("matrix"), ASKED["matrix"], tmp_path / "out"
    write_package(study, asked, tmp_path / "whole", judging)

    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(package, "write_table", fail)
        write_package(study, asked, folder, judging)
    (unfinished,) = set(tmp_path.iterdir()) - {tmp_path / "whole", judging.settings.indexes}
    assert list(unfinished.glob("*.npz"))
    with pytest.raises(InvalidInput, match="another run"):
        write_package(study, asked | {"least": 3}, folder, judging)
    write_package(study, asked, folder, judging)
    assert contents(folder) == contents(tmp_path / "whole")
    assert not unfinished.exists()


def test_another_generation_meanwhile_is_refused(
    bundled: Comparator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = find_study("trends")
    run = type(study).run

    def meanwhile(*given: Any) -> Any:
        result = run(*given)
        object.__setattr__(result, "generation", "0" * 12)
        return result

    monkeypatch.setattr(type(study), "run", meanwhile)
    with pytest.raises(Conflict, match="again"):
        write_package(study, {"topic": "veto"}, tmp_path / "out", bundled)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "written",
    ["", "[]", "{}", '{"resources": [], "concord": {}}',
     '{"resources": [{"path": "../x"}], "concord": {"format": 1, "study": "a", "parameters": {}}}',
     '{"resources": [], "concord": {"format": 2, "study": "a", "parameters": {}}}'],
)  # fmt: skip
def test_what_describes_no_package_is_refused(tmp_path: Path, written: str) -> None:
    path = tmp_path / DESCRIPTOR
    path.write_text(written)
    with pytest.raises(UnreadableFile, match=DESCRIPTOR):
        read_descriptor(path)
