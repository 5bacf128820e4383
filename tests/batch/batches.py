"""Small pictures and runs over them, for the tests of batches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

from ganfx.batch.journal import NAME
from ganfx.cli import main

ROOT = Path(__file__).parents[2]


def photo(path: Path, width: int = 24, height: int = 16, seed: int = 0) -> Path:
    """A picture of noise at `path`, its own for each seed."""
    return save(path, np.random.default_rng([width, height, seed]).integers(0, 256, (height, width, 3), np.uint8))


def save(path: Path, samples: NDArray[np.uint8]) -> Path:
    """`samples` (H, W, 3) as a picture at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pyvips.Image.new_from_array(samples).copy(interpretation="srgb").write_to_file(str(path))
    return path


def photos(folder: Path, count: int, **size: int) -> Path:
    """`folder` with so many pictures, of two formats in turns."""
    for number in range(count):
        photo(folder / f"{number:03}{'.png' if number % 2 else '.jpg'}", seed=number, **size)
    return folder


def results(folder: Path) -> dict[str, bytes]:
    """All files below `folder`, hidden ones too, but for journals; by their paths there."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != NAME)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def command(*arguments: object) -> list[str]:
    """The command line of a run in a process of its own."""
    return [sys.executable, "-m", "ganfx", *map(str, arguments)]


def start(*arguments: object) -> subprocess.Popen[str]:
    """A run in a process of its own."""
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT, "env": dict(os.environ)}
    return subprocess.Popen(command(*arguments), **given)  # type: ignore[call-overload, no-any-return]


class Told:
    """What a run said: exit status, lines on standard error, and the objects of --json by the input's name."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.err = status, err.splitlines()
        self.json: dict[str, dict[str, Any]] = {
            Path(line["input"]).name: line for line in map(json.loads, out.splitlines())
        }

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err if line.startswith("error: ")]

    @property
    def statuses(self) -> dict[str, str]:
        return {name: str(line["status"]) for name, line in self.json.items()}


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Told:
    """`ganfx` with `arguments`, in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    said = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return Told(ended.value.code, said.out, said.err)


# A command with arguments that has told what it did.
Upscale = Callable[..., Told]
