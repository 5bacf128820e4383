"""Applying a filter: the result does not depend on how the picture is cut into strips and tiles."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import ganfx
from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.errors import OptionError
from ganfx.imaging.picture import Picture, PictureInfo
from tests import graphs


@pytest.fixture(scope="module")
def nearest(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2))


def picture(height: int, width: int, *, alpha: bool = False, grey: bool = False) -> Picture:
    random = np.random.default_rng(height * width)
    rgb = random.random((height, width, 3), np.float32)
    if grey:
        rgb[:] = rgb[..., :1]
    return Picture(rgb, random.random((height, width), np.float32) if alpha else None, PictureInfo(grey=grey))


def enlarged(plane: np.ndarray) -> np.ndarray:
    return plane.repeat(2, 0).repeat(2, 1)


@pytest.mark.parametrize("size", [(1, 1), (3, 300), (300, 3), (130, 97)])
@pytest.mark.parametrize("tile", [0, 32, 64])
def test_every_size_and_tile_gives_the_same_picture(nearest: str, size: tuple[int, int], tile: int) -> None:
    source = picture(*size)
    result = ganfx.apply(source, "upscale", clean=0, model=nearest, engine=EngineOptions(tile=tile))
    np.testing.assert_allclose(result.rgb, enlarged(source.rgb), atol=1e-5)
    assert result.info == source.info


def test_cutting_does_not_show_in_alpha_or_under_it(nearest: str) -> None:
    source = picture(200, 70, alpha=True)
    whole = ganfx.apply(source, "upscale", clean=0, model=nearest, engine=EngineOptions(tile=256))
    cut = ganfx.apply(source, "upscale", clean=0, model=nearest, engine=EngineOptions(tile=32))
    assert whole.alpha is not None
    assert cut.alpha is not None
    np.testing.assert_allclose(cut.alpha, whole.alpha, atol=1e-5)
    np.testing.assert_allclose(cut.rgb, whole.rgb, atol=1e-4)


def test_grey_comes_back_grey(nearest: str) -> None:
    result = ganfx.apply(picture(20, 20, grey=True), "upscale", clean=0, model=nearest)
    assert result.info.grey
    assert np.ptp(result.rgb, axis=2).max() == 0


def test_a_wide_gamut_is_not_cut_off(nearest: str) -> None:
    source = picture(16, 16)
    source = dataclasses.replace(source, rgb=source.rgb * 1.4 - 0.2)
    result = ganfx.apply(source, "upscale", clean=0, model=nearest)
    assert result.rgb.min() == pytest.approx(source.rgb.min(), abs=1e-6)
    assert result.rgb.max() == pytest.approx(source.rgb.max(), abs=1e-6)


def test_cutting_does_not_show_in_a_wide_gamut(tmp_path: Path) -> None:
    sharpening = str(graphs.convolutions(tmp_path / "net.onnx", layers=2, scale=2))
    source = picture(300, 40)
    source.rgb[:80] = source.rgb[:80] * 1.5 - 0.25
    whole = ganfx.apply(source, "upscale", clean=0, model=sharpening, engine=EngineOptions(tile=512))
    cut = ganfx.apply(source, "upscale", clean=0, model=sharpening, engine=EngineOptions(tile=64))
    np.testing.assert_allclose(cut.rgb, whole.rgb, atol=1 / 255)
    assert whole.rgb[200:].min() >= 0


class Downwards:
    """A source that refuses to go back up, and counts what it has handed out."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.width, self.height = picture.width, picture.height
        self.has_alpha, self.info = picture.has_alpha, picture.info
        self.position = 0

    def rows(self, top: int, bottom: int) -> Picture:
        assert top == self.position, "rows were asked for out of order"
        self.position = bottom
        return self.picture.rows(top, bottom)


@pytest.mark.parametrize("alpha", [False, True])
def test_a_stream_is_read_once_and_downwards(nearest: str, alpha: bool) -> None:
    source = Downwards(picture(500, 40, alpha=alpha))
    bound = pipeline.load_filter("upscale", {"clean": 0}, model=nearest, engine=EngineOptions(tile=64))
    pieces = list(pipeline.stream(source, bound))
    assert len(pieces) > 3
    assert source.position == 500
    whole = ganfx.apply(source.picture, "upscale", clean=0, model=nearest)
    np.testing.assert_allclose(np.concatenate([piece.rgb for piece in pieces]), whole.rgb, atol=1e-4)


def test_progress_ends_at_all_pixels(nearest: str) -> None:
    told: list[int] = []
    bound = pipeline.load_filter("upscale", {"clean": 0}, model=nearest, engine=EngineOptions(tile=32))
    list(pipeline.stream(picture(100, 50), bound, told.append))
    assert told == sorted(told)
    assert told[-1] == 5000


def test_unknown_filters_and_options_name_the_known_ones() -> None:
    with pytest.raises(OptionError) as failure:
        ganfx.apply(picture(4, 4), "upscal")
    assert "upscale" in str(failure.value.hint)
    with pytest.raises(OptionError) as failure:
        ganfx.apply(picture(4, 4), "upscale", scael=2)
    assert "scale" in str(failure.value.hint)


def test_a_model_file_of_the_users_runs_as_it_is(nearest: str) -> None:
    assert Path(nearest).is_file()
    assert ganfx.apply(picture(9, 7), "upscale", clean=0, model=nearest).rgb.shape == (18, 14, 3)
