"""What rows go through on their way in and out: averaged and enlarged, for work at a fraction of a picture's size;
and grain."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from ganfx.imaging.picture import Floats, Picture

# Small rows that the bicubic kernel looks at on each side.
CONTEXT = 2


def reduced(rows: Picture, factor: int) -> Picture:
    """`rows` averaged over squares of `factor` pixels, cut ones at the right and the bottom; hidden colors count for
    nothing unless all of a square is hidden."""
    if factor == 1:
        return rows
    if rows.alpha is None:
        return dataclasses.replace(rows, rgb=_averaged(rows.rgb, factor))
    alpha = _averaged(rows.alpha, factor)
    seen = _averaged(rows.rgb * rows.alpha[..., None], factor) / np.maximum(alpha, 1e-6)[..., None]
    rgb = np.where(alpha[..., None] > 0, seen, _averaged(rows.rgb, factor))
    return dataclasses.replace(rows, rgb=rgb, alpha=alpha)


def _averaged(plane: Floats, factor: int) -> Floats:
    height, width = (-(-length // factor) for length in plane.shape[:2])
    missing = (height * factor - plane.shape[0], width * factor - plane.shape[1])
    whole = np.pad(plane, [(0, missing[0]), (0, missing[1]), *[(0, 0)] * (plane.ndim - 2)], mode="edge")
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def enlarged(chunks: Iterable[Floats], factor: int, size: tuple[int, int]) -> Iterator[Floats]:
    """Rows (h, w, C), top to bottom, as rows bicubically enlarged by `factor` and cut to `size`, (width, height).

    However the rows are cut into chunks, the result is the same.
    """
    return iter(chunks) if factor == 1 else _enlarged(chunks, factor, size)


def _enlarged(chunks: Iterable[Floats], factor: int, size: tuple[int, int]) -> Iterator[Floats]:
    width, height = size
    kept: Floats | None = None
    first = done = 0
    for chunk in chunks:
        kept = chunk if kept is None else np.concatenate([kept, chunk])
        ready = first + len(kept) - CONTEXT
        if ready > done:
            yield _resized(kept, factor)[(done - first) * factor : (ready - first) * factor, :width]
            done = ready
            begin = max(done - CONTEXT, first)
            kept, first = kept[begin - first :], begin
    if kept is not None:
        yield _resized(kept, factor)[(done - first) * factor : height - first * factor, :width]


def grain(top: int, shape: tuple[int, ...]) -> Floats:
    """Normal noise (H, W, C) for rows from `top` on, the same for a row however the picture is cut."""
    rows = [np.random.default_rng(top + row).standard_normal(shape[1:], np.float32) for row in range(shape[0])]
    return np.stack(rows)


def _resized(rows: Floats, factor: int) -> Floats:
    size = (rows.shape[1] * factor, len(rows) * factor)
    large = np.asarray(cv2.resize(rows, size, interpolation=cv2.INTER_CUBIC), np.float32)
    return large.reshape(size[1], size[0], -1)
