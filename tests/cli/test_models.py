"""`ganfx models`: a model that came in is named with the command that uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ganfx.cli import cli
from ganfx.spec import ModelSpec
from tests import graphs


@pytest.mark.parametrize(
    ("task", "use"),
    [
        ("upscale", "ganfx upscale -n mine photo.jpg"),
        ("stylize", "ganfx stylize -n mine photo.jpg"),
        ("inpaint", "ganfx inpaint -n mine photo.jpg --mask mask.png"),
        ("scratches", "ganfx heal --finder mine photo.jpg"),
        ("something-else", "mine"),
    ],
)
def test_importing_says_the_command_for_the_models_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, use: str
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    path = graphs.identity(tmp_path / "given.onnx", ModelSpec("given", task, receptive_field=0))
    done = CliRunner().invoke(cli, ["models", "import", str(path), "--name", "mine"])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == f"ready: {use}"


@pytest.mark.parametrize("command", [[], ["train"]])
def test_short_help_is_whole_sentences(command: list[str]) -> None:
    listed = CliRunner().invoke(cli, [*command, "--help"], terminal_width=80).output.split("Commands:")[1]
    assert "..." not in listed
