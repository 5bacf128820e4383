"""Holes filled with patches: what repeats goes on, what is known stays, and any size is taken."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ganfx.evaluation.metrics import seam
from ganfx.imaging import patches
from ganfx.imaging.labelling import labelled
from ganfx.imaging.patches import fill_with_patches
from ganfx.imaging.picture import Floats


def stripes(height: int, width: int, period: int) -> Floats:
    y, x = np.mgrid[:height, :width]
    phase = 2 * np.pi * (x + 2 * y) / period
    return np.stack([0.5 + 0.4 * np.sin(phase), 0.5 + 0.4 * np.cos(phase), np.full_like(phase, 0.3)], -1).astype(
        np.float32
    )


def hole_in(height: int, width: int, share: float = 0.3) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    rows, columns = round(height * share / 2), round(width * share / 2)
    hole[height // 2 - rows : height // 2 + rows, width // 2 - columns : width // 2 + columns] = True
    return hole


def test_a_pattern_goes_on_through_the_hole() -> None:
    truth, hole = stripes(96, 128, 12), hole_in(96, 128)
    blotted = np.where(hole[..., None], np.float32(0), truth)
    filled = fill_with_patches(blotted, hole)
    flat = np.abs(truth[hole] - truth[~hole].mean(0)).mean()
    assert np.abs(filled[hole] - truth[hole]).mean() < 0.25 * flat


def test_known_pixels_stay_and_chance_does_not_decide() -> None:
    truth, hole = stripes(60, 70, 9), hole_in(60, 70)
    one, other = (fill_with_patches(truth, hole, seed=3) for _ in range(2))
    assert np.array_equal(one, other)
    assert np.array_equal(one[~hole], truth[~hole])


def test_what_lies_in_the_hole_does_not_matter() -> None:
    truth, hole = stripes(60, 70, 9), hole_in(60, 70)
    blotted = np.where(hole[..., None], np.float32(1), truth)
    assert np.array_equal(fill_with_patches(truth, hole), fill_with_patches(blotted, hole))


@pytest.mark.parametrize("size", [(1, 2), (2, 9), (6, 6), (7, 40), (49, 51)])
@pytest.mark.parametrize("share", [0.5, 0.95])
def test_any_size_and_hole_is_filled_from_what_is_there(size: tuple[int, int], share: float) -> None:
    random = np.random.default_rng(0)
    rgb, hole = random.random((*size, 3), np.float32), random.random(size) < share
    hole.flat[0], hole.flat[-1] = False, True
    filled = fill_with_patches(rgb, hole)
    assert filled.shape == rgb.shape
    assert np.isfinite(filled).all()
    assert filled.min() >= 0
    assert filled.max() <= 1
    assert np.array_equal(filled[~hole], rgb[~hole])


def test_large_pictures_get_texture_of_their_own_size(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, hole = stripes(200, 240, 11), hole_in(200, 240)
    monkeypatch.setattr(patches, "LAID_OUT", 2000)
    filled = fill_with_patches(np.where(hole[..., None], np.float32(0), truth), hole)
    flat = np.abs(truth[hole] - truth[~hole].mean(0)).mean()
    assert np.abs(filled[hole] - truth[hole]).mean() < 0.35 * flat
    contrast = filled[80:120, 100:140].std() / truth[80:120, 100:140].std()
    assert contrast > 0.8


def test_a_horizon_goes_straight_through_the_hole() -> None:
    random = np.random.default_rng(5)
    scene = np.full((150, 220, 3), (0.5, 0.7, 0.9), np.float32)
    scene[90:] = (0.2, 0.3, 0.35)
    scene = np.clip(scene + random.normal(0, 0.02, scene.shape), 0, 1).astype(np.float32)
    hole = np.zeros((150, 220), bool)
    hole[50:130, 80:140] = True
    filled = fill_with_patches(np.where(hole[..., None], np.float32(0), scene), hole)
    edge = np.abs(np.diff(filled[50:130, 80:140].mean(-1), axis=0)).argmax(0)
    assert set(edge) == {89 - 50}


def test_texture_stays_as_sharp_and_grainy_as_around_the_hole() -> None:
    random = np.random.default_rng(6)
    scene = np.clip(0.5 + random.normal(0, 0.08, (160, 200, 3)), 0, 1).astype(np.float32)
    hole = hole_in(160, 200, 0.4)
    filled = fill_with_patches(scene, hole)
    assert 0.9 < filled[hole].std() / scene[~hole].std() < 1.1


def test_light_that_falls_off_leaves_no_outline() -> None:
    random = np.random.default_rng(7)
    ramp = np.linspace(0.15, 0.85, 240, dtype=np.float32)[None, :, None] + random.normal(0, 0.01, (160, 240, 3))
    scene, hole = ramp.astype(np.float32), hole_in(160, 240, 0.35)
    filled = fill_with_patches(np.where(hole[..., None], np.float32(1), scene), hole)
    assert seam(filled, hole) < 1.2
    assert np.abs(filled.mean((0, 2)) - scene.mean((0, 2))).max() < 0.03


def test_the_layout_costs_the_same_for_a_hole_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def remembered(pixels: Floats, hole: np.ndarray, *others: np.ndarray) -> np.ndarray:
        sizes.append(int(hole.sum()))
        return labelled(pixels, hole, *others)

    monkeypatch.setattr(patches, "labelled", remembered)
    for side in (150, 400):
        fill_with_patches(stripes(side, side, side // 10), hole_in(side, side, 0.5))
    assert max(sizes) <= patches.LAID_OUT


def test_a_rest_of_the_thing_at_the_edge_of_its_mask_does_not_bleed_into_the_sky() -> None:
    random = np.random.default_rng(8)
    sky = np.linspace(0.5, 0.8, 160, dtype=np.float32)[:, None, None] + random.normal(0, 0.004, (160, 200, 3))
    sky, hole = sky.astype(np.float32), hole_in(160, 200, 0.4)
    given = sky.copy()
    # The foot of the thing, which the mask has missed.
    given[112:118, 70:130] = (0.25, 0.1, 0.1)
    filled = fill_with_patches(np.where(hole[..., None], np.float32(0), given), hole)
    inner = np.s_[50:100, 64:136]
    assert np.abs(filled[inner] - sky[inner]).max() < 0.1


def clouds(height: int, width: int) -> Floats:
    """Soft texture that is nowhere twice the same, with grain."""
    random = np.random.default_rng(9)
    soft = cv2.GaussianBlur(random.normal(0, 1, (height, width, 3)), (0, 0), 4)
    return np.clip(0.5 + 0.15 * soft / soft.std() + random.normal(0, 0.01, soft.shape), 0, 1).astype(np.float32)


def test_pieces_that_do_not_fit_leave_no_seam_and_keep_their_grain() -> None:
    scene, hole = clouds(160, 200), hole_in(160, 200, 0.4)
    filled = fill_with_patches(np.where(hole[..., None], np.float32(0), scene), hole)
    assert seam(filled, hole) < 1.15
    inner = np.s_[60:100, 70:130]
    grain = [(rgb - cv2.GaussianBlur(rgb, (0, 0), 1.5))[inner].std() for rgb in (filled, scene)]
    assert 0.85 < grain[0] / grain[1] < 1.2


def test_where_most_is_missing_pieces_are_blended_with_the_smooth_colors_of_what_is_known() -> None:
    random = np.random.default_rng(10)
    ramp = np.linspace(0.2, 0.8, 128, dtype=np.float32)[None, :, None] + random.normal(0, 0.03, (128, 128, 3))
    scene = ramp.astype(np.float32)
    y, x = np.mgrid[:128, :128]
    hole = (x % 32 > 6) & (y % 32 > 2)
    assert hole.mean() > patches.MISSING[1]
    filled = fill_with_patches(np.where(hole[..., None], np.float32(1), scene), hole)
    assert np.abs(filled.mean((0, 2)) - scene.mean((0, 2))).max() < 0.04


def test_the_unknown_beside_a_source_says_nothing_about_light() -> None:
    scene = clouds(90, 110)
    hole = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 1, (90, 110)), (0, 0), 5) > 0
    dark, light = (fill_with_patches(np.where(hole[..., None], np.float32(v), scene), hole) for v in (0, 1))
    assert np.array_equal(dark, light)
