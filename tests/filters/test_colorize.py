"""Colorization: light stays, colors come, and they stop at edges."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

import ganfx
from ganfx.cli import main
from ganfx.errors import OptionError, PictureSizeError
from ganfx.filters import find_filter
from ganfx.filters.colorize.processing import NETWORK_SIDE
from ganfx.imaging.color import lab_of, lightness_of
from ganfx.imaging.guided_filter import guided, hinted
from ganfx.imaging.picture import Picture, PictureInfo
from ganfx.pipeline import overview as overview_module
from ganfx.spec import ModelSpec
from tests import graphs

GREEN = (-40.0, 35.0)
Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def green(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(graphs.one_color(tmp_path_factory.mktemp("models") / "green.onnx", GREEN))


def grey_picture(height: int, width: int, *, alpha: bool = False) -> Picture:
    random = np.random.default_rng(height * width)
    plane = random.random((height, width, 1), np.float32)
    return Picture(
        np.repeat(plane, 3, 2), random.random((height, width), np.float32) if alpha else None, PictureInfo(grey=True)
    )


def colorize(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["colorize", *map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def save(path: Path, samples: NDArray[np.generic], kind: str = "b-w") -> Path:
    pyvips.Image.new_from_array(samples).copy(interpretation=kind).write_to_file(str(path))
    return path


@pytest.mark.parametrize("chroma", [GREEN, (90.0, -100.0), (-110.0, 110.0)])
def test_light_stays_even_where_a_color_is_impossible(tmp_path: Path, chroma: tuple[float, float]) -> None:
    source = grey_picture(60, 80)
    model = graphs.one_color(tmp_path / "model.onnx", chroma)
    result = ganfx.apply(source, "colorize", model=str(model))
    assert np.abs(lightness_of(result.rgb) - lightness_of(source.rgb)).max() < 0.01
    assert result.rgb.min() >= -1e-5
    assert result.rgb.max() <= 1 + 1e-5


def test_colors_are_those_of_the_network(green: str) -> None:
    source = Picture(np.full((40, 50, 3), 0.6, np.float32), None, PictureInfo(grey=True))
    result = ganfx.apply(source, "colorize", model=green)
    np.testing.assert_allclose(lab_of(result.rgb)[..., 1:], np.broadcast_to(GREEN, (40, 50, 2)), atol=0.1)
    assert not result.info.grey


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (700, 2), (3, 5), (130, 97)])
def test_any_size(green: str, size: tuple[int, int]) -> None:
    source = grey_picture(*size, alpha=True)
    result = ganfx.apply(source, "colorize", model=green)
    assert result.rgb.shape == (*size, 3)
    assert np.array_equal(result.alpha, source.alpha)  # type: ignore[arg-type]
    assert np.isfinite(result.rgb).all()


def test_without_strength_16_bits_come_back_as_they_were(tmp_path: Path, green: str) -> None:
    samples = np.random.default_rng(0).integers(0, 65536, (50, 70), np.uint16)
    source = save(tmp_path / "in.png", samples, "grey16")
    assert colorize(source, "-o", tmp_path / "out.png", "-n", green, "--strength", 0) == 0
    result = pyvips.Image.new_from_file(str(tmp_path / "out.png"))
    assert result.format == "ushort"
    assert np.array_equal(result.numpy(), np.repeat(samples[..., None], 3, 2))


def test_transparency_and_profile_survive(tmp_path: Path, green: str) -> None:
    samples = np.random.default_rng(1).integers(0, 256, (30, 40, 4), np.uint8)
    image = pyvips.Image.new_from_array(samples).copy(interpretation="srgb")
    profile = pyvips.Operation.call("profile_load", "p3")
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    image.write_to_file(str(tmp_path / "in.png"))
    assert colorize(tmp_path / "in.png", "-o", tmp_path / "out.png", "-n", green) == 0
    result = pyvips.Image.new_from_file(str(tmp_path / "out.png"))
    assert result.get("icc-profile-data") == profile
    assert np.array_equal(result.numpy()[..., 3], samples[..., 3])


def test_a_grey_file_becomes_a_colored_one_of_the_same_kind(tmp_path: Path, green: str) -> None:
    source = save(tmp_path / "old.jpg", np.full((60, 80), 150, np.uint8))
    assert colorize(source, "-n", green) == 0
    result = pyvips.Image.new_from_file(str(tmp_path / "old_color_one-color.jpg"))
    assert (result.width, result.height, result.bands) == (80, 60, 3)
    assert result.numpy()[30, 40, 1] > result.numpy()[30, 40, 0] + 40


def test_sepia_gives_way_and_that_is_said(tmp_path: Path, green: str, capsys: pytest.CaptureFixture[str]) -> None:
    plane = np.random.default_rng(2).integers(60, 200, (40, 40, 1))
    sepia = save(tmp_path / "sepia.png", (plane * [1.0, 0.85, 0.65]).astype(np.uint8), "srgb")
    grey = save(tmp_path / "grey.png", np.repeat(plane, 3, 2).astype(np.uint8), "srgb")
    assert colorize(sepia, grey, "-n", green, "--json") == 0
    about_grey, about_sepia = sorted(
        map(json.loads, capsys.readouterr().out.splitlines()), key=lambda one: one["input"]
    )
    assert any("tone" in note for note in about_sepia["notes"])
    assert not about_grey["notes"]


def test_rows_are_the_same_however_the_picture_is_cut(green: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = grey_picture(190, 70, alpha=True)
    hint = "10,100,#c02040"
    whole = ganfx.apply(source, "colorize", model=green, hint=hint)
    monkeypatch.setattr(overview_module, "_STRIP_PIXELS", 70 * 13)
    np.testing.assert_allclose(ganfx.apply(source, "colorize", model=green, hint=hint).rgb, whole.rgb, atol=1e-4)


def test_the_picture_is_averaged_whatever_its_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    source = grey_picture(300, 200)
    monkeypatch.setattr(overview_module, "_STRIP_PIXELS", 200 * 7)
    small = overview_module.read_overview(source, 30, lambda pixels: None)
    expected = source.rgb.reshape(30, 10, 20, 10, 3).mean((1, 3))
    np.testing.assert_allclose(small.rgb, expected, atol=1e-5)


def test_transparent_pixels_do_not_count_in_the_average() -> None:
    source = grey_picture(40, 40)
    alpha = np.zeros((40, 40), np.float32)
    alpha[:, ::2] = 1
    source = Picture(np.where(alpha[..., None] > 0, np.float32(0.5), source.rgb), alpha)
    small = overview_module.read_overview(source, 10, lambda pixels: None)
    np.testing.assert_allclose(small.rgb, 0.5, atol=1e-5)


@pytest.mark.parametrize("size", [(90, 120), (900, 1200)])
def test_the_network_always_sees_the_same_size(size: tuple[int, int]) -> None:
    overview = find_filter("colorize").overview
    assert overview is not None
    seen = []

    def infer(image: Floats) -> Floats:
        seen.append(image.shape)
        return np.full((*image.shape[:2], 2), 128 / 255, np.float32)

    spec = ModelSpec.of_picture("any", "colorize", in_channels=1, out_channels=2)
    small = overview_module.read_overview(grey_picture(*size), overview.side, lambda pixels: None)
    overview.study(
        small, size[::-1], {"strength": 1.0, "hint": (), "hints": None, "reference": None, "seed": 0}, spec, infer
    )
    assert seen == [(NETWORK_SIDE * 3 // 4, NETWORK_SIDE, 1)]


def test_a_network_of_colored_pictures_serves_too(tmp_path: Path) -> None:
    spec = ModelSpec("rgb", "colorize", receptive_field=0)
    model = graphs.identity(tmp_path / "rgb.onnx", spec)
    source = grey_picture(30, 30)
    np.testing.assert_allclose(ganfx.apply(source, "colorize", model=str(model)).rgb, source.rgb, atol=1e-3)


def two_halves() -> Floats:
    """Lightness of a dark half beside a bright one."""
    light = np.full((60, 100), 0.3, np.float32)
    light[:, 50:] = 0.8
    return light


def test_colors_follow_edges_that_the_network_was_too_coarse_for() -> None:
    light = two_halves()
    blurred = np.clip((np.arange(100, dtype=np.float32) - 42) / 16, 0, 1)
    chroma = np.broadcast_to((60 * blurred)[None, :, None], (60, 100, 2)).astype(np.float32)
    rows = guided(chroma, light, 8).rows(light, 0, 60)
    assert rows[30, 51, 0] - rows[30, 48, 0] > 20
    assert chroma[30, 51, 0] - chroma[30, 48, 0] < 12


def test_a_hint_colors_its_own_side_of_an_edge() -> None:
    light = two_halves()
    red = np.array([60, 40], np.float32)
    chroma = hinted(np.zeros((60, 100, 2), np.float32), light, [(0.3, 0.5, red)])
    np.testing.assert_allclose(chroma[30, 30], red, atol=0.5)
    assert np.linalg.norm(chroma[30, 40]) > 0.6 * np.linalg.norm(red)
    assert np.linalg.norm(chroma[30, 60]) < 0.1 * np.linalg.norm(red)


def test_the_nearer_of_two_hints_wins() -> None:
    light = np.full((40, 80), 0.5, np.float32)
    red, blue = np.array([60, 40], np.float32), np.array([10, -60], np.float32)
    chroma = hinted(np.zeros((40, 80, 2), np.float32), light, [(0.2, 0.5, red), (0.8, 0.5, blue)])
    assert chroma[20, 20, 1] > 20
    assert chroma[20, 60, 1] < -30


def test_a_hint_is_there_in_the_result(green: str) -> None:
    source = Picture(np.full((60, 80, 3), 0.5, np.float32), None, PictureInfo(grey=True))
    result = ganfx.apply(source, "colorize", model=green, hint="20,30,#a04050")
    wanted = lab_of(np.array([[[0xA0, 0x40, 0x50]]], np.float32) / 255)[0, 0, 1:]
    np.testing.assert_allclose(lab_of(result.rgb)[30, 20, 1:], wanted, atol=3)


@pytest.mark.parametrize("hint", ["20,30", "20,30,red", "-1,5,#ffffff", "1,2,#ffff", 7])
def test_bad_hints_are_refused_before_any_picture(green: str, hint: object) -> None:
    with pytest.raises(OptionError, match="X,Y,#RRGGBB"):
        ganfx.apply(grey_picture(5, 5), "colorize", model=green, hint=[hint])


def test_a_hint_outside_fails_its_picture_alone(tmp_path: Path, green: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PictureSizeError, match="outside"):
        ganfx.apply(grey_picture(5, 5), "colorize", model=green, hint="5,0,#ffffff")
    small = save(tmp_path / "a.png", np.zeros((5, 5), np.uint8))
    large = save(tmp_path / "b.png", np.zeros((50, 50), np.uint8))
    assert colorize(small, large, "-n", green, "--hint", "20,20,#ffffff", "--quiet") == 3
    assert (tmp_path / "b_color_one-color.png").exists()
    assert not (tmp_path / "a_color_one-color.png").exists()
    assert "a.png: the hint at 20,20 is outside the picture" in capsys.readouterr().err


def test_temperaments_differ_in_color_and_in_nothing_else(green: str) -> None:
    source = grey_picture(60, 80)
    own, *others = (ganfx.apply(source, "colorize", model=green, seed=seed) for seed in range(5))
    for one in others:
        assert np.abs(lightness_of(one.rgb) - lightness_of(source.rgb)).max() < 0.01
        assert np.abs(lab_of(one.rgb)[..., 1:] - lab_of(own.rgb)[..., 1:]).mean() > 1
    again = ganfx.apply(source, "colorize", model=green, seed=4)
    np.testing.assert_array_equal(again.rgb, others[-1].rgb)


def test_what_the_network_leaves_grey_is_grey_in_every_temperament(tmp_path: Path) -> None:
    model = str(graphs.one_color(tmp_path / "grey.onnx", (0.0, 0.0)))
    for seed in range(6):
        rgb = ganfx.apply(grey_picture(40, 50), "colorize", model=model, seed=seed).rgb
        assert np.ptp(rgb, axis=-1).max() < 0.01


def test_candidates_are_numbered_beside_one_another(tmp_path: Path, green: str) -> None:
    source = save(tmp_path / "old.png", np.full((30, 40), 128, np.uint8))
    assert colorize(source, "-n", green, "--candidates", "3", "-o", tmp_path / "out", "-f", "png") == 0
    assert len(list((tmp_path / "out").glob("*.png"))) == 3
