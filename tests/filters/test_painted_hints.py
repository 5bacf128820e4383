"""Colors painted on an empty layer color what they lie on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import ganfx
from ganfx.cli import main
from ganfx.errors import GanfxError
from ganfx.files import save_picture
from ganfx.imaging.color import lab_of
from ganfx.imaging.picture import Picture
from tests import graphs

Color = tuple[float, float, float]
RED, BLUE = (0.5, 0.3, 0.3), (0.5, 0.55, 0.75)


@pytest.fixture(scope="module")
def neutral(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A colorizer that finds no color."""
    return str(graphs.one_color(tmp_path_factory.mktemp("models") / "neutral.onnx", (0.0, 0.0)))


def two_halves(height: int = 120, width: int = 160) -> Picture:
    rgb = np.full((height, width, 3), 0.35, np.float32)
    rgb[:, width // 2 :] = 0.65
    return Picture(rgb)


def painting(path: Path, strokes: Sequence[tuple[slice, slice, Color]] = (), size: tuple[int, int] = (120, 160)) -> str:
    rgb, alpha = np.zeros((*size, 3), np.float32), np.zeros(size, np.float32)
    for rows, columns, color in strokes:
        rgb[rows, columns], alpha[rows, columns] = color, 1
    save_picture(Picture(rgb, alpha), path)
    return str(path)


def hue(rgb: np.ndarray) -> np.ndarray:
    return lab_of(rgb)[..., 1:].mean((0, 1))


def test_each_stroke_colors_its_own_side_of_an_edge(neutral: str, tmp_path: Path) -> None:
    strokes = [(slice(50, 60), slice(10, 60), RED), (slice(50, 56), slice(120, 140), BLUE)]
    hints = painting(tmp_path / "hints.png", strokes)
    rgb = ganfx.apply(two_halves(), "colorize", model=neutral, hints=hints).rgb
    red, blue = (hue(np.array([[color]], np.float32)) for color in (RED, BLUE))
    assert np.abs(hue(rgb[45:65, 5:70]) - red).max() < 4
    assert np.abs(hue(rgb[45:65, 100:150]) - blue).max() < 4


def test_a_painting_of_another_shape_fails_its_picture(neutral: str, tmp_path: Path) -> None:
    hints = painting(tmp_path / "hints.png", [(slice(5), slice(5), RED)], (120, 120))
    with pytest.raises(GanfxError, match="another shape"):
        ganfx.apply(two_halves(), "colorize", model=neutral, hints=hints)


def test_a_smaller_painting_of_the_same_shape_will_do(neutral: str, tmp_path: Path) -> None:
    hints = painting(tmp_path / "hints.png", [(slice(20, 30), slice(5, 30), RED)], (60, 80))
    rgb = ganfx.apply(two_halves(), "colorize", model=neutral, hints=hints).rgb
    assert np.abs(hue(rgb[40:60, 10:60]) - hue(np.array([[RED]], np.float32))).max() < 4


def test_an_empty_layer_changes_nothing(neutral: str, tmp_path: Path) -> None:
    hints = painting(tmp_path / "hints.png")
    with_layer, without = (ganfx.apply(two_halves(), "colorize", model=neutral, hints=one) for one in (hints, None))
    np.testing.assert_array_equal(with_layer.rgb, without.rgb)


def test_a_picture_without_transparency_is_refused_before_any_work(
    neutral: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opaque = tmp_path / "photo.png"
    save_picture(two_halves(), opaque)
    with pytest.raises(SystemExit) as ended:
        main(["colorize", str(opaque), "-n", neutral, "--hints", str(opaque)])
    assert ended.value.code == 2
    assert "paint on an empty layer" in capsys.readouterr().err
