"""How near a model comes to what its device can do: the device's best rate, and what is lost on the way to files.

Of four rates in megapixels of output per second each bounds the next: what the device's arithmetic allows, measured
with convolutions alone; the bare session, on tiles that lie in memory; the engine, which cuts, feeds and joins tiles;
and a batch of files.
"""

from __future__ import annotations

import itertools
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import cv2
import numpy as np

from ganfx import pipeline
from ganfx.batch.stage_limits import StageLimits
from ganfx.engine import Engine, EngineOptions, open_engine
from ganfx.engine.drawing import drawing
from ganfx.engine.providers import start_session
from ganfx.engine.tiles import ceil_to
from ganfx.engine.values import to_planes
from ganfx.errors import OptionError
from ganfx.evaluation.arithmetic import convolutions_only, operations
from ganfx.evaluation.peers import PEERS, open_peers
from ganfx.evaluation.plain_script import RunTile, run_files
from ganfx.evaluation.report import table
from ganfx.evaluation.throughput import benchmark_batch
from ganfx.filters import find_filter
from ganfx.hub import find_model

# The sides in pixels of the bare session's tile, and of each of the batch's PICTURES, alone and beside other programs.
TILE, SIDE, COMPARED_SIDE, PICTURES = 256, 768, 384, 3
# Channels and layers of the convolutions that the device's rate is measured with.
_CHANNELS, _LAYERS = 64, 8


@dataclass(frozen=True)
class ModelLimits:
    """One model on one device."""

    model: str
    device: str
    precision: str
    gflop_per_mp: float
    """Billions of operations for each megapixel of output."""
    device_gflops: float
    """Billions of operations per second in convolutions alone."""
    session_mp_per_s: float
    engine_mp_per_s: float
    files_mp_per_s: float
    peers_mp_per_s: dict[str, float | None] = field(default_factory=dict)
    """The same batch by a plain script with each of `PEERS` that is installed; empty where it was not asked for, None
    for one that did not finish."""
    peer_limit_s: float = math.inf
    """The seconds that each of them had."""

    @property
    def device_mp_per_s(self) -> float:
        """What the device's arithmetic allows."""
        return self.device_gflops / max(self.gflop_per_mp, 1e-9)


def measure_limits(
    model: str | Path,
    *,
    rounds: int = 5,
    compare: bool = False,
    side: int | None = None,
    peer_limit_s: float = math.inf,
    options: EngineOptions | None = None,
) -> ModelLimits:
    """Measure `model`, a name or an .onnx file; medians of so many rounds, in turns where that matters.

    With `compare` the batch of files is also run by a script with torch, and with other programs where they are
    installed, in turns with ganfx; each has `peer_limit_s` seconds in all. `side`, in pixels, is that of
    the pictures; None chooses.

    Raises what finding and opening the model raises, and OptionError for one that needs a mask.
    """
    options = options or EngineOptions()
    chain = _chain(str(model), options)
    engine = chain.filters[0].engine
    spec = engine.spec
    side = spec.fixed_size or ceil_to(max(TILE, spec.min_size), spec.multiple_of)
    megapixels = (side * spec.scale) ** 2 / 1e6
    tile = to_planes(drawing(side, side, spec.in_channels), spec.inputs[0])[None]
    picture = drawing(SIDE, SIDE, spec.in_channels)
    session, device, whole = _in_turns(
        rounds,
        lambda: engine.network.compute(tile, spec.control_values()),
        _convolutions(engine, options.device_id),
        lambda: engine.run(picture),
    )
    return ModelLimits(
        model=spec.name,
        device=engine.device,
        precision=engine.precision,
        gflop_per_mp=operations(engine.network.path, tile, spec.control_values()) / 1e9 / megapixels,
        device_gflops=2 * 9 * _CHANNELS**2 * _LAYERS * TILE**2 / 1e9 / device,
        session_mp_per_s=megapixels / session,
        engine_mp_per_s=(SIDE * spec.scale) ** 2 / 1e6 / whole,
        peer_limit_s=peer_limit_s,
        **_files(
            chain,
            min(rounds, 3),
            open_peers(engine.network.path, spec, peer_limit_s) if compare else {},
            side or (COMPARED_SIDE if compare else SIDE),
            peer_limit_s,
        ),
    )


