"""Watched folders with more pictures than anybody looks at."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.watch import memory
from tests.watch.watchers import tiny_png, visible, watching

pytestmark = pytest.mark.slow


@pytest.fixture
def quick_folders(folders: tuple[Path, Path]) -> Iterator[tuple[Path, Path]]:
    """Folders in memory, where that can be had: thousands of files are written to the disk one by one otherwise."""
    if not os.access("/dev/shm", os.W_OK):
        yield folders
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        source = Path(name) / "in"
        source.mkdir()
        yield source, Path(name) / "out"


@pytest.mark.timeout(1200)
def test_a_burst_of_five_thousand_files_loses_and_doubles_none(quick_folders: tuple[Path, Path], model: Path) -> None:
    source, output = quick_folders
    count = 5000
    with watching(source, output, model) as watch:
        for number in range(count):
            (source / f"{number}.png").write_bytes(tiny_png(number))
        watch.until(lambda: (watch.health or {}).get("done", 0) >= count, deadline_s=1000)
        watch.until_quiet()
        made, health = watch.names("done"), watch.health
    assert health is not None
    figures = {"in": count, "out": len(visible(output)), "doubled": len(made) - len(set(made))}
    print(figures, f"{health['events']} events seen")
    assert figures == {"in": count, "out": count, "doubled": 0}


@pytest.mark.timeout(1200)
def test_memory_does_not_grow(tmp_path: Path) -> None:
    held = list(memory.measure(tmp_path, count=120, batch=6))
    # It goes up and down with what is in work, a third of it; what leaks only goes up. The first pictures warm it up.
    assert min(held[12:]) < max(held[4:12]) + 5
