"""What a batch does not work on is said and counted, and its exit status is honest."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ganfx.batch import BatchOptions, inputs, plan_batch
from ganfx.errors import OptionError
from tests import graphs
from tests.batch.batches import photo, photos, results, run

Refuse = Callable[[Path], None]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2)


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Makes a folder unreadable, for root too."""
    refused: set[Path] = set()
    scandir = os.scandir

    def checked_scandir(path: Any) -> Any:
        if Path(path) in refused:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", checked_scandir)
    return refused.add


@pytest.mark.parametrize("dry", [False, True])
def test_a_folder_that_cannot_be_read_is_an_error_and_the_rest_is_made(
    dry: bool, tmp_path: Path, model: Path, refuse: Refuse, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(tmp_path / "in", 2)
    photo(folder / "closed" / "c.png")
    refuse(folder / "closed")
    report = tmp_path / "report.html"
    options = ["-r", "-o", tmp_path / "out", "-n", model, "--json", *(["--dry-run"] if dry else ["--report", report])]
    told = run(capsys, "upscale", folder, *options)
    assert told.status == 3
    assert told.errors == [f"error: {folder / 'closed'}: cannot be read: permission denied"]
    assert sorted(told.statuses.values()) == (
        ["failed", "to be made", "to be made"] if dry else ["done", "done", "failed"]
    )
    assert "1 failed" in told.err[-1]
    assert dry or "permission denied" in report.read_text()


def test_a_folder_of_which_nothing_can_be_read_is_one_sentence(
    tmp_path: Path, model: Path, refuse: Refuse, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(photos(tmp_path / "in", 2))
    told = run(capsys, "upscale", tmp_path / "in", "-n", model)
    assert told.status == 2
    assert "permission denied" in told.errors[0]


def test_a_picture_in_a_folder_that_cannot_be_read_fails_and_is_not_left_out(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = photos(tmp_path / "in", 2)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "001.png")
    found = inputs.find_inputs([str(folder)], lambda path: path.name != "001.png")
    assert [one.path.name for one in found] == ["000.jpg", "001.png"]


def test_what_is_no_picture_though_called_so_is_said(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(tmp_path / "in", 2)
    (folder / "empty.jpg").touch()
    (folder / "text.PNG").write_text("this is no picture")
    (folder / "notes.txt").write_text("nor is this")
    told = run(capsys, "upscale", folder, "-o", tmp_path / "out", "-n", model)
    assert told.status == 0
    note = next(line for line in told.err if line.startswith("note: "))
    assert "2 files are called as pictures are, and none" in note
    assert "empty.jpg" in note
    assert "notes.txt" not in note


@pytest.mark.skipif(os.name == "nt", reason="no pipes in folders")
def test_what_is_neither_file_nor_folder_is_said_and_holds_nothing_up(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(tmp_path / "in", 1)
    os.mkfifo(folder / "pipe.png")
    (folder / "dangling.png").symlink_to("nothing.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "up").symlink_to("..")
    told = run(capsys, "upscale", folder, "-r", "-o", tmp_path / "out", "-n", model)
    assert told.status == 0
    assert set(results(tmp_path / "out")) == {"000.jpg"}
    note = next(line for line in told.err if line.startswith("note: "))
    assert "4 names are left out, neither files nor folders" in note
    assert "..." in note


def test_a_name_that_is_a_pattern_too_is_taken_as_it_is(tmp_path: Path, model: Path) -> None:
    odd = photo(tmp_path / "in" / "a[1].png")
    assert [item.source for item in plan_batch(odd, f"upscale:model={model}", BatchOptions()).items] == [odd]
    with pytest.raises(OptionError):
        plan_batch(tmp_path / "in" / "..", f"upscale:model={model}")
