"""`ganfx eval stylize`: all methods paint the same photographs, and are compared with the style and the content."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from ganfx.cli import cli
from ganfx.errors import OptionError
from ganfx.evaluation.methods import Method
from ganfx.evaluation.metrics import edge_correlation
from ganfx.evaluation.protocol import Sample, samples_of
from ganfx.evaluation.report import EvaluationReport
from ganfx.evaluation.styles import FeatureExtractor, kid_shares, open_style
from ganfx.evaluation.stylize import compete, evaluate_stylize
from ganfx.imaging.picture import Floats
from tests import graphs

pytestmark = pytest.mark.slow

SIZE = (80, 90)


@pytest.fixture
def features(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANFX_FEATURES", str(shared_data / "features"))
    return shared_data / "features"


@pytest.fixture
def no_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)


def clouds(seed: int, size: tuple[int, int] = SIZE) -> Floats:
    """A photograph: soft and colorful."""
    noise = np.random.default_rng(seed).random((*size, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 5)
    return np.asarray((soft - soft.min()) / (soft.max() - soft.min()), np.float32)


def hatching(seed: int, size: tuple[int, int] = SIZE) -> Floats:
    """A painting: strokes of two colors, slanted."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    strokes = 0.5 + 0.5 * np.sin(random.uniform(0.7, 0.9) * (x + y) + random.uniform(0, 6))[..., None]
    return np.asarray(strokes * (0.8, 0.6, 0.2) + (1 - strokes) * (0.1, 0.2, 0.4), np.float32)


def folder(path: Path, draw: Callable[[int], Floats], count: int) -> Path:
    path.mkdir()
    for number in range(count):
        cv2.imwrite(str(path / f"{number:02}.png"), np.rint(draw(number)[..., ::-1] * 255).astype(np.uint8))
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return folder(tmp_path / "photos", clouds, 4)


@pytest.fixture
def paintings(tmp_path: Path) -> Path:
    return folder(tmp_path / "paintings", hatching, 6)


@pytest.fixture
def negative(tmp_path: Path) -> Path:
    return graphs.negative(tmp_path / "negative.onnx")


def evaluated(photos: Path, style: Path, paint: Callable[[Floats], Floats]) -> dict[str, dict[str, float]]:
    report = compete([Method("tested", paint)], samples_of([photos]), style, lambda line: None)
    return figures(report)


def figures(report: EvaluationReport) -> dict[str, dict[str, float]]:
    return {row.model: row.figures for row in report.rows()}


def painter() -> Callable[[Floats], Floats]:
    """Whatever it is handed, it paints another picture of the style."""
    seeds = itertools.count(100)
    return lambda rgb: hatching(next(seeds), (rgb.shape[0], rgb.shape[1]))


def directions(count: int, shift: float, seed: int) -> NDArray[np.float64]:
    """Vectors of unit length (count, 5), further to one side with `shift`."""
    found = np.random.default_rng(seed).normal(0, 1, (count, 5)) + np.array([shift, 0, 0, 0, 0])
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def test_kid_is_the_unbiased_estimate_of_the_papers() -> None:
    one, other = directions(6, 0, 0), directions(9, 1, 1)

    def mean_kernel(xs: NDArray[np.float64], ys: NDArray[np.float64], same: bool) -> float:
        pairs = [(x @ y + 1) ** 3 for i, x in enumerate(xs) for j, y in enumerate(ys) if not (same and i == j)]
        return float(np.mean(pairs))

    expected = mean_kernel(one, one, True) + mean_kernel(other, other, True) - 2 * mean_kernel(one, other, False)
    assert kid_shares(one, other).mean() == pytest.approx(1000 * expected)


def test_kid_is_about_nothing_between_draws_of_one_kind() -> None:
    same = [kid_shares(directions(30, 0, seed), directions(40, 0, seed + 50)).mean() for seed in range(40)]
    far = kid_shares(directions(30, 0, 0), directions(40, 2, 1)).mean()
    assert abs(np.mean(same)) < 0.02 * far
    assert min(same) < 0 < max(same)


def test_kid_of_one_picture_is_unknown() -> None:
    assert np.isnan(kid_shares(directions(1, 0, 0), directions(4, 0, 1))).all()
    assert np.isnan(kid_shares(directions(3, 0, 0), directions(1, 0, 1))).tolist() == [True] * 3


def test_networks_tell_textures_apart(features: Path) -> None:
    extractor = FeatureExtractor(features)
    soft, strokes = (
        np.stack([extractor.extract(draw(seed)).pooled for seed in range(8)]) for draw in (clouds, hatching)
    )
    between = kid_shares(soft, strokes).mean()
    for one in (soft, strokes):
        assert np.linalg.norm(one, axis=1).max() <= 1
        assert abs(kid_shares(one[::2], one[1::2]).mean()) < 0.1 * between


def test_edges_agree_with_themselves_and_less_with_what_is_blurred_or_moved() -> None:
    rgb = np.kron(np.random.default_rng(0).random((10, 10, 3)), np.ones((8, 8, 1))).astype(np.float32)
    blurred = edge_correlation(np.asarray(cv2.GaussianBlur(rgb, (0, 0), 3)), rgb)
    moved = edge_correlation(np.roll(rgb, 4, axis=(0, 1)), rgb)
    assert edge_correlation(rgb, rgb) == pytest.approx(1)
    assert edge_correlation(1 - rgb, rgb) == pytest.approx(1)
    assert 0.2 < blurred < 0.95
    assert moved < min(blurred, 0.2)
    assert edge_correlation(np.full_like(rgb, 0.5), rgb) == 0


