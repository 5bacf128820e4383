"""What a watcher is made of: when files count as still, how they are noticed, where failures go, what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ganfx.batch.process import FAILED
from ganfx.errors import GanfxError, InferenceError, OptionError, OutputError, PictureSizeError, UnreadableError
from ganfx.watch import health, quarantine, service
from ganfx.watch.fs_events import ChangedPaths, Events, files_below
from ganfx.watch.retry import WAITING, EngineRetryError, RetryQueue, UnexpectedError, as_retryable
from ganfx.watch.stability import FileState, StabilityTracker, WatchOptions

A = Path("a.jpg")


def state(size_bytes: int, mtime_ns: int = 0, inode: int = 1) -> FileState:
    return FileState(size_bytes, mtime_ns, inode)


def test_a_file_is_due_only_once_it_stood_still() -> None:
    stability = StabilityTracker(settle_s=2)
    for now in range(5):
        stability.see(A, state(100 * now), now, announced=True)
        assert stability.due(now) == []
    stability.see(A, state(400), 5.0)
    assert (stability.due(5.9), stability.due(6.0)) == ([], [A])


@pytest.mark.parametrize("changed", [state(2), state(1, mtime_ns=1), state(1, inode=2)])
def test_a_change_of_size_time_or_file_is_seen_also_when_all_is_done(changed: FileState) -> None:
    stability = StabilityTracker(settle_s=1)
    stability.see(A, state(1), 0)
    stability.settle(A, state(1))
    stability.see(A, state(1), 5)
    assert stability.next_due() is None
    stability.see(A, changed, 10)
    assert stability.next_due() == 11


def test_what_changes_while_it_is_made_is_not_done_with() -> None:
    stability = StabilityTracker(settle_s=1)
    stability.see(A, state(1), 0)
    stability.see(A, state(2), 5)
    stability.settle(A, state(1))
    assert stability.due(6) == [A]


def test_those_that_waited_longest_come_first_and_the_gone_are_forgotten() -> None:
    stability = StabilityTracker(settle_s=1)
    for now, name in enumerate("cab"):
        stability.see(Path(name), state(1), now)
    assert stability.due(10) == [Path("c"), Path("a"), Path("b")]
    stability.see(Path("c"), None, 10)
    stability.keep_only({Path("a")})
    assert stability.due(10) == [Path("a")]


def test_pauses_grow_up_to_the_longest_and_a_change_ends_them() -> None:
    stability, now, pauses = StabilityTracker(settle_s=1), 1.0, []
    stability.see(A, state(1), 0)
    for _ in range(6):
        stability.postpone(A, now, pause_s=5, longest_s=60)
        due = stability.next_due()
        assert due is not None
        pauses.append(due - now)
        now = due
    assert pauses == [5, 10, 20, 40, 60, 60]
    stability.see(A, state(2), now)
    assert stability.next_due() == now + 1


def test_what_is_done_below_a_folder_can_be_asked_for_again() -> None:
    stability = StabilityTracker(settle_s=0)
    for name in ("in/a", "in/sub/b", "in/sub/deep/c", "in/subway/d"):
        stability.see(Path(name), state(1), 0)
        stability.settle(Path(name), state(1))
    stability.reconsider(Path("in/sub"), 1)
    assert set(stability.due(1)) == {Path("in/sub/b"), Path("in/sub/deep/c")}


def seen_while(folder: Path, act: Callable[[], object], wanted: set[Path]) -> tuple[set[Path], int]:
    """The paths that events below `folder` name while and after `act` runs, and how many events there were."""
    changed = ChangedPaths()
    events = Events(folder, changed)
    events.start()
    try:
        act()
        found: set[Path] = set()
        end = time.monotonic() + 10
        while not wanted <= found and time.monotonic() < end:
            found |= changed.take(0.2)
        return found | changed.take(0.2), changed.events
    finally:
        events.stop()


def test_events_tell_of_new_renamed_and_moved_in_files_but_not_of_reading(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "outside.jpg"
    folder.mkdir()
    outside.write_bytes(b"moved in")
    (folder / "read.jpg").write_bytes(b"read")

    def act() -> None:
        (folder / "read.jpg").read_bytes()
        (folder / "new.jpg").write_bytes(b"new")
        (folder / "part.crdownload").write_bytes(b"renamed")
        (folder / "part.crdownload").rename(folder / "whole.jpg")
        outside.rename(folder / "moved.jpg")
        (folder / ".hidden.jpg").write_bytes(b"hidden")
        (folder / "sub" / "deep").mkdir(parents=True)
        (folder / "sub" / "deep" / "b.jpg").write_bytes(b"below")

    names = ("new.jpg", "whole.jpg", "moved.jpg", "sub/deep/b.jpg")
    wanted = {folder / name for name in names}
    found, _ = seen_while(folder, act, wanted)
    assert wanted <= found
    assert not {folder / "read.jpg", folder / ".hidden.jpg"} & found


def test_a_storm_of_events_is_one_path(tmp_path: Path) -> None:
    storm = tmp_path / "a.jpg"

    def act() -> None:
        for number in range(2000):
            storm.write_bytes(bytes(number))

    found, events = seen_while(tmp_path, act, {storm})
    assert found == {storm}
    assert events > 1000


def test_looking_into_a_folder_leaves_out_the_hidden_and_the_skipped(tmp_path: Path) -> None:
    for name in ("a.jpg", ".b.jpg", "sub/c.jpg", ".git/d.jpg", "failed/e.jpg", "sub/failed/f.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    errors: list[OSError] = []
    found = set(files_below(tmp_path, frozenset({tmp_path / "failed"}), errors.append))
    assert found == {tmp_path / name for name in ("a.jpg", "sub/c.jpg", "sub/failed/f.jpg")}
    list(files_below(tmp_path / "absent", frozenset(), errors.append))
    assert [type(error) for error in errors] == [FileNotFoundError]


def test_what_fails_is_put_aside_with_its_reason_and_replaces_nothing(tmp_path: Path) -> None:
    error = UnreadableError("cut off", hint="copy it again")
    contents = ("first", "second", "third")
    for content in contents:
        picture = tmp_path / "sub" / "a.jpg"
        picture.parent.mkdir(exist_ok=True)
        picture.write_text(content)
        place = quarantine.set_aside(picture, tmp_path, error)
        reason = place.with_name(f"{place.name}.txt").read_text(encoding="utf-8")
        assert "error: cut off" in reason
        assert "hint: copy it again" in reason
    assert list((tmp_path / "sub").iterdir()) == []
    left = {path.read_text() for path in (tmp_path / "failed" / "sub").glob("*.jpg")}
    assert left == set(contents)


def test_only_what_may_pass_is_tried_again_and_an_engine_that_never_works_ends_it(tmp_path: Path) -> None:
    def failing(error: GanfxError) -> tuple[str, float | None]:
        """What is told of a picture that failed so, and when it is tried again."""
        picture = tmp_path / "in" / "a.jpg"
        picture.parent.mkdir(exist_ok=True)
        picture.write_text("a picture")
        stability = StabilityTracker(settle_s=0)
        stability.see(picture, FileState.of(picture), time.monotonic() - 100)
        told = list(RetryQueue(picture.parent, stability, WatchOptions(give_up_s=50)).failed(picture, error))
        due = stability.next_due()
        return told[0].status, due

    denied = UnreadableError("permission denied")
    denied.__cause__ = PermissionError()
    for error in (OutputError("read-only"), OptionError("no such recipe"), denied):
        status, due = failing(error)
        assert status == WAITING
        assert due is not None
        assert due > time.monotonic()
    for error in (UnreadableError("cut off"), PictureSizeError("too large")):
        assert failing(error) == (FAILED, None)

    pictures = [tmp_path / f"{number}.jpg" for number in range(5)]
    stability = StabilityTracker(settle_s=0)
    retry = RetryQueue(tmp_path, stability, WatchOptions())
    with pytest.raises(InferenceError):
        for picture in pictures:
            picture.touch()
            stability.see(picture, FileState.of(picture), time.monotonic())
            with pytest.raises(EngineRetryError) as caught, as_retryable():
                raise InferenceError("the device is lost")
            assert [told.status for told in retry.failed(picture, caught.value)] == [WAITING]
    assert picture == pictures[-1]


def test_a_surprise_is_one_pictures_error_and_not_the_end() -> None:
    with pytest.raises(UnexpectedError, match="ZeroDivisionError"), as_retryable():
        _ = 1 / 0
    with pytest.raises(KeyboardInterrupt), as_retryable():
        raise KeyboardInterrupt


def test_health_knows_the_living_from_the_dead(tmp_path: Path) -> None:
    mine = health.WatchStatus("in", str(tmp_path), "upscale:4")
    mine.save()
    script = f"from ganfx.watch.health import WatchStatus\nWatchStatus('in', {str(tmp_path)!r}, 'heal').save()"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert {said.recipe: said.is_running for said in health.read_all(tmp_path)} == {"upscale:4": True, "heal": False}
    health.forget_ended(tmp_path)
    assert [said.pid for said in health.read_all(tmp_path)] == [os.getpid()]
    mine.host = "another-computer"
    assert mine.is_running is None


def test_a_service_runs_the_very_command_whatever_the_names(tmp_path: Path) -> None:
    folder = tmp_path / 'Bilder "100 %" $HOME'
    text = service.unit_text(folder, ["/usr/bin/python3", "-m", "ganfx", "watch", str(folder), "out"])
    line = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    assert line.startswith("ExecStart=/usr/bin/python3 -m ganfx watch ")
    assert '\\"100 %%\\" $$HOME" out' in line
    other = service.unit_name(tmp_path / "other" / folder.name)
    assert service.unit_name(folder).startswith("ganfx-watch-Bilder-100-HOME-")
    assert service.unit_name(folder) != other
