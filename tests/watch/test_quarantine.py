"""Where pictures that fail go."""

from __future__ import annotations

from pathlib import Path

from ganfx.errors import UnreadableError
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
