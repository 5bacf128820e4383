"""Styles: how much of them, in which colors, at which size; and nothing else of the picture changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

import ganfx
from ganfx.cli import main
from ganfx.engine import EngineOptions
from ganfx.imaging.color import lab_of
from ganfx.imaging.picture import Picture, PictureInfo
from ganfx.pipeline.resampling import enlarge_rows, reduce_rows
from ganfx.spec import ModelSpec
from ganfx.spec.reading import FieldError
from tests import graphs

Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def negative(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A style that turns every color into its opposite."""
    return str(graphs.negative(tmp_path_factory.mktemp("models") / "negative.onnx"))


def photo(height: int, width: int, *, alpha: bool = False, grey: bool = False) -> Picture:
    """Soft colors, so that sizes and blends can be compared."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
    planes = [x, x, x] if grey else [0.3 + 0.4 * x, 0.6 - 0.3 * y, 0.5 + 0.2 * np.sin(6 * (x + y))]
    return Picture(np.stack(planes, -1), np.sqrt(x) if alpha else None, PictureInfo(grey=grey))


def stylize(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["stylize", *map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_full_strength_is_the_painting(negative: str) -> None:
    source = photo(60, 80)
    np.testing.assert_allclose(ganfx.apply(source, "stylize", model=negative).rgb, 1 - source.rgb, atol=2e-3)


def test_no_strength_is_the_photograph(negative: str) -> None:
    source = photo(60, 80, alpha=True)
    result = ganfx.apply(source, "stylize", model=negative, strength=0)
    np.testing.assert_allclose(result.rgb, source.rgb, atol=1e-4)
    assert np.array_equal(result.alpha, source.alpha)  # type: ignore[arg-type]


def test_half_strength_is_half_way_in_lab(negative: str) -> None:
    source = photo(40, 40)
    whole, half = (lab_of(ganfx.apply(source, "stylize", model=negative, strength=s).rgb) for s in (1.0, 0.5))
    np.testing.assert_allclose(half[..., 0], (whole + lab_of(source.rgb))[..., 0] / 2, atol=0.3)


def test_colors_can_be_kept(negative: str) -> None:
    source = photo(40, 40)
    own, result = lab_of(source.rgb), lab_of(ganfx.apply(source, "stylize", model=negative, keep_color=True).rgb)
    assert np.abs(result[..., 0] - own[..., 0]).max() > 10
    hue, kept = (np.arctan2(lab[..., 2], lab[..., 1]) for lab in (own, result))
    vivid = np.linalg.norm(result[..., 1:], axis=-1) > 5
    assert np.abs(np.exp(1j * hue) - np.exp(1j * kept))[vivid].max() < 0.05


@pytest.mark.parametrize("size", [(1, 1), (2, 700), (500, 3), (90, 130)])
@pytest.mark.parametrize("detail", ["fine", "broad", "native"])
def test_any_size_at_any_detail(negative: str, size: tuple[int, int], detail: str) -> None:
    source = photo(*size, alpha=True)
    result = ganfx.apply(source, "stylize", model=negative, detail=detail)
    assert result.rgb.shape == source.rgb.shape
    assert np.array_equal(result.alpha, source.alpha)  # type: ignore[arg-type]


@pytest.mark.parametrize("detail", ["native", "broad"])
@pytest.mark.parametrize("tile", [32, 64])
def test_tiles_do_not_show(tmp_path: Path, detail: str, tile: int) -> None:
    spec = ModelSpec("strokes", "stylize", receptive_field=3)
    model = str(graphs.convolutions(tmp_path / "strokes.onnx", layers=3, spec=spec))
    source = photo(1700, 150, alpha=True)
    whole = ganfx.apply(source, "stylize", model=model, detail=detail, engine=EngineOptions(tile=1024))
    cut = ganfx.apply(source, "stylize", model=model, detail=detail, engine=EngineOptions(tile=tile))
    np.testing.assert_allclose(cut.rgb, whole.rgb, atol=2e-3)


def test_input_noise_is_added_where_the_contract_asks_for_it_and_does_not_depend_on_tiles(tmp_path: Path) -> None:
    spec = ModelSpec("grainy", "stylize", receptive_field=0, input_noise_std=0.03)
    model = str(graphs.identity(tmp_path / "grainy.onnx", spec))
    source = Picture(np.full((300, 50, 3), 0.5, np.float32))
    whole = ganfx.apply(source, "stylize", model=model, detail="native", engine=EngineOptions(tile=512)).rgb
    cut = ganfx.apply(source, "stylize", model=model, detail="native", engine=EngineOptions(tile=32)).rgb
    assert 0.02 < whole.std() < 0.04
    np.testing.assert_allclose(cut, whole, atol=1e-4)


def test_planes_of_noise_come_after_the_colors_and_do_not_depend_on_tiles(tmp_path: Path) -> None:
    spec = ModelSpec.of_picture("planes", "stylize", in_channels=6, receptive_field=0, input_noise_channels=3)
    model = str(graphs.last_channels(tmp_path / "planes.onnx", spec, given=6, taken=3))
    source = Picture(np.full((300, 50, 3), 0.5, np.float32))
    whole, cut, again = (
        ganfx.apply(source, "stylize", model=model, detail="native", engine=EngineOptions(tile=side)).rgb
        for side in (512, 32, 512)
    )
    # Normal noise, clipped: half of it is below 0, a sixth above 1.
    assert abs(np.mean(whole <= 0) - 0.5) < 0.02
    assert abs(np.mean(whole >= 1) - 0.159) < 0.02
    np.testing.assert_allclose(cut, whole, atol=1e-4)
    np.testing.assert_array_equal(again, whole)


def test_a_network_with_nothing_but_noise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FieldError, match="must leave channels for the picture"):
        ModelSpec.of_picture("planes", "stylize", input_noise_channels=3)


def test_broad_strokes_are_painted_small_and_enlarged(tmp_path: Path) -> None:
    source = Picture(np.random.default_rng(0).random((1536, 40, 3), np.float32))
    model = str(graphs.identity(tmp_path / "same.onnx", ModelSpec("same", "stylize", receptive_field=0)))
    native, broad = (ganfx.apply(source, "stylize", model=model, detail=d).rgb for d in ("native", "broad"))
    assert np.abs(np.diff(broad, axis=0)).mean() < 0.5 * np.abs(np.diff(native, axis=0)).mean()
    means = [rgb.reshape(768, 2, 20, 2, 3).mean((1, 3)) for rgb in (native, broad)]
    assert np.corrcoef(means[0].ravel(), means[1].ravel())[0, 1] > 0.95


@pytest.mark.parametrize("factor", [2, 3])
def test_enlarging_does_not_depend_on_the_chunks(factor: int) -> None:
    rows = np.random.default_rng(0).random((23, 7, 3), np.float32)
    size = (7 * factor - 1, 23 * factor - 1)
    whole = np.concatenate(list(enlarge_rows([rows], factor, size)))
    cut = np.concatenate(list(enlarge_rows([rows[:1], rows[1:4], rows[4:20], rows[20:]], factor, size)))
    assert whole.shape == (size[1], size[0], 3)
    np.testing.assert_allclose(cut, whole, atol=1e-5)


def test_reducing_averages_and_hidden_colors_stay_hidden() -> None:
    rgb = np.random.default_rng(0).random((4, 5, 3), np.float32)
    np.testing.assert_allclose(reduce_rows(Picture(rgb), 2).rgb[0, 0], rgb[:2, :2].mean((0, 1)), atol=1e-6)
    alpha = np.ones((4, 5), np.float32)
    alpha[0, 0] = 0
    expected = (rgb[0, 1] + rgb[1, 0] + rgb[1, 1]) / 3
    np.testing.assert_allclose(reduce_rows(Picture(rgb, alpha), 2).rgb[0, 0], expected, atol=1e-5)


def test_16_bits_and_transparency_survive(tmp_path: Path, negative: str) -> None:
    samples = np.random.default_rng(0).integers(0, 65536, (30, 40, 4), np.uint16)
    pyvips.Image.new_from_array(samples).copy(interpretation="rgb16").write_to_file(str(tmp_path / "in.png"))
    assert stylize(tmp_path / "in.png", "-o", tmp_path / "out.png", "-n", negative) == 0
    result = pyvips.Image.new_from_file(str(tmp_path / "out.png"))
    assert result.format == "ushort"
    assert np.array_equal(result.numpy()[..., 3], samples[..., 3])


def test_a_grey_photograph_is_painted_in_color(tmp_path: Path, negative: str) -> None:
    pyvips.Image.black(20, 20).copy(interpretation="b-w").write_to_file(str(tmp_path / "in.png"))
    assert stylize(tmp_path / "in.png", "-o", tmp_path / "out.png", "-n", negative) == 0
    assert pyvips.Image.new_from_file(str(tmp_path / "out.png")).bands == 3


def test_an_unknown_style_names_the_nearest(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pyvips.Image.black(20, 20).write_to_file(str(tmp_path / "in.png"))
    assert stylize(tmp_path / "in.png", "-n", "starry-nite") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: no model named 'starry-nite'")
    assert "hint:" in error
