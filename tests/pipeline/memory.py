"""How much memory two networks in a row take: `python -m tests.pipeline.memory 4000x3000 5`.

Networks that only copy pixels stand for those that enlarge 4 and 2 times, so that it takes minutes. What they are
given, and what is kept between them, is the same; a real network takes the memory of its own tiles more.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyvips

from ganfx.batch import BatchOptions, run_folder
from tests import graphs
from tests.memory import peak_megabytes


def measure(folder: Path, size: tuple[int, int], times: float) -> str:
    """Enlarge a picture of `size` (width, height) so many times; what that took."""
    models = {scale: graphs.nearest(folder / f"{scale}.onnx", scale) for scale in (2, 4)}

    def find_model(model: str | None = None, *, task: str, selectors: Mapping[str, Any]) -> Path:
        return models[selectors["scale"]]

    _draw(folder / "in.jpg", size)
    start = time.monotonic()
    with mock.patch("ganfx.pipeline.enlarging.find_model", find_model):
        (outcome,) = run_folder(
            folder / "in.jpg", f"upscale:{times}:clean=off", BatchOptions(output=folder / "out.jpg")
        )
    width, height = outcome.output_size or (0, 0)
    return f"{width}x{height} in {time.monotonic() - start:.0f} s, {peak_megabytes()} MB at most: {outcome.steps}"


def _draw(path: Path, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    image = pyvips.Image.new_from_array(noise).resize(size[0] / 64, vscale=size[1] / 64)
    image.copy(interpretation="srgb").jpegsave(str(path))


if __name__ == "__main__":
    across, down = sys.argv[1].split("x")
    with tempfile.TemporaryDirectory() as name:
        print(measure(Path(name), (int(across), int(down)), float(sys.argv[2])))
