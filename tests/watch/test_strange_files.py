"""A watched folder receives pipes, devices and files made to hang: the other pictures are made nevertheless."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ganfx.watch import WatchOptions, watch_folder
from tests.batch.batches import photo
from tests.files import hostile


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
