"""Habits that people bring along: help, completion, hints in their own words, settings at a glance, a log."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import pyvips

from ganfx.batch.stage_limits import StageLimits
from ganfx.cli import main
from ganfx.cli.progress import remaining
from ganfx.errors import OptionError
from ganfx.paths import VARIABLES
from tests import graphs
from tests.batch.batches import photo


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """The exit status, and what was printed on both streams."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["upscale", "a.png", "--denoise"], "ganfx clean"),
        (["upscale", "a.png", "--face_enhance"], "ganfx clean"),
        (["upscale", "a.png", "--outscale", "3"], "-s 3"),
        (["upscale", "a.png", "--tile-size", "3"], "-t N"),
        (["upscale", "a.png", "--model-path", "3"], "-n"),
        (["upscale", "a.png", "--widht", "3"], "did you mean --width"),
        (["upscale", "a.png", "--xyzzy"], "ganfx upscale --help"),
        (["upscale", "a.png", "--width", "0"], "ganfx upscale --help"),
        (["denoise", "a.png"], "ganfx clean"),
        (["resize", "a.png"], "ganfx upscale"),
        (["upscal", "a.png"], "upscale"),
    ],
)
def test_a_wrong_call_is_one_line_and_a_hint(words: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = told(capsys, *words)
    first, second = err.splitlines()
    assert (status, out) == (2, "")
    assert first.startswith("error: ")
    assert second.startswith("hint: ")
    assert hint in second


def test_every_word_of_others_leads_to_something_that_exists() -> None:
    from ganfx.cli import cli
    from ganfx.cli.usage_errors import _COMMANDS, _OPTIONS

    own = {name.lstrip("-") for command in cli.commands.values() for one in command.params for name in one.opts}
    assert set(_COMMANDS.values()) <= set(cli.commands)
    assert not set(_COMMANDS) & set(cli.commands)
    assert {name for name in own & set(_OPTIONS) if name not in ("models", "size")} == set()


def test_help_is_a_command_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "help", "upscale") == told(capsys, "upscale", "--help")
    assert told(capsys, "help", "models", "pull") == told(capsys, "models", "pull", "--help")
    _, out, _ = told(capsys, "help")
    assert all(name in out for name in (*VARIABLES, "NO_COLOR"))
    assert told(capsys, "help", "upscal")[0] == 2


def test_four_lanes_are_four_of_each() -> None:
    assert StageLimits.parse("4") == StageLimits(4, 4, 4)
    assert StageLimits.parse("2:1:2") == StageLimits(2, 1, 2)
    for text in ("0", "", "-1", "1:2", "x"):
        with pytest.raises(OptionError, match="lanes"):
            StageLimits.parse(text)


def test_config_shows_what_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANFX_MODELS", "/my/models")
    (tmp_path / "ganfx.toml").write_text('[recipes.old]\nsteps = "heal"\n')
    status, out, _ = told(capsys, "config")
    assert status == 0
    assert "GANFX_MODELS = /my/models" in out
    assert f"{tmp_path / 'ganfx.toml'}: old" in out
    assert all(name in out for name in VARIABLES)


def test_a_log_file_gets_all_messages_with_the_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, log = graphs.nearest(tmp_path / "n.onnx", 2), tmp_path / "log.txt"
    line = ("upscale", photo(tmp_path / "a.png"), "-n", model, "--clean", "off", "--overwrite", "--log-file", log)
    for _ in range(2):
        assert told(capsys, *line)[0] == 0
    lines = log.read_text().splitlines()
    assert len([row for row in lines if "a.png" in row]) == 1
    assert len([row for row in lines if " in " in row and row[:2] == "20"]) == 2
    assert told(capsys, *line[:-1], tmp_path / "absent" / "log.txt")[0] == 2


def test_the_log_ends_with_the_error_that_ended_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, picture = tmp_path / "log.txt", photo(tmp_path / "a.png")
    assert told(capsys, "upscale", picture, "-n", tmp_path / "no.onnx", "--log-file", log)[0] == 2
    errors = [line for line in log.read_text().splitlines() if "error: " in line and "no.onnx" in line]
    assert len(errors) == 1


def test_a_dry_run_says_what_enhance_would_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = told(capsys, "enhance", photo(tmp_path / "a.png"), "--dry-run")
    assert status == 0
    assert "upscale:4: no side is longer" in err
    assert "steps: " in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        (["--width", "45"], "a_enhanced_45w.png"),
        (["--long-side", "45", "--steps", "clean"], "a_clean_45px.png"),
        (["--recipe", "sized"], "a_clean_45w.png"),
    ],
    ids=["auto", "steps", "recipe"],
)
def test_enhance_makes_the_size_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, asked: list[str], made: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ganfx.toml").write_text('[recipes.sized]\nsteps = "clean"\nwidth = 45')
    pyvips.Image.black(30, 20, bands=3).copy(interpretation="srgb").pngsave(str(tmp_path / "a.png"))
    assert told(capsys, "enhance", "a.png", *asked)[0] == 0
    result = pyvips.Image.new_from_file(str(tmp_path / made))
    assert (result.width, result.height) == (45, 30)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--steps", "upscale:2", "--width", "45"], "width and the step upscale both say"),
        (["--width", "45", "--height", "45"], "width and height both say"),
        (["-s", "0.3"], "0.3"),
        (["--width", "45000"], "have to be enlarged"),
    ],
)
def test_enhance_refuses_sizes_that_contradict_or_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: list[str], said: str
) -> None:
    status, _, err = told(capsys, "enhance", photo(tmp_path / "a.png"), *asked)
    assert status in (2, 3)
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    ("elapsed", "made", "left", "shown"),
    [(0, 0, 1, ""), (10, 0.25, 0.75, "0:00:30 left"), (60, 1, 99, "1:39:00 left"), (5, 1, 0, "0:00:00 left")],
)
def test_what_is_left_follows_from_what_was_made(elapsed: float, made: float, left: float, shown: str) -> None:
    assert remaining(elapsed, made, left) == shown


_COMPLETED = {
    "bash": "source <(ganfx completion bash); COMP_WORDS=(ganfx {words}); COMP_CWORD={at}; _ganfx_completion ganfx; "
    'echo "${{COMPREPLY[@]}}"',
    "fish": 'ganfx completion fish | source; complete -C "ganfx {words}"',
}


@pytest.mark.slow
@pytest.mark.parametrize("shell", _COMPLETED)
@pytest.mark.parametrize(
    ("words", "expected"),
    [("ups", "upscale"), ("upscale -n photo-x2", "photo-x2"), ("upscale --wid", "--width"), ("models ver", "verify")],
)
def test_a_shell_completes(shell: str, words: str, expected: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    program = tmp_path / "ganfx"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ganfx "$@"\n')
    program.chmod(0o755)
    script = _COMPLETED[shell].format(words=words, at=len(words.split()))
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, env=environment, timeout=60)
    assert done.stdout.split()[:1] == [expected], done.stderr
