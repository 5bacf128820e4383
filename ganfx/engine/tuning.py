"""The fastest way to run a model on this machine, found by trying; remembered, and used from then on."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ganfx.engine.drawing import drawing
from ganfx.engine.opening import open_network
from ganfx.engine.options import EngineOptions
from ganfx.engine.providers import candidates
from ganfx.engine.runner import Engine
from ganfx.engine.tiling import TilingPolicy
from ganfx.engine.tuning_cache import PROVIDERS_FOUND, SETTINGS_FOUND, Tuned
from ganfx.errors import DeviceMemoryError, OptionError, ProviderError

# What is tried: sides of tiles in input pixels, and tiles at once where a provider gains by several.
SIDES = (128, 192, 256, 384, 512, 768)
BATCHES = (1, 2, 4, 8)
# The side in pixels of the picture that is timed, and how often.
PICTURE, ROUNDS = 768, 2


@dataclass(frozen=True)
class Trial:
    """One way to run a model, and its rate in megapixels of output per second."""

    provider: str
    device: str
    precision: str
    settings: Tuned
    mp_per_s: float


def tune(model: Path, options: EngineOptions, tried: Callable[[Trial], None] = lambda trial: None) -> list[Trial]:
    """Time the ONNX file `model` in every way that `options` leave open, fastest first, and remember the best.

    What is remembered: the tile, batch and threads of each provider and precision, and for `--provider auto` the
    provider. `tried` is told each trial as it ends. Providers that do not work or compute wrongly are left out. Raises
    ContractError for the file, and ProviderError where nothing runs it.
    """
    trials: list[Trial] = []
    best: dict[str, Trial] = {}
    digest = ""
    for engine in _engines(model, options):
        way, digest = engine.network.way, engine.network.digest
        for choice in _choices(engine):
            if trial := _timed(engine, choice):
                tried(trial)
                trials.append(trial)
                best[way] = max(best.get(way, trial), trial, key=lambda one: one.mp_per_s)
    for way, trial in best.items():
        SETTINGS_FOUND.remember(way, trial.settings.written())
    if not trials:
        raise ProviderError("nothing runs it here", hint="ganfx doctor says why")
    trials.sort(key=lambda trial: trial.mp_per_s, reverse=True)
    if options.provider == "auto":
        PROVIDERS_FOUND.remember(digest, trials[0].provider)
    return trials


def _engines(model: Path, options: EngineOptions) -> Iterator[Engine]:
    for row in candidates(options.provider):
        precisions = row.precisions if options.precision == "auto" else (options.precision,)
        counts = (options.threads,) if options.threads else row.threads()
        for precision, threads in itertools.product(precisions, counts):
            own = dataclasses.replace(options, provider=row.name, precision=precision, threads=threads)
            try:
                yield Engine(open_network(model, own), own)
            except (ProviderError, OptionError):  # it does not work here, or the network is not known to survive it
                continue


def _choices(engine: Engine) -> Iterator[Tuned]:
    spec, network, threads = engine.spec, engine.network, engine.options.threads
    if spec.tiling.rule != "free":
        yield Tuned(threads=threads)
        return
    floor = TilingPolicy.of(spec, EngineOptions(), uniform=False).floor
    batches = BATCHES if network.provider.compiles_per_shape and not network.fixed_batch else (1,)
    for side in SIDES:
        if side >= floor:
            yield from (Tuned(side, batch, threads) for batch in batches)


def _timed(engine: Engine, settings: Tuned) -> Trial | None:
    """One trial; None where its memory does not suffice."""
    spec, network = engine.spec, engine.network
    picture = drawing(PICTURE, PICTURE, spec.in_channels)
    own = Engine(network, dataclasses.replace(engine.options, tile=settings.side, batch=settings.batch))
    best = float("inf")
    try:
        for _ in range(ROUNDS + 1):  # the first one prepares the device for the shape
            started = time.perf_counter()
            own.run(picture)
            best = min(best, time.perf_counter() - started)
    except DeviceMemoryError:
        return None
    rate = (PICTURE * spec.scale) ** 2 / 1e6 / best
    return Trial(network.provider.name, network.device, network.precision, settings, rate)
