"""Any size: the network's next larger scale, then one reduction; nothing is moved, cut off or lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganfx
from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.errors import OptionError, PictureSizeError, UnknownModelError
from ganfx.imaging.picture import Picture, PictureInfo
from ganfx.pipeline.enlarging import passes_for
from ganfx.pipeline.reduction import reduce_to
from ganfx.spec import ModelSpec
from tests import graphs


@pytest.fixture(autouse=True)
def _models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default networks repeat pixels."""
    folder = tmp_path / "models"
    monkeypatch.setenv("GANFX_MODELS", str(folder))
    for scale in (2, 4):
        spec = ModelSpec(f"photo-x{scale}", "upscale", scale=scale, receptive_field=0)
        graphs.nearest(folder / f"photo-x{scale}.onnx", scale, spec)


def enlarged(picture: Picture, **options: Any) -> Picture:
    return pipeline.apply(picture, "upscale", clean=0, engine=EngineOptions(provider="cpu"), **options)


def noise(height: int, width: int, *, alpha: bool = False) -> Picture:
    random = np.random.default_rng(height * width)
    rgb = random.random((height, width, 3), np.float32)
    return Picture(rgb, random.random((height, width), np.float32) if alpha else None, PictureInfo(bits=16))


def blob(height: int, width: int, center: tuple[float, float], radius: float) -> Picture:
    rows, columns = np.mgrid[:height, :width]
    light = np.exp(-((rows - center[0]) ** 2 + (columns - center[1]) ** 2) / (2 * radius**2)).astype(np.float32)
    return Picture(light[..., None].repeat(3, 2))


def center_of(picture: Picture) -> tuple[float, float]:
    light = picture.rgb[..., 0]
    rows, columns = np.mgrid[: picture.height, : picture.width]
    return float((rows * light).sum() / light.sum()), float((columns * light).sum() / light.sum())


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"scale": 3}, (120, 90)),
        ({"scale": 1.5}, (60, 45)),
        ({"scale": 2}, (80, 60)),
        ({"scale": 5}, (200, 150)),
        ({"scale": 16}, (640, 480)),
        ({"width": 101}, (101, 76)),
        ({"height": 33}, (44, 33)),
        ({"long_side": 90}, (90, 68)),
        ({"megapixels": 0.0048}, (80, 60)),
        ({"fit": "100x60"}, (80, 60)),
        ({"fit": "60x100"}, (60, 45)),
        ({"print": "2x1in@50dpi"}, (67, 50)),
        ({"print": "1x2in@50dpi"}, (67, 50)),
        ({"print": "25.4x50.8mm@50dpi"}, (67, 50)),
        ({"width": 20}, (20, 15)),
        ({"width": 40}, (40, 30)),
    ],
)
def test_every_word_gives_its_size_with_the_aspect_kept(options: dict[str, Any], size: tuple[int, int]) -> None:
    result = enlarged(noise(30, 40), **options)
    assert (result.width, result.height) == size


@pytest.mark.parametrize("options", [{"scale": 3}, {"scale": 1.3}, {"width": 333}, {"scale": 7}, {"width": 57}])
def test_nothing_is_moved(options: dict[str, Any]) -> None:
    source = blob(70, 100, (31.3, 52.6), 6)
    result = enlarged(source, **options)
    factor = result.width / source.width
    row, column = center_of(source)
    assert center_of(result) == pytest.approx(((row + 0.5) * factor - 0.5, (column + 0.5) * factor - 0.5), abs=0.05)


def test_flat_colors_stay_and_edges_get_no_halo() -> None:
    rgb = np.full((40, 40, 3), 0.3, np.float32)
    rgb[:, 20:] = 0.8
    result = enlarged(Picture(rgb), scale=3).rgb
    assert (result[:, :55] == np.float32(0.3)).all()
    assert (result[:, 65:] == np.float32(0.8)).all()
    assert result.min() == np.float32(0.3)
    assert result.max() == np.float32(0.8)


def test_alpha_is_reduced_too_and_hidden_colors_stay_hidden() -> None:
    rgb = np.zeros((40, 40, 3), np.float32)
    alpha = np.zeros((40, 40), np.float32)
    rgb[..., 1], rgb[:, :20], alpha[:, :20] = 1, (1, 0, 0), 1
    result = enlarged(Picture(rgb, alpha), scale=1.5)
    assert result.alpha is not None
    assert (result.alpha[:, :28] == 1).all()
    assert (result.alpha[:, 32:] == 0).all()
    seen = result.alpha > 0.05
    assert (result.rgb[seen] == (1, 0, 0)).all()


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("size", [(67, 50), (100, 75), (31, 23), (1, 1), (99, 75)])
def test_the_way_rows_are_cut_does_not_show(size: tuple[int, int], alpha: bool) -> None:
    source = noise(75, 100, alpha=alpha)

    def reduced(count: int) -> Picture:
        chunks = (source.rows(top, min(top + count, 75)) for top in range(0, 75, count))
        return pipeline.assemble(reduce_to(chunks, (100, 75), size), size)

    for count in (1, 7):
        np.testing.assert_allclose(reduced(count).rgb, reduced(75).rgb, atol=1e-5)
        if alpha:
            np.testing.assert_allclose(reduced(count).alpha, reduced(75).alpha, atol=1e-5)


