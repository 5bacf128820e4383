"""No error of one picture, of whatever kind, ends a batch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ganfx.batch import BatchOptions, folder, making, plan_batch, report, run_folder
from ganfx.batch.process import process
from ganfx.errors import DiskFullError, InferenceError, OptionError
from tests import graphs
from tests.batch.batches import photo, photos


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"upscale:model={graphs.nearest(tmp_path_factory.mktemp('models') / 'nearest.onnx', scale=2)}"


def statuses(*arguments: Any) -> dict[str, str]:
    return {outcome.item.source.name: outcome.status for outcome in run_folder(*arguments)}


SURPRISES = [
    ZeroDivisionError("division by zero"),
    MemoryError(),
    RecursionError("maximum recursion depth exceeded"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    OSError(36, "File name too long"),
    AssertionError(),
    StopIteration(),
    OptionError("outside of the picture"),
    DiskFullError("full"),
    InferenceError("the device is lost"),
    KeyboardInterrupt(),
]


def surprised_by(error: BaseException, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the picture `name` fail so."""

    def process_or_fail(item: Any, *arguments: Any) -> Any:
        if item.source.name == name:
            raise error
        return process(item, *arguments)

    monkeypatch.setattr(making, "process", process_or_fail)


@pytest.mark.parametrize("error", SURPRISES[:-3], ids=lambda error: type(error).__name__)
def test_whatever_one_picture_raises_the_others_are_made(
    error: Exception, tmp_path: Path, steps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    surprised_by(error, "001.png", monkeypatch)
    outcomes = {one.item.source.name: one for one in run_folder(photos(tmp_path / "in", 3), steps)}
    assert [outcomes[name].status for name in sorted(outcomes)] == ["done", "failed", "done"]
    told = outcomes["001.png"].error
    assert told
    assert str(told).startswith(str(tmp_path / "in" / "001.png"))
    assert "\n" not in str(told)
    assert told.code == ("option" if isinstance(error, OptionError) else "unexpected")


def test_what_all_pictures_would_meet_still_ends_the_batch(
    tmp_path: Path, steps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = photos(tmp_path / "in", 4)
    for error in (InferenceError("the device is lost"), KeyboardInterrupt()):
        with monkeypatch.context() as patched:
            surprised_by(error, "001.png", patched)
            with pytest.raises(type(error)):
                statuses(pictures, steps)
    surprised_by(DiskFullError("full"), "000.jpg", monkeypatch)
    assert "skipped" in statuses(pictures, steps, BatchOptions(output=tmp_path / "out")).values()


def test_what_the_callers_own_progress_raises_is_the_callers(tmp_path: Path, steps: str) -> None:
    def progress(item: Any, share: float, megapixels: float, frames: int) -> None:
        raise LookupError("the caller's")

    with pytest.raises(LookupError):
        list(run_folder(photos(tmp_path / "in", 2), steps, progress=progress))


def test_a_picture_that_cannot_be_shown_costs_the_report_one_line(
    tmp_path: Path, steps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "preview", lambda *arguments: 1 / 0)
    options = BatchOptions(output=tmp_path / "out", report=tmp_path / "report.html")
    assert set(statuses(photos(tmp_path / "in", 2), steps, options).values()) == {"done"}
    assert (tmp_path / "report.html").read_text().count("cannot be shown: failed unexpectedly") == 2


def test_a_picture_that_surprises_while_the_batch_is_planned_fails_alone(
    tmp_path: Path, steps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = photos(tmp_path / "in", 2)
    (pictures / "001.png").rename(pictures / "001.picture")

    def surprising(path: Path) -> bool:
        return path.name != "001.picture" or 1 / 0 > 0

    monkeypatch.setattr(folder, "is_picture", surprising)
    monkeypatch.setattr(folder, "writable_suffix", lambda path, **wish: path.suffix if surprising(path) else "")
    assert statuses(pictures, steps) == {"000.jpg": "done", "001.picture": "failed"}


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own")
def test_a_link_to_itself_is_one_pictures_error(tmp_path: Path, steps: str) -> None:
    album = photos(tmp_path / "in", 2)
    loop = album / "loop.png"
    loop.symlink_to("loop.png")
    masks = BatchOptions(output=tmp_path / "out")
    assert statuses([loop, album / "000.jpg"], steps, masks) == {"loop.png": "failed", "000.jpg": "done"}
    assert "000.jpg" in statuses(album, steps)
    (tmp_path / "out" / "b.png").symlink_to("b.png")
    named = statuses([photo(tmp_path / "b.png"), album / "000.jpg"], steps, BatchOptions(output=tmp_path / "out"))
    assert named["b.png"] == "failed"


def test_a_name_that_leaves_no_room_for_the_results_is_one_pictures_error(tmp_path: Path, steps: str) -> None:
    album = photos(tmp_path / "in", 1)
    emoji = "\N{GRINNING FACE}" * 59 + ".png"
    photo(album / "b.png").rename(album / emoji)
    assert statuses(album, steps) == {"000.jpg": "done", emoji: "done"}
    longest = "a" * 251 + ".png"
    photo(album / "c.png").rename(album / longest)
    planned = plan_batch([album / longest, album / "000.jpg"], steps)
    outcomes = {one.item.source.name: one for one in planned.dry_run()}
    assert outcomes[longest].status == "failed"
    outcomes = {one.item.source.name: one for one in planned.run()}
    assert outcomes[longest].status == "failed"
    assert "266 bytes" in str(outcomes[longest].error)
    assert outcomes["000.jpg"].status == "up to date"
