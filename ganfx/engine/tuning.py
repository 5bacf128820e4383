"""The fastest way to run a model on this machine, found by trying; remembered, and used from then on."""

from __future__ import annotations

import dataclasses
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
from ganfx.engine.tuning_cache import PROVIDERS_FOUND, TILES_FOUND, Tile
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
    tile: Tile
    mp_per_s: float


def tune(model: Path, options: EngineOptions, tried: Callable[[Trial], None] = lambda trial: None) -> list[Trial]:
    """Time the ONNX file `model` in every way that `options` leave open, fastest first, and remember the best.

    What is remembered: the tile and batch of each provider and precision, and for `--provider auto` the provider.
    `tried` is told each trial as it ends. Providers that do not work or compute wrongly are left out. Raises
    ContractError for the file, and ProviderError where nothing runs it.
    """
    trials: list[Trial] = []
    digest = ""
    for engine in _engines(model, options):
        digest = engine.network.digest
        own = []
        for choice in _choices(engine):
            trial = _timed(engine, choice)
            if trial:
                tried(trial)
                own.append(trial)
        if own:
            TILES_FOUND.remember(engine.network.way, max(own, key=lambda trial: trial.mp_per_s).tile.written())
        trials += own
    if not trials:
        raise ProviderError("nothing runs it here", hint="ganfx doctor says why")
    trials.sort(key=lambda trial: trial.mp_per_s, reverse=True)
    if options.provider == "auto":
        PROVIDERS_FOUND.remember(digest, trials[0].provider)
    return trials


def _engines(model: Path, options: EngineOptions) -> Iterator[Engine]:
    for row in candidates(options.provider):
        precisions = row.precisions if options.precision == "auto" else (options.precision,)
        for precision in precisions:
            own = dataclasses.replace(options, provider=row.name, precision=precision)
            try:
                yield Engine(open_network(model, own), own)
            except (ProviderError, OptionError):  # it does not work here, or the network is not known to survive it
                continue


def _choices(engine: Engine) -> Iterator[Tile]:
    spec, network = engine.spec, engine.network
    if spec.tiling.rule != "free":
        yield Tile(0, 0)
        return
    floor = TilingPolicy.of(spec, EngineOptions(), uniform=False).floor
    batches = BATCHES if network.provider.compiles_per_shape and not network.fixed_batch else (1,)
    for side in SIDES:
        if side >= floor:
            yield from (Tile(side, batch) for batch in batches)


def _timed(engine: Engine, tile: Tile) -> Trial | None:
    """One trial; None where its memory does not suffice."""
    spec, network = engine.spec, engine.network
    picture = drawing(PICTURE, PICTURE, spec.in_channels)
    own = Engine(network, dataclasses.replace(engine.options, tile=tile.side, batch=tile.batch))
    best = float("inf")
    try:
        for _ in range(ROUNDS + 1):  # the first one prepares the device for the shape
            started = time.perf_counter()
            own.run(picture)
            best = min(best, time.perf_counter() - started)
    except DeviceMemoryError:
        return None
    rate = (PICTURE * spec.scale) ** 2 / 1e6 / best
    return Trial(network.provider.name, network.device, network.precision, tile, rate)
