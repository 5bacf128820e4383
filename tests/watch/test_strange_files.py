"""A watched folder receives pipes, devices and files made to hang: the other pictures are made nevertheless."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ganfx.errors import UnsupportedError
from ganfx.files.formats import Codec
from ganfx.watch import WatchOptions, watch_folder
from tests.batch.batches import photo
from tests.files import hostile


@pytest.mark.timeout(60)
def test_what_cannot_be_read_here_is_set_aside_at_once_with_what_to_do(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in"
    photo(source / "good.png")
    (source / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (source / "painting.xcf").write_bytes(b"gimp xcf v011\0".ljust(200, b"\0"))
    monkeypatch.setattr(Codec, "is_installed", False)
    # With this patience for files that are incomplete, the test would take longer than it may.
    options = WatchOptions(settle_s=0, give_up_s=3600, once=True)
    outcomes = {
        one.item.source.name: one for one in watch_folder(source, tmp_path / "out", f"upscale:model={model}", options)
    }
    assert outcomes["good.png"].status == "done"
    for name, word in (("phone.heic", "pip install pi-heif"), ("painting.xcf", "GIMP")):
        error = outcomes[name].error
        assert isinstance(error, UnsupportedError)
        assert word in (error.hint or "")
        assert (source / "failed" / name).exists()


@pytest.mark.timeout(60)
def test_what_would_hang_a_reader_does_not_hang_the_watcher(tmp_path: Path, model: Path) -> None:
    source = tmp_path / "in"
    photo(source / "good.png")
    os.mkfifo(source / "pipe.png")
    (source / "zero.png").symlink_to("/dev/zero")
    (source / "circle.png").symlink_to("circle.png")
    (source / "tags.jpg").write_bytes(hostile.with_exif(hostile.of_shared_bytes()))
    (source / "bomb.png").write_bytes(hostile.png_of(45_000, 45_000))
    options = WatchOptions(settle_s=0, once=True)
    outcomes = {
        one.item.source.name: one for one in watch_folder(source, tmp_path / "out", f"upscale:model={model}", options)
    }
    assert outcomes["good.png"].status == outcomes["tags.jpg"].status == "done"
    assert "the EXIF block is damaged and is left out" in outcomes["tags.jpg"].notes
    assert {path.name for path in (tmp_path / "out").iterdir() if path.suffix in (".png", ".jpg")} == {
        "good.png",
        "tags.jpg",
    }
    assert os.path.lexists(source / "pipe.png")
