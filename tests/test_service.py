"""The package itself: what it offers, and what it costs to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import service
from service import comparison
from tests.conftest import PROJECT

HEAVY = "{'numpy', 'faiss', 'onnxruntime', 'torch', 'pandas', 'scipy', 'flask'}"


def loaded(code: str) -> str:
    """The heavy packages that are loaded after `code`, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(sorted({HEAVY} & set(sys.modules)))"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return told.stdout.splitlines()[-1]


def test_comparator_is_offered_by_the_package() -> None:
    from service import Comparator

    assert Comparator is comparison.Comparator
    assert set(service.__all__) <= {*dir(service), "Comparator"}
    with pytest.raises(AttributeError, match="Nothing"):
        _ = service.Nothing


@pytest.mark.parametrize(
    "code",
    [
        "import service",
        "import service.client",
        "sys.argv = ['service', '--help']\n"
        "import runpy\n"
        "try: runpy.run_module('service', run_name='__main__')\n"
        "except SystemExit as done: assert done.code == 0",
        "sys.argv = ['service', 'compare', '--help']\n"
        "import runpy\n"
        "try: runpy.run_module('service', run_name='__main__')\n"
        "except SystemExit as done: assert done.code == 0",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_asked_for(code: str) -> None:
    assert loaded(code) == "[]"


def test_comparator_brings_what_it_needs() -> None:
    assert "numpy" in loaded("from service import Comparator")
