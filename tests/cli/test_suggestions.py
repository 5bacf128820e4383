"""A larger model that can be fetched is told of once, to people alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
from click.testing import CliRunner, Result

from ganfx.cli import cli, suggestions
from ganfx.hub import registry
from ganfx.spec import ModelSpec
from tests import graphs

NOTE = "ganfx models pull migan"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at a terminal who has a picture and a mask, and a small network that ships."""
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("GANFX_OFFLINE", raising=False)
    monkeypatch.setattr(suggestions, "has_reader", lambda: True)
    monkeypatch.chdir(tmp_path)
    mask = np.zeros((40, 50), np.uint8)
    mask[18:22, 23:27] = 255
    for name, pixels in (("a.png", np.full((40, 50, 3), 90, np.uint8)), ("mask.png", mask)):
        pyvips.Image.new_from_array(pixels).write_to_file(name)


def inpaint(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["inpaint", "a.png", "--mask", "mask.png", "--overwrite", *arguments])


def test_a_larger_model_is_told_of_once() -> None:
    first = inpaint("-o", "one.png")
    assert first.exit_code == 0, first.output
    assert f"MIT, 28 MB): {NOTE}" in first.stderr
    assert NOTE not in inpaint("-o", "two.png").stderr


@pytest.mark.parametrize("options", [["--quiet"], ["--json"], ["--dry-run"], ["-n", "photo-fill"]])
def test_who_does_not_want_to_hear_of_it_is_told_later(options: list[str]) -> None:
    assert NOTE not in inpaint("-o", "one.png", *options).stderr
    assert NOTE in inpaint("-o", "two.png").stderr


def test_scripts_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggestions, "has_reader", lambda: False)
    assert NOTE not in inpaint("-o", "one.png").stderr


def test_nobody_is_told_who_is_offline_or_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_OFFLINE", "1")
    assert NOTE not in inpaint("-o", "one.png").stderr
    monkeypatch.delenv("GANFX_OFFLINE")
    graphs.identity(tmp_path / "models" / "migan.onnx", ModelSpec("migan", "inpaint", 1, receptive_field=0))
    assert registry.suggested_model("inpaint") is None
    assert NOTE not in inpaint("-o", "two.png").stderr


def test_nothing_is_told_where_it_cannot_be_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suggestions.suggest("upscale")
    assert not (tmp_path / "state").exists()
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "file" / "state"))
    assert not suggestions._is_first("migan")
