"""What a batch costs over its bare networks: files in, files out, and the same work without them."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganfx.batch.inputs import find_inputs
from ganfx.batch.lanes import Lanes
from ganfx.batch.maker import Maker
from ganfx.batch.plan import Item, Naming, assign_targets
from ganfx.batch.run import run
from ganfx.engine import Engine
from ganfx.errors import ItemError
from ganfx.files import SaveOptions, is_picture
from ganfx.pipeline import Chooser

# Of each shape of batch, as many are timed alone.
_REPEATS = 5


@dataclass(frozen=True)
class Throughput:
    """One batch: its pictures and what it wrote, the seconds of the whole of it and of its networks within, and those
    of the same networks on inputs of the same shapes, alone."""

    pictures: int
    megapixels: float
    device: str
    lanes: Lanes
    whole_s: float
    busy_s: float
    alone_s: float

    @property
    def busy_share(self) -> float:
        """The share of the time in which a network ran."""
        return self.busy_s / self.whole_s

    @property
    def overhead(self) -> float:
        """How much longer than its networks alone the batch took, as a share of those."""
        return self.whole_s / self.alone_s - 1


def benchmark_batch(names: Sequence[str], chooser: Chooser, lanes: Lanes, *, recursive: bool = False) -> Throughput:
    """Run the pictures that `names` stand for into a folder that is thrown away.

    The first is made twice, so that what is done once for a process is not counted. Raises ItemError for a picture
    that fails, EngineError and ModelError.
    """
    inputs = find_inputs(names, is_picture, recursive=recursive)
    engines = list({engine.network: engine for engine in chooser.engines}.values())
    with tempfile.TemporaryDirectory(prefix="ganfx-") as folder:
        first, rest = (Path(folder, name) for name in ("first", "rest"))
        naming = Naming(chooser.names, "{stem}_{suffix}{ext}")
        _make(assign_targets(inputs[:1], first, naming, into_folder=True), chooser, lanes)
        for engine in engines:
            engine.network.ran.clear()
            engine.network.busy_s = 0.0
        started = time.perf_counter()
        megapixels = _make(assign_targets(inputs, rest, naming, into_folder=True), chooser, lanes)
        whole_s = time.perf_counter() - started
    busy_s = sum(engine.network.busy_s for engine in engines)
    alone_s = sum(_alone(engine) for engine in engines)
    return Throughput(len(inputs), megapixels, chooser.device, lanes, whole_s, busy_s, alone_s)


def _make(items: Iterable[Item], chooser: Chooser, lanes: Lanes) -> float:
    """Make `items`; the megapixels written."""
    megapixels = 0.0
    with Maker(chooser, SaveOptions()) as maker:
        for outcome in run(items, maker, lanes=lanes):
            if outcome.error:
                raise ItemError(str(outcome.error), hint=outcome.error.hint)
            megapixels += outcome.megapixels
    return megapixels


def _alone(engine: Engine) -> float:
    """The seconds that the batches which the network of `engine` ran take with nothing beside them."""
    noise = np.random.default_rng(0)
    total = 0.0
    for shape, count in dict(engine.network.ran).items():
        batch = noise.random(shape, np.float32)
        times = []
        for _ in range(min(count, _REPEATS) + 1):
            started = time.perf_counter()
            engine.network.run(batch)
            times.append(time.perf_counter() - started)
        total += count * statistics.median(times[1:])
    return total
