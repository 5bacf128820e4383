"""What somebody would write in an afternoon: tile by tile through a network, files in and files out.

It is what the engine is compared with: one picture after another, and the tiles' edges cut, not faded.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from ganfx.engine.tiles import Floats

# A tile (1, 3, H, W) of RGB in [0, 1] to (1, 3, H * scale, W * scale).
RunTile = Callable[[Floats], Floats]

# The side of a tile and what it shows of its neighbors on each side, in input pixels.
_TILE, _OVERLAP = 512, 16


def run_files(run: RunTile, scale: int, files: Sequence[Path], output: Path, limit_s: float = math.inf) -> float:
    """Run RGB pictures through `run` and write them to `output` as JPEG; the seconds that it took.

    Raises TimeoutError between two tiles where that is more than `limit_s`.
    """
    started = time.perf_counter()

    def run_in_time(tile: Floats) -> Floats:
        if time.perf_counter() - started > limit_s:
            raise TimeoutError
        return run(tile)

    for path in files:
        rgb = np.asarray(cv2.imread(str(path)))[..., ::-1]
        whole = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
        made = _by_tiles(run_in_time, whole, scale).clip(0, 1)
        pixels = np.rint(made[0].transpose(1, 2, 0) * 255).astype(np.uint8)
        cv2.imwrite(str(output / f"{path.stem}.jpg"), pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return time.perf_counter() - started


def _by_tiles(run: RunTile, picture: Floats, scale: int) -> Floats:
    height, width = picture.shape[2:]
    result = np.empty((1, 3, height * scale, width * scale), np.float32)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            above, before = min(top, _OVERLAP), min(left, _OVERLAP)
            tile = picture[..., top - above : top + _TILE + _OVERLAP, left - before : left + _TILE + _OVERLAP]
            made = run(np.ascontiguousarray(tile))[..., above * scale :, before * scale :]
            rows, columns = (min(_TILE, side - begin) * scale for side, begin in ((height, top), (width, left)))
            place = slice(top * scale, top * scale + rows), slice(left * scale, left * scale + columns)
            result[..., place[0], place[1]] = made[..., :rows, :columns]
    return result
