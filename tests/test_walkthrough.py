"""The lines of README's "From Python" are run as they stand there, and print what it shows."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from service.comparison import Comparator
from tests.conftest import PROJECT

LEAST_LINES = 12


def test_readme_prints_what_it_shows(
    bundled: Comparator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (PROJECT / "README.md").read_text("utf-8")
    section = re.search(r"^### From Python\n(.*?)^##", readme, re.M | re.S)
    assert section
    lines = readme[: section.start()].count("\n")
    walk = doctest.DocTestParser().get_doctest(section[1], {}, "From Python", "README.md", lines)
    assert len(walk.examples) >= LEAST_LINES
    # As a user has it: settings from the environment, files in the folder where one is.
    monkeypatch.setenv("CONCORD_INDEXES", str(bundled.settings.indexes))
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    doctest.DocTestRunner(verbose=False).run(walk, out=said.append)
    assert not said, "".join(said)
    assert (tmp_path / "terrorism" / "datapackage.json").is_file()
