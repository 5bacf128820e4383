"""Overhead of a batch over its bare networks: the same work with and without files."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganfx.batch.inputs import Input, find_inputs
from ganfx.batch.item_runner import ItemRunner
from ganfx.batch.items import Naming, assign_targets
from ganfx.batch.name_template import BESIDE, NameTemplate
from ganfx.batch.run import run
from ganfx.batch.stage_limits import StageLimits
from ganfx.engine import Engine
from ganfx.errors import ItemError
from ganfx.files import SaveOptions, is_picture
from ganfx.pipeline import Chooser


@dataclass(frozen=True)
class Throughput:
    """One batch: its pictures and what it wrote, the seconds of the whole of it and of its networks within, and those
    of the same networks on as many inputs of the same shapes, alone."""

    pictures: int
    megapixels: float
    device: str
    limits: StageLimits
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


def benchmark_batch(
    names: Sequence[str], chooser: Chooser, limits: StageLimits, *, recursive: bool = False, rounds: int = 3
) -> Throughput:
    """Run the pictures that `names` stand for into folders that are thrown away; of all rounds, the one whose overhead
    is the median.

    One more of the first picture goes before, so that what is done once for a process is not counted. Raises ItemError
    for a picture that fails, EngineError and ModelError.
    """
    inputs = find_inputs(names, is_picture, recursive=recursive)
    _make(inputs[:1], chooser, limits)
    found = [_round(inputs, chooser, limits) for _ in range(rounds)]
    return sorted(found, key=lambda one: one.overhead)[len(found) // 2]


def _round(inputs: Sequence[Input], chooser: Chooser, limits: StageLimits) -> Throughput:
    engines = list({engine.network: engine for engine in chooser.engines}.values())
    for engine in engines:
        engine.network.batch_counts.clear()
        engine.network.busy_s = 0.0
    started = time.perf_counter()
    megapixels = _make(inputs, chooser, limits)
    whole_s = time.perf_counter() - started
    busy_s = sum(engine.network.busy_s for engine in engines)
    alone_s = sum(_alone(engine) for engine in engines)
    return Throughput(len(inputs), megapixels, chooser.device, limits, whole_s, busy_s, alone_s)


def _make(inputs: Sequence[Input], chooser: Chooser, limits: StageLimits) -> float:
    """Make results of `inputs` somewhere; the megapixels written."""
    megapixels = 0.0
    naming = Naming(chooser.names, NameTemplate(BESIDE))
    with tempfile.TemporaryDirectory(prefix="ganfx-") as folder, ItemRunner(chooser, SaveOptions()) as runner:
        items = assign_targets(inputs, Path(folder), naming, into_folder=True)
        for outcome in run(items, runner.make, limits=limits):
            if outcome.error:
                raise ItemError(str(outcome.error), hint=outcome.error.hint)
            megapixels += outcome.megapixels
    return megapixels


def _alone(engine: Engine) -> float:
    """The seconds that the batches which the network of `engine` ran take with nothing beside them."""
    noise = np.random.default_rng(0)
    total = 0.0
    for shape, count in dict(engine.network.batch_counts).items():
        batch = noise.random(shape, np.float32)
        started = time.perf_counter()
        for _ in range(count):
            engine.network.run(batch)
        total += time.perf_counter() - started
    return total
