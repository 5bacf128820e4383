"""What is inpaint's own: how masks are grown and feathered, and which holes are filled how."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ganfx.filters.inpaint import processing as inpaint
from ganfx.imaging.picture import Floats


class Network:
    """Fills unknown pixels with one color, and leaves guesses as they are; remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[Floats] = []

    def __call__(self, given: Floats) -> Floats:
        self.seen.append(given)
        return np.where(given[..., 3:] == inpaint.UNKNOWN, np.float32(0.25), given[..., :3])

    @property
    def codes(self) -> set[float]:
        return {float(code) for given in self.seen for code in np.unique(given[..., 3])}


def disc(size: int, radius: float) -> NDArray[np.bool_]:
    y, x = np.mgrid[:size, :size] - size // 2
    return np.asarray(x**2 + y**2 < radius**2)


def options(grow: int | str = 0, feather: int = 0) -> dict[str, int | str]:
    return {"grow": grow, "feather": feather}


def test_growing_reaches_as_far_as_asked_and_no_further() -> None:
    mask = np.zeros((61, 61), np.float32)
    mask[30, 30] = 1
    grown = inpaint.prepare_mask(mask, options(grow=7)) > 0
    y, x = np.nonzero(grown)
    assert np.hypot(y - 30, x - 30).max() <= 7.5
    assert grown[30, 23]
    assert not grown[30, 22]


def test_growing_by_itself_takes_the_soft_edge_of_things_which_is_wider_in_larger_pictures() -> None:
    def gained(side: int) -> int:
        mask = np.zeros((side, 60), np.float32)
        mask[side // 2, 30] = 1
        return int(inpaint.prepare_mask(mask, options(grow="auto"))[side // 2].sum() // 2)

    assert gained(60) == 1
    assert gained(3000) == 4


def test_feathering_fades_inwards_from_the_edge_of_the_hole() -> None:
    mask = disc(81, 30).astype(np.float32)
    soft = inpaint.prepare_mask(mask, options(feather=8))
    assert ((soft > 0) == (mask > 0)).all()
    assert soft[40, 40] == 1
    ramp = soft[40, 9:25][soft[40, 9:25] > 0]
    assert (np.diff(ramp) >= 0).all()
    assert ramp[0] < 0.2


def test_feathering_leaves_the_pictures_own_edge_alone() -> None:
    mask = np.zeros((40, 60), np.float32)
    mask[:, :30] = 1
    soft = inpaint.prepare_mask(mask, options(feather=5))
    assert (soft[:, 0] == 1).all()
    assert (soft[:, 29] < 0.5).all()


def test_what_is_nearly_black_keeps_and_what_is_nearly_white_fills() -> None:
    mask = np.array([[0.02, 0.5, 0.98]], np.float32)
    assert inpaint.prepare_mask(mask, options()).tolist() == [[0, 0.5, 1]]


def test_a_thick_hole_with_a_thin_tail_is_filled_by_both_ways() -> None:
    rgb, hole, network = np.full((200, 300, 3), 0.5, np.float32), np.zeros((200, 300), bool), Network()
    hole[60:140, 40:120] = True
    hole[98:102, 120:280] = True
    result = inpaint.fill_hole(rgb, hole, network)
    assert network.codes == {0, inpaint.UNKNOWN}
    assert np.allclose(result[60:140, 40:120], 0.5, atol=0.01)
    assert np.allclose(result[98:102, 150:280], 0.25)


def test_thin_holes_are_left_to_the_network_and_thick_ones_to_what_is_around_them() -> None:
    rgb = np.random.default_rng(0).random((120, 120, 3), np.float32)
    scratch = np.zeros((120, 120), bool)
    scratch[60:64, 10:110] = True
    thin, thick = Network(), Network()
    assert np.allclose(inpaint.fill_hole(rgb, scratch, thin)[scratch], 0.25)
    inpaint.fill_hole(rgb, disc(120, 30), thick)
    assert (thin.codes, thick.codes) == ({0, inpaint.UNKNOWN}, set())


@pytest.mark.parametrize("radius", [4, 200])
def test_the_network_never_gets_more_than_a_tile(radius: int) -> None:
    rgb, hole, network = np.full((700, 700, 3), 0.5, np.float32), disc(700, radius), Network()
    hole[350:354, 20:680] = True
    result = inpaint.fill_hole(rgb, hole, network)
    assert max(max(given.shape[:2]) for given in network.seen) <= inpaint.TILE
    assert np.array_equal(result[~hole], rgb[~hole])
    assert np.allclose(result[350:354, 20:120], 0.25)
    assert np.allclose(result[disc(700, radius)], 0.25 if radius == 4 else 0.5, atol=0.01)


def test_a_region_sees_around_its_hole_but_not_the_whole_picture() -> None:
    mask = np.zeros((2000, 3000), np.float32)
    mask[1000:1020, 1500:1530] = 1
    (region,) = inpaint.find_regions(mask, options())
    assert region.box.left <= 1500 - inpaint.MIN_CONTEXT
    assert region.box.right >= 1530 + inpaint.MIN_CONTEXT
    assert max(region.box.width, region.box.height) < 300


def test_of_a_crack_with_one_thick_place_only_that_place_is_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    crack = np.zeros((128, 200), bool)
    crack[60:66] = True
    crack[52:74, 90:112] = True
    laid_out = []

    def patches(rgb: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
        laid_out.append(hole)
        return np.where(hole[..., None], np.float32(0.25), rgb)

    monkeypatch.setattr(inpaint, "fill_with_patches", patches)
    given = np.full((*crack.shape, 3), 0.5, np.float32)
    filled = inpaint.fill_hole(given, crack, lambda planes: np.full_like(planes[..., :3], 0.75))
    (thick,) = laid_out
    assert thick.sum() < 0.5 * crack.sum()
    assert (filled[crack & ~thick] == 0.75).all()
    assert (filled[thick] == 0.25).all()
    assert (filled[~crack] == 0.5).all()


def test_another_seed_fills_a_thick_hole_in_another_way_and_a_thin_one_in_the_same() -> None:
    rgb = np.random.default_rng(0).random((120, 160, 3), np.float32)
    thick, thin = np.zeros((2, 120, 160), bool)
    thick[40:80, 50:110] = True
    thin[60:63, 20:140] = True
    for hole, least, most in ((thick, 0.1, 1), (thin, 0, 0)):
        first, again, second = (inpaint.fill_hole(rgb, hole, Network(), seed) for seed in (0, 0, 1))
        assert np.array_equal(first, again)
        assert np.array_equal(first, inpaint.fill_hole(rgb, hole, Network()))
        assert least <= np.abs(first - second)[hole].mean() <= most


def test_only_regions_with_a_thick_part_of_their_own_have_several_fillings() -> None:
    mask = np.zeros((300, 700), np.float32)
    mask[100:103, 100:180] = 1
    mask[90:130, 300:340] = 1
    thin, thick = sorted(inpaint.find_regions(mask, options()), key=lambda region: region.box.left)
    assert thin.box.right > 200
    assert [inpaint.has_choices(mask[region.box.window], region) for region in (thin, thick)] == [False, True]
