"""`ganfx models`: a model that came in is named with the command that uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ganfx.cli import cli
from ganfx.cli.models import models
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


def test_an_import_speaks_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    path = graphs.nearest(tmp_path / "given.onnx", 2)
    done = CliRunner().invoke(cli, ["models", "import", str(path), "--name", "mine", "--json"])
    said = json.loads(done.stdout)
    assert (said["name"], said["path"]) == ("mine", str(tmp_path / "models" / "mine.onnx"))
    assert {fact["what"]: fact["value"] for fact in said["found"]}["scale"] == "2"
    assert done.stderr == ""


@pytest.mark.parametrize("name", models.commands)
def test_every_command_for_models_speaks_json(name: str) -> None:
    assert "--json" in [option for parameter in models.commands[name].params for option in parameter.opts]