def test_reduction_is_about_that_of_others() -> None:
    light = blob(90, 120, (44, 61), 9).rgb + noise(90, 120).rgb * 0.02
    ours = pipeline.assemble(reduce_to([Picture(light)], (120, 90), (80, 60)), (80, 60)).rgb[..., 0]
    theirs = np.asarray(Image.fromarray(light[..., 0]).resize((80, 60), Image.Resampling.LANCZOS))
    assert np.abs(ours - theirs).max() < 0.01


@pytest.mark.parametrize(
    ("times", "scales", "chosen"),
    [
        (0.5, [2, 4], ()),
        (1, [2, 4], ()),
        (1.5, [2, 4], (2,)),
        (3, [2, 4], (4,)),
        (4, [2, 4], (4,)),
        (5, [2, 4], (4, 2)),
        (9, [2, 4], (4, 4)),
        (17, [2, 4], None),
        (3, [2, 8], (8,)),
        (3, [1], None),
        (3, [4], (4,)),
        (2.5, [2, 3, 4], (3,)),
    ],
)
def test_the_next_larger_scale_is_taken_and_two_networks_beyond(
    times: float, scales: list[int], chosen: tuple[int, ...] | None
) -> None:
    assert passes_for(scales, times) == chosen


def test_a_named_model_is_used_for_every_size(tmp_path: Path) -> None:
    model = str(graphs.nearest(tmp_path / "three.onnx", 3))
    assert enlarged(noise(10, 12), model=model, scale=2).width == 24
    assert enlarged(noise(10, 12), model=model, scale=7).width == 84
    with pytest.raises(OptionError, match="enlarges 3 times, not 10"):
        enlarged(noise(10, 12), model=model, scale=10)


def test_what_cannot_be_reached_is_the_failure_of_that_picture() -> None:
    with pytest.raises(PictureSizeError, match=r"16\.7 times.*16 is the most"):
        enlarged(noise(10, 12), width=200)


def test_two_sizes_are_refused() -> None:
    with pytest.raises(OptionError, match="width and megapixels"):
        enlarged(noise(10, 12), width=20, megapixels=1)


def test_a_print_has_its_resolution_in_the_file(tmp_path: Path) -> None:
    for suffix in ("jpg", "png", "tif"):
        result = enlarged(noise(30, 40), print="20x30mm@150dpi")
        assert result.info.notes == ("prints 26.6 x 20.0 mm at 150 dpi",)
        ganfx.save_picture(result, tmp_path / f"print.{suffix}")
        assert Image.open(tmp_path / f"print.{suffix}").info["dpi"] == pytest.approx((150, 150), abs=0.05)


def test_progress_of_two_networks_rises_to_the_whole() -> None:
    source, told = noise(60, 40), list[int]()
    bound = pipeline.load_filter("upscale", {"scale": 7, "clean": 0}, engine=EngineOptions(provider="cpu", tile=32))
    chain = pipeline.Chain((bound,))
    result = pipeline.assemble(chain.stream(source, told.append), chain.output_size(source))
    assert (result.width, result.height) == (280, 420)
    assert told == sorted(told)
    assert told[-1] == 60 * 40


def test_a_step_says_a_size_as_the_command_does() -> None:
    for text in ("upscale:3", "upscale:1.5", "upscale:width=64", "upscale:3840x2160", "upscale:print=3x4cm@99dpi"):
        (step,) = pipeline.parse_steps(text)
        assert [value for value in step.options.values() if value is not None]
        chain = pipeline.load_chain([step], EngineOptions(provider="cpu"))
        assert step.options.items() <= pipeline.parse_steps(chain.steps)[0].options.items()
    with pytest.raises(UnknownModelError, match="200"):
        pipeline.load_chain(pipeline.parse_steps("upscale:200"), EngineOptions(provider="cpu"))


@pytest.mark.parametrize(
    ("step", "suffix"),
    [
        ("upscale:3", "x3"),
        ("upscale:photo-x2", "x2"),
        ("upscale:sketch:2", "x2_sketch"),
        ("upscale:sketch:1.5", "x1.5_sketch"),
        ("upscale:width=640", "640w"),
        ("upscale:print=30x45cm@300dpi", "30x45cm"),
    ],
)
def test_the_name_of_a_result_tells_the_size_and_a_model_that_is_not_the_default(
    step: str, suffix: str, tmp_path: Path
) -> None:
    spec = ModelSpec("sketch", "upscale", scale=2, receptive_field=0)
    graphs.nearest(tmp_path / "models" / "sketch.onnx", 2, spec)
    assert pipeline.load_chain(pipeline.parse_steps(step), EngineOptions(provider="cpu")).suffix == suffix
