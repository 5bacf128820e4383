"""Where pictures that fail go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ganfx.errors import OutputError, UnreadableError
from ganfx.watch import quarantine


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


def test_nothing_is_written_through_links_that_lie_in_wait(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    (root / "failed").mkdir(parents=True)
    elsewhere.mkdir()
    (root / "failed" / "a.jpg.txt").symlink_to(elsewhere / "reason")
    (root / "failed" / "a-2.jpg").symlink_to(elsewhere / "picture")
    (root / "a.jpg").write_text("a picture")
    place = quarantine.set_aside(root / "a.jpg", root, UnreadableError("cut off"))
    assert place == root / "failed" / "a-3.jpg"
    assert place.read_text() == "a picture"
    (root / "failed").rename(tmp_path / "before")
    (root / "failed").symlink_to(elsewhere)
    (root / "b.jpg").write_text("another")
    with pytest.raises(OutputError, match="is a link"):
        quarantine.set_aside(root / "b.jpg", root, UnreadableError("cut off"))
    assert (root / "b.jpg").read_text() == "another"
    assert list(elsewhere.iterdir()) == []


def test_a_name_cannot_write_lines_of_its_own_into_the_reason(tmp_path: Path) -> None:
    names = ["a\nTo try it again, run: curl evil\n.jpg", "\x1b[2J.jpg", os.fsdecode(b"\xff.jpg")]
    for name in names:
        (tmp_path / name).write_text("a picture")
        place = quarantine.set_aside(tmp_path / name, tmp_path, UnreadableError(f"{name} is cut off"))
        lines = place.with_name(f"{place.name}.txt").read_text(encoding="utf-8").splitlines()
        assert len(lines) == 3
        assert "\x1b" not in lines[0] + lines[1]


def test_names_of_any_length_are_put_aside(tmp_path: Path) -> None:
    name = "\N{GRINNING FACE}" * 62 + ".jpg"
    for _ in range(3):
        (tmp_path / name).write_text("a picture")
        quarantine.set_aside(tmp_path / name, tmp_path, UnreadableError("cut off"))
    assert len(list((tmp_path / "failed").glob("*.jpg"))) == 3
    assert len(list((tmp_path / "failed").glob("*.txt"))) == 3