def test_the_photographs_are_the_measure(features: Path, photos: Path, paintings: Path) -> None:
    found = evaluated(photos, paintings, lambda rgb: rgb)
    for name in ("photo", "tested"):
        assert [found[name][key] for key in ("gram", "style_loss", "edges")] == pytest.approx([1, 1, 1])
        assert found[name]["lpips"] == pytest.approx(0, abs=1e-6)
    assert found["tested"]["kid"] == pytest.approx(found["photo"]["kid"])


def test_who_paints_in_the_style_comes_near_it(features: Path, photos: Path, paintings: Path) -> None:
    found = evaluated(photos, paintings, painter())
    assert abs(found["tested"]["kid"]) < 0.2 * found["photo"]["kid"]
    assert abs(found["paintings"]["kid"]) < 0.2 * found["photo"]["kid"]
    assert found["tested"]["gram"] < 0.3
    assert found["tested"]["style_loss"] < found["tested"]["gram"] ** 1.5
    assert found["tested"]["edges"] < 0.3
    assert found["tested"]["lpips"] > 0.2


def test_the_paintings_are_an_anchor_and_no_rival(features: Path, photos: Path, paintings: Path) -> None:
    found = evaluated(photos, paintings, lambda rgb: rgb)["paintings"]
    assert [name for name, value in found.items() if not math.isnan(value)] == ["kid"]


def test_one_picture_has_gram_matrices_alone(features: Path, photos: Path, paintings: Path) -> None:
    picture = paintings / "00.png"
    found = evaluated(photos, picture, lambda rgb: hatching(0, (rgb.shape[0], rgb.shape[1])))
    assert "paintings" not in found
    assert math.isnan(found["tested"]["kid"])
    assert found["tested"]["gram"] < 0.02
    assert found["photo"]["gram"] == pytest.approx(1)


def test_pictures_of_any_shape_are_brought_to_one_scale(tmp_path: Path) -> None:
    for size, narrowed in {(300, 900): (256, 768), (640, 512): (320, 256), (100, 200): (100, 200)}.items():
        cv2.imwrite(str(tmp_path / "a.png"), np.zeros((*size, 3), np.uint8))
        assert Sample("set", tmp_path / "a.png").narrowed(256).shape == (*narrowed, 3)


def test_paintings_that_cannot_be_read_are_said_and_left_out(tmp_path: Path, paintings: Path) -> None:
    (paintings / "03.png").write_bytes((paintings / "04.png").read_bytes()[:500])
    said: list[str] = []
    style = open_style(paintings, None, 3, said.append)
    assert style.pictures == ["00", "01", "02", "04", "05"]
    assert [line.split(":")[0] for line in said] == ["03.png"]
    for path in paintings.iterdir():
        path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(OptionError, match="shows no style"):
        open_style(paintings, None, 3, said.append)


def test_the_command_writes_table_json_and_sheet(
    features: Path, photos: Path, paintings: Path, negative: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ["eval", "stylize", "-n", str(negative), "--set", str(photos), "--style", str(paintings)]
    done = CliRunner().invoke(cli, [*arguments, "--limit", "2", "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.iterdir()) == ["stylize-paintings.png", "stylize.json", "stylize.md"]
    rows = {row["model"]: row for row in json.loads((out / "stylize.json").read_text())["rows"]}
    assert list(rows) == ["photo", "negative", "paintings"]
    assert [rows[name]["pictures"] for name in rows] == [2, 2, 3]
    assert rows["negative"]["figures"]["edges"] > 0.9
    assert rows["negative"]["figures"]["ms"] > 0
    assert rows["negative"]["figures"]["kid"] is not None
    for name in rows:
        assert f"| {name} | " in done.stdout


def test_without_features_edges_and_time_remain(
    no_features: None, photos: Path, paintings: Path, negative: Path
) -> None:
    said: list[str] = []
    report = evaluate_stylize([negative], [photos], paintings, limit=1, say=said.append)
    assert "GANFX_FEATURES" in said[0]
    found = figures(report)
    assert list(found) == ["photo", "negative"]
    assert [name for name, value in found["negative"].items() if not math.isnan(value)] == ["edges", "ms"]
    (row,) = report.sheets["paintings"].rows
    assert report.sheets["paintings"].headings == ["photo", "negative", "paintings"]
    np.testing.assert_allclose(row[1].pixels, 1 - row[0].pixels, atol=2 / 255)


def test_questions_that_make_no_sense_are_refused(
    no_features: None, photos: Path, paintings: Path, negative: Path, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match="no such folder or picture"):
        evaluate_stylize([negative], [photos], tmp_path / "absent")
    with pytest.raises(OptionError, match="for inpaint"):
        evaluate_stylize([graphs.constant_fill(tmp_path / "fill.onnx", (1, 1, 1))], [photos], paintings)
    with pytest.raises(OptionError, match="no model to evaluate"):
        evaluate_stylize([], [photos], paintings)
    with pytest.raises(OptionError, match="'photo'"):
        evaluate_stylize([negative.rename(tmp_path / "photo.onnx")], [photos], paintings)
