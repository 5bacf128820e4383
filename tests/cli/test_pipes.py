"""Pictures come from pipes and go into pipes, by their content; nothing is left behind."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ganfx.batch.inputs import find_inputs
from ganfx.errors import OptionError
from tests import graphs
from tests.batch.batches import photo

Shell = Callable[[str], subprocess.CompletedProcess[bytes]]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="a shell's work")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2)


@pytest.fixture
def shell(tmp_path: Path, model: Path) -> Shell:
    """Runs a line of bash in a folder with a.jpg and b.png, in which `ganfx` doubles."""
    photo(tmp_path / "a.jpg")
    photo(tmp_path / "b.png")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = shlex.join([sys.executable, "-m", "ganfx", "upscale", "-n", str(model), "--clean", "off"])
    ganfx = f'ganfx() {{ {command} "$@"; }}\n'

    def run(line: str) -> subprocess.CompletedProcess[bytes]:
        environment = os.environ | {"TMPDIR": str(temporary)}
        done = subprocess.run(
            ["bash", "-c", ganfx + line], cwd=tmp_path, env=environment, capture_output=True, timeout=120
        )
        assert list(temporary.iterdir()) == []
        assert b"Traceback" not in done.stderr
        return done

    return run


def kind(data: bytes) -> str:
    return {b"\xff\xd8": "jpg", b"\x89P": "png"}.get(data[:2], repr(data[:20]))


@pytest.mark.parametrize(
    ("line", "suffix"),
    [
        ("cat a.jpg | ganfx -", "jpg"),
        ("ganfx - < b.png", "png"),
        ("ganfx - -f png -o - < a.jpg", "png"),
        ("ganfx a.jpg -o /dev/stdout", "jpg"),
        ("cat b.png | ganfx /dev/stdin -o -", "png"),
        ("ganfx <(cat b.png)", "png"),
        ("cat a.jpg | ganfx - | ganfx -", "jpg"),
        ("ganfx b.png -o >(cat) | cat", "png"),
    ],
)
def test_a_picture_goes_through_a_pipe_in_its_own_format(shell: Shell, line: str, suffix: str) -> None:
    assert kind(shell(line).stdout) == suffix


@pytest.mark.parametrize(
    "line",
    [
        "printf 'a.jpg\\0b.png\\0' | xargs -0 bash -c \"$(declare -f ganfx)\"'; ganfx \"$@\" -o out' -",
        "printf 'a.jpg\\0b.png\\0' | ganfx --files-from - -0 -o out",
        "printf 'a.jpg\\r\\n\\nb.png' > list; ganfx --files-from list -o out",
    ],
)
def test_names_come_from_a_list(shell: Shell, tmp_path: Path, line: str) -> None:
    done = shell(line)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").glob("[!.]*")} == {"a.jpg", "b.png"}


def test_a_name_that_ends_as_a_folder_is_one(shell: Shell, tmp_path: Path) -> None:
    assert shell("ganfx a.jpg -o large.jpg/ --dry-run").returncode == 0
    assert not (tmp_path / "large.jpg").exists()
    assert shell("ganfx a.jpg -o large.jpg/").returncode == 0
    assert (tmp_path / "large.jpg" / "a.jpg").is_file()


@pytest.mark.parametrize(
    ("line", "status", "words"),
    [
        ("ganfx - < /dev/null", 3, "standard input: the file is empty"),
        ("echo hello | ganfx -", 3, "standard input: not a picture"),
        ("head -c 5000000 /dev/zero | ganfx -", 3, "standard input: not a picture"),
        ("ganfx a.jpg b.png -o -", 2, "one picture"),
        ("ganfx - --json < a.jpg", 2, "--json"),
        ("ganfx --files-from absent", 2, "absent"),
        ("ganfx a.jpg -o - > /dev/full", 3, "no space left"),
        ("ganfx https://example.org/a.jpg", 2, "fetches nothing"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(shell: Shell, line: str, status: int, words: str) -> None:
    done = shell(line)
    told = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout) == (status, b"")
    assert len([row for row in told if row.lower().startswith("error: ") and words in row]) == 1, told


@pytest.mark.parametrize(
    "line", ["ganfx - < a.jpg | true", "ganfx a.jpg b.png -o out --json -q | true", "ganfx --help | true"]
)
def test_a_reader_that_goes_away_ends_it_quietly(shell: Shell, line: str) -> None:
    assert shell(line).stderr.count(b"Error") == 0


def test_a_file_that_is_called_like_an_address_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    photo(tmp_path / "data:a.jpg")
    assert [one.path for one in find_inputs(["data:a.jpg"], lambda path: True)] == [Path("data:a.jpg")]
    with pytest.raises(OptionError, match="fetches nothing"):
        find_inputs(["s3://bucket/a.jpg"], lambda path: True)
