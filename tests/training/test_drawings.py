"""Drawings for training: even areas and sharp lines, reproducible, in a bank beside photographs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ganfx.training.drawings import SIDE, drawing
from ganfx.training.photos import Photos


def _steps(picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.abs(np.diff(picture.astype(np.int64), axis=1)).max(-1)


def test_a_drawing_is_the_same_for_the_same_seed_and_another_for_another():
    first, again, other = (drawing(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (SIDE, SIDE, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_drawings_have_what_photographs_lack_even_areas_and_sharp_edges():
    steps = np.stack([_steps(drawing(np.random.default_rng(seed))) for seed in range(12)])
    assert (steps == 0).mean() > 0.5
    assert (steps > 100).mean() > 0.002


def test_a_bank_of_photographs_takes_drawings_in(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "photo.png"), np.full((64, 80, 3), 90, np.uint8))
    plain, mixed = (Photos([tmp_path], 32, torch.device("cpu"), drawings=count) for count in (0, 5))
    assert len(plain) == 1
    assert len(mixed) == 6
    assert mixed.skipped == 0
    assert mixed.heights.tolist() == [64] + [SIDE] * 5
