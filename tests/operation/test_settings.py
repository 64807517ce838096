"""A setting that can't be used is named, and its value, which may be a secret, isn't shown."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from service.cli import main


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONCORD_THREADS", "0"),
        ("CONCORD_QUEUE_LENGTH", "-1"),
        ("CONCORD_METRICS", "everyone"),
        ("CONCORD_QUERY_TIMEOUT_S", "soon"),
        ("CONCORD_MAX_BODY_BYTES", "12"),
    ],
)
def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["info"])
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: {name}: ")
    assert done.output.count("\n") == 1
