"""The protocol of comparisons: how pictures are degraded, and which part of one is used."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ganfx.errors import PictureSizeError
from ganfx.evaluation.protocol import DEGRADATIONS, MAX_SIDE, Sample, degrade
from tests.evaluation.scenes import scene

pytestmark = pytest.mark.slow


def test_degradations_depend_on_the_name_alone() -> None:
    rgb = scene(96, 128, 3).astype(np.float32) / 255
    for kind in DEGRADATIONS:
        low_res = degrade(rgb, 4, kind, "a")
        assert low_res.shape == (24, 32, 3)
        assert low_res.dtype == np.float32
        np.testing.assert_array_equal(low_res, degrade(rgb, 4, kind, "a"))
        np.testing.assert_allclose(low_res * 255, np.rint(low_res * 255), atol=1e-4)
    assert not np.array_equal(degrade(rgb, 4, "camera", "a"), degrade(rgb, 4, "camera", "b"))


def test_degradations_keep_place_and_color() -> None:
    """A half-pixel shift, or red for blue, would pass as a difference between models."""
    rgb = np.zeros((128, 128, 3), np.float32)
    rgb[32:96, 64:] = (0.9, 0.3, 0.1)
    for kind in DEGRADATIONS:
        for name in "abcdefgh":
            gap = np.abs(degrade(rgb, 4, kind, name) - rgb.reshape(32, 4, 32, 4, 3).mean((1, 3)))
            assert gap.mean() < (0.06 if kind == "worn" else 0.04), (kind, name)


def test_camera_adds_noise_within_its_bounds() -> None:
    """On a smooth grey ramp nothing but noise and its JPEG differ: at most the 6 levels of the strongest noise."""
    rgb = np.broadcast_to(np.linspace(0.2, 0.8, 256, dtype=np.float32)[:, None, None], (256, 256, 3))
    clean = degrade(rgb, 4, "clean", "a")
    spread = [float(np.std(degrade(rgb, 4, "camera", str(name)) - clean)) * 255 for name in range(30)]
    assert 0.5 < min(spread) < 3
    assert 3 < max(spread) < 7


def test_wear_is_worse_than_a_camera() -> None:
    rgb = np.broadcast_to(np.linspace(0.2, 0.8, 256, dtype=np.float32)[:, None, None], (256, 256, 3))
    clean = degrade(rgb, 4, "clean", "a")
    camera, worn = (
        np.mean([np.std(degrade(rgb, 4, kind, str(name)) - clean) for name in range(20)]) for kind in ("camera", "worn")
    )
    assert 1.3 * camera < worn < 5 * camera


def test_of_a_large_picture_the_middle_is_used(tmp_path: Path) -> None:
    pixels = np.zeros((70, MAX_SIDE + 100, 3), np.uint8)
    pixels[:, 50:-50] = 255
    cv2.imwrite(str(tmp_path / "wide.png"), pixels)
    truth = Sample("set", tmp_path / "wide.png").read(4)
    assert truth.shape == (68, MAX_SIDE, 3)
    assert truth.min() == 1


def test_a_tiny_picture_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "tiny.png"), np.zeros((70, 40, 3), np.uint8))
    with pytest.raises(PictureSizeError, match="40x70"):
        Sample("set", tmp_path / "tiny.png").read(4)
