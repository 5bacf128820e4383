"""Speed of bare networks: timed in turns, on inputs of the same size, in one run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganfx.engine import EngineOptions
from ganfx.evaluation.methods import Method, OpenedModel, common_scale, open_models
from ganfx.evaluation.report import millions, table
from ganfx.filters.colorize.processing import NETWORK_SIDE

_TILE = (256, 256)
# Filters whose network gets a whole picture: one of 3:2.
_SIZES = {"colorize": (NETWORK_SIDE, NETWORK_SIDE * 2 // 3)}


@dataclass(frozen=True)
class Speed:
    """One model's pace: median and best seconds for a picture, output megapixels per second by the median.

    ratio is the first model's time divided by this one's, taken within each turn: 2 means twice as fast.
    """

    model: str
    parameters: int | None
    device: str
    median_s: float
    best_s: float
    mp_per_s: float
    ratio: float


def benchmark_speed(
    models: Sequence[str | Path],
    *,
    size: tuple[int, int] | None = None,
    repeats: int = 9,
    options: EngineOptions | None = None,
) -> list[Speed]:
    """Time `models`, names or .onnx files of one scale, on noise of `size`, (width, height), in all their channels.

    The size is by default what their filter hands them. They take turns, so that other load on the machine affects
    all alike; ratios are to the first.
    """
    opened = open_models(models, options or EngineOptions())
    size = size or _SIZES.get(opened[0].engine.spec.task, _TILE)
    megapixels = size[0] * size[1] * common_scale(opened) ** 2 / 1e6
    methods = [_on_noise(model, size) for model in opened]
    for one in methods:
        one.run()
    turns = np.array([[one.timed()[1] for one in methods] for _ in range(repeats)])
    return [
        Speed(
            model=one.name,
            parameters=one.parameters,
            device=one.device,
            median_s=statistics.median(times),
            best_s=min(times),
            mp_per_s=megapixels / statistics.median(times),
            ratio=statistics.median(turns[:, 0] / times),
        )
        for one, times in zip(methods, turns.T, strict=True)
    ]


def _on_noise(model: OpenedModel, size: tuple[int, int]) -> Method:
    width, height = size
    noise = np.random.default_rng(0).random((height, width, model.engine.spec.in_channels), np.float32)
    return model.method(lambda: model.engine.run(noise))


def speed_table(speeds: Sequence[Speed]) -> str:
    """The timings as a Markdown table."""
    headings = ["model", "parameters", "device", "median s", "best s", "MP/s", f"x {speeds[0].model}"]
    return table(headings, [_line(speed) for speed in speeds])


def _line(speed: Speed) -> list[str]:
    figures = [f"{speed.median_s:.3f}", f"{speed.best_s:.3f}", f"{speed.mp_per_s:.2f}", f"{speed.ratio:.2f}"]
    return [speed.model, millions(speed.parameters), speed.device, *figures]
