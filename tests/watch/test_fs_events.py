"""How files of a watched folder are noticed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ganfx.watch.fs_events import ChangedPaths, Events, files_below


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