def _chain(model: str, options: EngineOptions) -> pipeline.Chain:
    """The model's filter alone, without another that would go before. Raises OptionError where that needs a mask."""
    spec = open_engine(find_model(model), options).spec
    chosen = find_filter(spec.task)
    if chosen.needs_mask:
        raise OptionError(
            f"{spec.name} needs masks, and its time depends on them", hint="ganfx eval speed times the network"
        )
    # What is estimated for each picture would decide how much work there is.
    given: dict[str, object] = {option.name: 0.5 for option in chosen.options if option.control and option.auto}
    given |= {chosen.first.option: "off"} if chosen.first else {}
    return pipeline.Chain((pipeline.load_filter(chosen.name, given, model=model, engine=options),))


def _convolutions(engine: Engine, device_id: int) -> Callable[[], object]:
    network = engine.network
    session = start_session(convolutions_only(_CHANNELS, _LAYERS), network.provider, "fp32", device_id, network.layout)
    batch = np.zeros((1, _CHANNELS, TILE, TILE), np.float32)
    return lambda: session.run(None, {"input": batch})


def _in_turns(rounds: int, *runs: Callable[[], object]) -> list[float]:
    """The median seconds of each, after one run that does not count."""
    for run in runs:
        run()
    return [statistics.median(times) for times in zip(*(map(_seconds, runs) for _ in range(rounds)), strict=True)]


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


class _FileRates(TypedDict):
    files_mp_per_s: float
    peers_mp_per_s: dict[str, float | None]


def _files(
    chain: pipeline.Chain, rounds: int, peers: Mapping[str, RunTile | None], side: int, limit_s: float
) -> _FileRates:
    """Megapixels of output per second of a batch of photographs as cameras store them, here drawn with some grain.

    A peer that has run for `limit_s` seconds is not run again.
    """
    ours, theirs = list[float](), {name: list[float]() for name in peers}
    running, left = {name: run for name, run in peers.items() if run}, dict.fromkeys(peers, limit_s)
    scale = chain.filters[0].engine.spec.scale
    with tempfile.TemporaryDirectory(prefix="ganfx-bench-") as folder:
        files = _photographs(Path(folder), side)
        for _ in range(rounds):
            batch = benchmark_batch([folder], chain, StageLimits.fitting(chain), rounds=1)
            ours.append(batch.megapixels / batch.whole_s)
            for name, run in list(running.items()):
                with tempfile.TemporaryDirectory(prefix="ganfx-bench-") as output:
                    try:
                        seconds = run_files(run, scale, files, Path(output), left[name])
                    except TimeoutError:
                        del running[name]
                        continue
                left[name] -= seconds
                theirs[name].append(batch.megapixels / seconds)
    rates = {name: statistics.median(found) if found else None for name, found in theirs.items()}
    return {"files_mp_per_s": statistics.median(ours), "peers_mp_per_s": rates}


def _photographs(folder: Path, side: int) -> list[Path]:
    random = np.random.default_rng(0)
    files = [folder / f"{number}.jpg" for number in range(PICTURES)]
    for number, path in enumerate(files):
        grain = random.normal(0, 6, (side, side, 3))
        pixels = np.clip(np.roll(drawing(side, side, 3), 40 * number, axis=1) * 255 + grain, 0, 255)
        cv2.imwrite(str(path), pixels.astype(np.uint8))
    return files


def limits_table(found: Sequence[ModelLimits]) -> str:
    """The figures as a Markdown table; in brackets each rate as a share of the one before it."""
    headings = ["model", "device", "GFLOP/MP", "GFLOP/s", "allowed MP/s", "session MP/s", "engine MP/s", "files MP/s"]
    peers = [peer.name for peer in PEERS if any(peer.name in one.peers_mp_per_s for one in found)]
    headings += [heading for name in peers for heading in (f"{name} MP/s", f"ganfx / {name}")]
    return table(headings, [_line(one, peers) for one in found])


def _line(one: ModelLimits, peers: Sequence[str]) -> list[str]:
    rates = [one.device_mp_per_s, one.session_mp_per_s, one.engine_mp_per_s, one.files_mp_per_s]
    shares = [f"{rate:.2f} ({rate / before:.0%})" for before, rate in itertools.pairwise(rates)]
    device = f"{one.device}, {one.precision}"
    line = [one.model, device, f"{one.gflop_per_mp:.1f}", f"{one.device_gflops:.0f}", f"{rates[0]:.2f}", *shares]
    beside = [one.peers_mp_per_s[name] for name in peers]
    slow = f"did not finish in {one.peer_limit_s:.0f} s", "-"
    return line + [
        figure for rate in beside for figure in ((f"{rate:.2f}", f"{one.files_mp_per_s / rate:.2f}") if rate else slow)
    ]
