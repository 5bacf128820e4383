"""How much memory a watcher holds over many pictures of mixed sizes: `python -m tests.watch.memory 2000`."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests import graphs
from tests.cli.test_commands import photo
from tests.watch.watchers import Watch, watching

# The same sizes in another order each time, so that growth is growth and no larger picture.
_SIDES = (16, 60, 130, 250, 500, 900)


def resident_megabytes(watch: Watch) -> float:
    """The memory that the watcher's process holds now."""
    return float(psutil.Process(watch.process.pid).memory_info().rss) / 2**20


def measure(folder: Path, count: int, batch: int = 50) -> Iterator[float]:
    """Megabytes held after each `batch` of pictures, up to `count` of them, that a watcher in `folder` makes."""
    source, output = folder / "in", folder / "out"
    source.mkdir()
    chance = random.Random(0)
    # Tiles of one fixed shape, as real networks have them.
    model = graphs.convolutions(folder / "network.onnx", layers=3, scale=2)
    with watching(source, output, model, "--quiet", "--tile", 256) as watch:
        for begin in range(0, count, batch):
            sides = [_SIDES[number % len(_SIDES)] for number in range(batch)]
            chance.shuffle(sides)
            for number, side in enumerate(sides):
                ending = ("jpg", "png", "tif")[number % 3]
                photo(folder / f"new.{ending}", side, 20 + side // 2).rename(source / f"{begin + number}.{ending}")
            watch.until(lambda made=begin + batch: (watch.health or {})["done"] >= made, deadline_s=1200)
            yield resident_megabytes(watch)
            for path in [*source.iterdir(), *output.glob("*.*")]:
                if path.name[0] != ".":
                    path.unlink()


if __name__ == "__main__":
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as name:
        for made, megabytes in enumerate(measure(Path(name), total), 1):
            print(f"{50 * made:5d} pictures: {megabytes:.0f} MB", flush=True)
