"""What is printed is text alone, and each message is one line, whatever files are called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ganfx
from tests import graphs
from tests.batch.batches import photo, run

HOSTILE = ["a\nerror: forged\n.png", "\x1b]0;title\x07\x1b[2J.png", "\x9b2J.png", "[bold][red].png", "b\u202egnp.png"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of pictures with hostile names, of which one cannot be read."""
    folder = tmp_path / "in"
    plain = photo(folder / "plain.png")
    for name in HOSTILE:
        (folder / name).write_bytes(plain.read_bytes())
    (folder / "bad\nerror: forged.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more than a beginning")
    return folder


def unsafe(text: str) -> list[str]:
    return re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)


@pytest.mark.parametrize("options", [(), ("-v",), ("--json",), ("--dry-run",)])
def test_names_print_no_lines_and_no_escapes(
    options: tuple[str, ...], tmp_path: Path, folder: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(capsys, "upscale", folder, "-o", tmp_path / "out", "-n", model, *options)
    assert told.status == 3
    assert len(told.errors) == 1
    assert "bad\\nerror: forged.jpg" in told.errors[0]
    assert unsafe("".join(told.err)) == []


def test_bars_show_names_as_they_are_and_no_markup(
    tmp_path: Path, folder: Path, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    told = run(capsys, "upscale", folder, "-o", tmp_path / "out", "-n", model)
    said = "\n".join(told.err)
    assert "[bold][red].png" in said
    assert "\x1b]0;title" not in said
    assert "\\x1b]0;title\\x07\\x1b[2J.png" in said
    assert "\x9b" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["upscale", "--no\nerror: forged\x1b[2J"],
        ["upscale", "a.png", "--quality", "x\nerror: forged\x1b[2J"],
        ["no\nerror: forged\x1b[2J"],
        ["upscale", "a.png", "-n", "no\nerror: forged\x1b[2J"],
    ],
)
def test_a_wrong_call_prints_its_words_as_text(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, *arguments)
    assert told.status == 2
    assert not [line for line in told.err if line.startswith("error: forged")]
    assert unsafe("".join(told.err)) == []


def test_all_is_printed_through_one_module() -> None:
    """Only the module that escapes prints."""
    printing = re.compile(r"\bclick\.(echo|secho)\(|\bprint\(|std(out|err)\.write\(")
    package = Path(ganfx.__file__).parent / "cli"
    found = {path.name for path in package.glob("*.py") if printing.search(path.read_text(encoding="utf-8"))}
    assert found == {"terminal.py", "progress.py"}
    assert len(re.findall(r"\bprint\(", (package / "progress.py").read_text(encoding="utf-8"))) == 1
