"""Retouching: what the mask does not name comes back bit for bit, and a hole costs what the hole costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ganfx
from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.errors import MaskError, OptionError
from ganfx.filters import Filter, all_filters
from ganfx.imaging.picture import Box, Mask, Picture, PictureInfo
from tests import graphs

COLOR = (0.25, 0.5, 0.75)
SIZES = st.tuples(st.integers(2, 90), st.integers(2, 90))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(graphs.constant_fill(tmp_path_factory.mktemp("models") / "constant.onnx", COLOR))


def picture(height: int, width: int, *, alpha: bool = False, grey: bool = False) -> Picture:
    random = np.random.default_rng(height * width)
    rgb = random.random((height, width, 3), np.float32)
    if grey:
        rgb[:] = rgb[..., :1]
    return Picture(rgb, random.random((height, width), np.float32) if alpha else None, PictureInfo(grey=grey))


def holes(height: int, width: int, *boxes: Box) -> Mask:
    mask = np.zeros((height, width), np.float32)
    for box in boxes:
        mask[box.window] = 1
    return mask


@settings(max_examples=40, deadline=None)
@given(size=SIZES, alpha=st.booleans(), seed=st.integers(0, 99), share=st.floats(0, 0.9), soft=st.booleans())
def test_only_what_is_masked_changes(
    model: str, size: tuple[int, int], alpha: bool, seed: int, share: float, soft: bool
) -> None:
    random = np.random.default_rng(seed)
    source = picture(*size, alpha=alpha)
    mask = (random.random(size) < share).astype(np.float32)
    mask[0, 0] = 0
    full = mask == 1
    if soft:
        mask *= random.uniform(0.2, 0.8, size).astype(np.float32)
    result = ganfx.apply(source, "inpaint", mask=mask, model=model)
    kept = mask == 0
    assert np.array_equal(result.rgb[kept], source.rgb[kept])
    if source.alpha is not None:
        assert result.alpha is not None
        assert np.array_equal(result.alpha, source.alpha)
    if not soft:
        assert np.array_equal(result.rgb[full], np.broadcast_to(np.float32(COLOR), (full.sum(), 3)))


@pytest.mark.parametrize("filter_", [f for f in all_filters().values() if f.retouch], ids=lambda filter_: filter_.name)
@settings(max_examples=25, deadline=None)
@given(size=st.tuples(st.integers(2, 400), st.integers(2, 400)), seed=st.integers(0, 99), count=st.integers(1, 12))
def test_every_masked_pixel_belongs_to_one_region(
    filter_: Filter, size: tuple[int, int], seed: int, count: int
) -> None:
    assert filter_.retouch
    random = np.random.default_rng(seed)
    mask = np.zeros(size, np.float32)
    for _ in range(count):
        top, left = random.integers(0, size)
        mask[top : top + random.integers(1, 40), left : left + random.integers(1, 40)] = random.choice([0.5, 1])
    values = filter_.check({})
    used = filter_.retouch.mask(mask, values)
    regions = filter_.retouch.regions(used, values)
    owners, owned = np.zeros(size, int), np.zeros(size, np.float32)
    for region in regions:
        box = region.box
        assert 0 <= box.left < box.right <= size[1]
        assert 0 <= box.top < box.bottom <= size[0]
        owners[box.window] += region.own > 0
        owned[box.window] += region.own
    assert np.array_equal(owners, used > 0)
    assert np.array_equal(owned, used)
    assert [region.box.top for region in regions] == sorted(region.box.top for region in regions)


def test_a_soft_mask_mixes_old_and_new(model: str) -> None:
    source = picture(20, 20)
    result = ganfx.apply(source, "inpaint", mask=holes(20, 20, Box(5, 5, 9, 9)) * np.float32(0.25), model=model)
    wanted = source.rgb[6, 6] * 0.75 + np.array(COLOR) * 0.25
    np.testing.assert_allclose(result.rgb[6, 6], wanted, atol=1e-6)


def test_grey_comes_back_grey(model: str) -> None:
    result = ganfx.apply(picture(20, 20, grey=True), "inpaint", mask=holes(20, 20, Box(5, 5, 9, 9)), model=model)
    assert np.ptp(result.rgb, axis=2).max() == 0


def test_filled_transparency_becomes_opaque_with_the_picture_over_the_filling(model: str) -> None:
    source = picture(12, 12)
    alpha = np.ones((12, 12), np.float32)
    alpha[4:8, 4:8], alpha[4, 4:8] = 0, 0.5
    source = Picture(source.rgb, alpha)
    result = ganfx.apply(source, "inpaint", mask=1 - alpha, model=model, opaque=True)
    assert result.alpha is not None
    assert result.alpha.min() == 1
    np.testing.assert_allclose(result.rgb[5, 5], COLOR)
    np.testing.assert_allclose(result.rgb[4, 5], (source.rgb[4, 5] + COLOR) / 2, atol=1e-6)


class Watched:
    """A picture that counts the pixels it is asked for."""

    def __init__(self, whole: Picture) -> None:
        self.whole, self.info, self.has_alpha = whole, whole.info, whole.has_alpha
        self.width, self.height = whole.width, whole.height
        self.boxes: list[Box] = []

    def rows(self, top: int, bottom: int) -> Picture:
        return self.crop(Box(0, top, self.width, bottom))

    def crop(self, box: Box) -> Picture:
        self.boxes.append(box)
        return self.whole.crop(box)


def test_far_apart_holes_are_seen_one_by_one_and_the_rest_not_at_all(model: str) -> None:
    size = (1500, 2000)
    small = [Box(1900, 20, 1930, 25), Box(40, 700, 60, 720), Box(1000, 1480, 1010, 1500)]
    source, told = Watched(picture(*size)), list[int]()
    bound = pipeline.load_filter("inpaint", {}, model=model, engine=EngineOptions())
    found = pipeline.find_regions(source, holes(*size, *small), bound)
    patches = list(pipeline.retouch(source, found, bound, told.append))
    assert len(patches) == len(small)
    assert sum(box.width * box.height for box in source.boxes) < 0.1 * size[0] * size[1]
    assert [patch.box.top for patch in patches] == sorted(patch.box.top for patch in patches)
    assert told == sorted(told)
    assert told[-1] == size[0] * size[1]


def test_a_patch_is_made_when_it_is_asked_for(model: str) -> None:
    source = Watched(picture(1200, 40))
    bound = pipeline.load_filter("inpaint", {}, model=model, engine=EngineOptions())
    found = pipeline.find_regions(source, holes(1200, 40, Box(5, 5, 9, 9), Box(5, 1180, 9, 1190)), bound)
    patches = pipeline.retouch(source, found, bound)
    next(patches)
    assert len(source.boxes) == 1


def test_an_empty_mask_changes_nothing(model: str) -> None:
    source = picture(9, 7)
    assert np.array_equal(ganfx.apply(source, "inpaint", mask=holes(9, 7), model=model).rgb, source.rgb)


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.ones((9, 7), np.float32), "leaves nothing of the picture"),
        (np.ones((7, 9), np.float32), "mask is 9x7, image is 7x9"),
        (np.full((9, 7), 255, np.float32), "values are 255 to 255, not 0 to 1"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(model: str, mask: Mask, words: str) -> None:
    with pytest.raises(MaskError, match=words):
        ganfx.apply(picture(9, 7), "inpaint", mask=mask, model=model)


def test_masks_belong_to_filters_that_retouch(model: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="needs a mask"):
        ganfx.apply(picture(9, 7), "inpaint", model=model)
    enlarging = str(graphs.nearest(tmp_path / "nearest.onnx", scale=2))
    with pytest.raises(OptionError, match="takes no mask"):
        ganfx.apply(picture(9, 7), "upscale", mask=holes(9, 7), model=enlarging)
