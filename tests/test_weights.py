"""The networks that ship keep the promises made for them."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import ganfx
from ganfx.engine import EngineOptions, open_engine, verify
from ganfx.evaluation.metrics import edge_correlation, luma
from ganfx.hub import ModelEntry, list_models
from ganfx.imaging.color import lab_of, lightness_of
from ganfx.imaging.picture import Picture
from ganfx.training.drawings import drawing

BUNDLED = [entry for entry in list_models() if entry.origin == "bundled"]


def each(filter: str | None = None) -> pytest.MarkDecorator:
    entries = [entry for entry in BUNDLED if filter in (None, entry.task)]
    return pytest.mark.parametrize("entry", entries, ids=lambda entry: entry.name)


pytestmark = [pytest.mark.weights, pytest.mark.slow]


def scene(size: int) -> NDArray[np.float32]:
    """Edges, ramps, noise and color, (size, size, 3)."""
    y, x = np.mgrid[0:size, 0:size] / size
    noise = np.random.default_rng(0).normal(0, 0.05, (size, size, 3))
    base = np.stack([x, 0.5 + 0.4 * np.sin(40 * x * y), (x > y) * 0.7 + 0.1], axis=2)
    return np.clip(base + noise, 0, 1).astype(np.float32)


def enlarge(entry: ModelEntry, image: NDArray[np.float32], **options: int) -> NDArray[np.float32]:
    assert entry.path is not None
    return open_engine(entry.path, EngineOptions(**options)).run(image)  # type: ignore[arg-type]


@each()
def test_the_self_test_passes(entry: ModelEntry) -> None:
    assert entry.path is not None
    assert entry.spec is not None
    assert entry.spec.self_test is not None
    assert len(entry.spec.pairs) == 1
    result = verify(open_engine(entry.path))
    assert result is not None
    assert result.passed


@each("upscale")
def test_tiles_do_not_show(entry: ModelEntry) -> None:
    image = scene(200)
    assert np.abs(enlarge(entry, image, tile=96) - enlarge(entry, image, tile=256)).max() <= 1 / 255


@each("upscale")
@pytest.mark.parametrize("sigma", [10, 15, 25])
def test_noise_does_not_become_texture(entry: ModelEntry, sigma: int) -> None:
    assert entry.spec is not None
    times = entry.spec.scale
    noise = np.random.default_rng(0).normal(0, sigma / 255, (128, 128, 3))
    noisy = (np.rint(np.clip(0.5 + noise, 0, 1) * 255) / 255).astype(np.float32)
    enlarged = ganfx.apply(Picture(noisy), "upscale", model=entry.name).rgb
    smooth = cv2.resize(noisy, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)

    def rough(rgb: NDArray[np.floating]) -> float:
        squares = rgb.reshape(128 * times // 8, 8, 128 * times // 8, 8, 3)
        return float(squares.std((1, 3)).mean())

    assert rough(enlarged) < 0.5 * rough(smooth)


@each("upscale")
def test_white_stays_white_to_its_corners(entry: ModelEntry) -> None:
    white = Picture(np.ones((300, 300, 3), np.float32))
    assert (ganfx.apply(white, "upscale", model=entry.name).rgb == 1).all()


@each("upscale")
@pytest.mark.parametrize("color", [(0.5, 0.5, 0.5), (0.9, 0.7, 0.6), (0.1, 0.2, 0.4)])
def test_a_flat_color_stays_flat_and_of_its_color(entry: ModelEntry, color: tuple[float, float, float]) -> None:
    output = enlarge(entry, np.full((48, 48, 3), color, np.float32))
    assert np.abs(output.mean((0, 1)) - color).max() < 2 / 255
    assert output.std((0, 1)).max() < 2 / 255


@each("upscale")
def test_shrinking_the_result_gives_the_picture_back(entry: ModelEntry) -> None:
    image, scale = scene(64), entry.scale or 1
    output = enlarge(entry, image)
    back = output.reshape(64, scale, 64, scale, 3).mean((1, 3))
    assert np.abs(back - image).mean() < 0.05


@pytest.mark.parametrize("quality", [20, 40])
def test_a_compressed_drawing_is_cleaned_by_itself_and_a_sharp_one_left_alone(quality: int) -> None:
    drawn = drawing(np.random.default_rng(5))[:320, :320]
    _, stored = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, quality])
    seen, sharp = (np.asarray(pixels / 255, np.float32) for pixels in (cv2.imdecode(stored, cv2.IMREAD_COLOR), drawn))
    cleaned = ganfx.apply(Picture(seen), "clean").rgb
    before, after = (float(np.square(rgb - sharp).mean()) for rgb in (seen, cleaned))
    assert after < 0.88 * before
    assert np.array_equal(ganfx.apply(Picture(sharp), "clean").rgb, sharp)


def with_scratch(image: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The picture with a white line across it, and where that is."""
    where = np.zeros(image.shape[:2], bool)
    for column in range(20, image.shape[1] - 20):
        row = image.shape[0] // 3 + column // 4
        where[row : row + 3, column] = True
    return np.where(where[..., None], np.float32(1), image), where


@each("inpaint")
def test_a_scratch_is_filled_better_than_with_the_color_around_it(entry: ModelEntry) -> None:
    image = scene(192)
    scratched, where = with_scratch(image)
    filled = ganfx.apply(Picture(scratched), "inpaint", mask=where.astype(np.float32), model=entry.name).rgb
    plain = image[~where].mean(0)
    assert np.array_equal(filled[~where], image[~where])
    assert np.abs(filled - image)[where].mean() < 0.5 * np.abs(plain - image[where]).mean()


@each("inpaint")
def test_a_hole_in_a_flat_color_becomes_that_color(entry: ModelEntry) -> None:
    image = np.full((150, 170, 3), (0.2, 0.5, 0.7), np.float32)
    for thickness in (6, 60):
        mask = np.zeros((150, 170), np.float32)
        mask[40 : 40 + thickness, 30:140] = 1
        filled = ganfx.apply(Picture(image * (1 - mask[..., None])), "inpaint", mask=mask, model=entry.name).rgb
        assert np.abs(filled - image).max() < 8 / 255


@each("scratches")
def test_a_white_scratch_is_found_and_a_clean_picture_left_alone(entry: ModelEntry) -> None:
    assert entry.path is not None
    engine = open_engine(entry.path)
    y, x = np.mgrid[0:192, 0:192] / 192
    clean = np.repeat((0.35 + 0.2 * np.sin(5 * x + 3 * y))[..., None], 3, 2).astype(np.float32)
    scratched, where = with_scratch(clean)
    likely = engine.run(scratched)[..., 0]
    assert (likely[where] > 0.5).mean() > 0.8
    assert (likely[~where] > 0.5).mean() < 0.02
    assert (engine.run(clean)[..., 0] > 0.5).mean() < 0.001


def test_together_they_are_small_and_free() -> None:
    assert sum(entry.size_bytes or 0 for entry in BUNDLED) < 45e6
    assert {entry.license for entry in BUNDLED} == {"MIT"}


@pytest.mark.parametrize(
    ("photograph", "place", "hue"),
    [("Ansel_Adams*", (0.5, 0.09), "blue sky"), ("February_1936*", (0.44, 0.3), "skin")],
    ids=["sky", "skin"],
)
def test_old_photographs_get_the_colors_that_anyone_knows(
    shared_data: Path, photograph: str, place: tuple[float, float], hue: str
) -> None:
    (path,) = (shared_data / "real" / "photos_bw").glob(photograph)
    source = ganfx.open_picture(path)
    lab = lab_of(ganfx.apply(source, "colorize").rgb)
    x, y = int(place[0] * source.width), int(place[1] * source.height)
    _, a, b = lab[y - 10 : y + 10, x - 10 : x + 10].mean((0, 1))
    assert (b < -10 and abs(a) < 15) if hue == "blue sky" else (a > 5 and b > 5)
    assert np.abs(lab[..., 0] - lightness_of(source.rgb)).max() < 0.1


STYLED = EngineOptions(provider="cpu")
# Drawings in one color show edges of color alone weakly, and dry media have lines or flecks of their own.
LEAST_EDGES = {"charcoal": 0.15, "ink": 0.15, "pencil": 0.15, "pastel": 0.35}


@each("stylize")
def test_a_style_is_painted_alike_in_tiles_of_any_size(entry: ModelEntry) -> None:
    photo = Picture(scene(768))
    tiled, whole = (
        ganfx.apply(photo, "stylize", model=entry.name, detail="native", engine=EngineOptions("cpu", tile=tile)).rgb
        for tile in (640, 768)
    )
    assert np.abs(tiled - whole).max() <= 1 / 255


@each("stylize")
def test_a_style_changes_a_photograph_and_still_shows_it(entry: ModelEntry) -> None:
    colors = np.random.default_rng(0).random((8, 8, 3), dtype=np.float32)
    photo = cv2.resize(colors, (256, 256), interpolation=cv2.INTER_NEAREST)
    painted = ganfx.apply(Picture(photo), "stylize", model=entry.name, engine=STYLED).rgb
    assert np.abs(painted - photo).mean() > 0.04
    assert edge_correlation(painted, photo) > LEAST_EDGES.get(entry.name, 0.5)


def test_no_two_styles_are_alike() -> None:
    photo = Picture(scene(192))
    names = [entry.name for entry in BUNDLED if entry.task == "stylize"]
    painted = [ganfx.apply(photo, "stylize", model=name, engine=STYLED).rgb for name in names]
    assert len(painted) >= 5
    assert all(np.abs(one - other).mean() > 0.03 for one, other in itertools.combinations(painted, 2))


def test_a_style_draws_no_grid_on_a_plain_wall() -> None:
    """Upsampling that repeats itself shows as the same deviation at every eighth pixel."""
    wall = Picture(np.full((256, 256, 3), 0.6, np.float32))
    for entry in (entry for entry in BUNDLED if entry.task == "stylize"):
        light = luma(ganfx.apply(wall, "stylize", model=entry.name, engine=STYLED).rgb)
        cells = light.reshape(32, 8, 32, 8)
        repeated, strokes = cells.mean((0, 2)), light.std()
        assert np.ptp(repeated) < max(2.0, 0.5 * strokes), entry.name


def test_everything_that_ships_is_small() -> None:
    paths = [entry.path for entry in BUNDLED if entry.path]
    assert sum(path.stat().st_size for path in paths) < 45e6
