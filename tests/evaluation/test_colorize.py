"""`ganfx eval colorize`: all methods get the same grey pictures, and are compared with the original colors."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from ganfx.cli import cli
from ganfx.errors import OptionError, PictureSizeError
from ganfx.evaluation.colorize import CELL, MAX_SIDE, SHEET_ROWS, compete, evaluate_colorize
from ganfx.evaluation.degradations import DEGRADATIONS, turn_grey
from ganfx.evaluation.methods import Method
from ganfx.evaluation.metrics import chroma_error, colorfulness
from ganfx.evaluation.protocol import Sample, samples_of
from ganfx.evaluation.report import EvaluationReport
from ganfx.imaging.color import lab_of, lightness_of, with_chroma
from ganfx.imaging.picture import Floats
from tests import graphs

pytestmark = pytest.mark.slow

CONTESTANTS = ("grey", "mean-chroma", "one-color", "truth")


@pytest.fixture(autouse=True)
def _no_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)


def scene(height: int, width: int, seed: int) -> Floats:
    """Soft clouds of colors that are not too vivid for a little more to be had."""
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 6)
    spread = (soft - soft.min()) / (soft.max() - soft.min())
    return np.asarray(np.rint((0.3 + 0.4 * spread) * 255) / 255, np.float32)


def store(path: Path, rgb: Floats) -> None:
    cv2.imwrite(str(path), np.rint(rgb[..., ::-1] * 255).astype(np.uint8))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, size in {"a": (70, 102), "b": (101, 77)}.items():
        store(folder / f"{name}.png", scene(*size, seed=size[0]))
    return folder


@pytest.fixture
def one_color(tmp_path: Path) -> Path:
    return graphs.one_color(tmp_path / "one-color.onnx", (12, 30))


def knowing(photos: Path, shift: tuple[float, float] = (0, 0)) -> Callable[[Floats], Floats]:
    """Colors each picture as it was, with `shift` added to a* and b*; leaves others, as that to warm up with."""
    chroma = {}
    for sample in samples_of([photos]):
        lab = lab_of(sample.shrunk(MAX_SIDE))
        chroma[lab.shape] = lab[..., 1:] + np.array(shift, np.float32)
    return lambda grey: with_chroma(grey, chroma[grey.shape]) if grey.shape in chroma else grey


def evaluated(photos: Path, color: Callable[[Floats], Floats], look: str = "plain") -> EvaluationReport:
    return compete([Method("tested", color)], samples_of([photos]), [look], lambda line: None)


def figures(report: EvaluationReport) -> dict[str, dict[str, float]]:
    return {row.model: row.figures for row in report.rows()}


def test_colorfulness_of_one_color_is_three_tenths_of_its_opponents() -> None:
    for rgb in ((1, 0, 0), (0.2, 0.6, 0.4), (0, 0, 1)):
        red, green, blue = (255 * value for value in rgb)
        expected = 0.3 * math.hypot(red - green, (red + green) / 2 - blue)
        assert colorfulness(np.full((5, 7, 3), rgb, np.float32)) == pytest.approx(expected, rel=1e-5)


def test_colorfulness_of_two_colors_counts_how_far_they_are_apart() -> None:
    """Red and green alike: R - G is 255 or -255, (R + G) / 2 - B always 127.5."""
    rgb = np.zeros((4, 6, 3), np.float32)
    rgb[:2, :, 0] = rgb[2:, :, 1] = 1
    assert colorfulness(rgb) == pytest.approx(255 + 0.3 * 127.5)


def test_colorfulness_of_grey_is_none() -> None:
    assert colorfulness(np.random.default_rng(0).random((9, 9, 1), np.float32).repeat(3, 2)) == pytest.approx(0)


def test_chroma_error_is_the_mean_distance() -> None:
    chroma = np.random.default_rng(0).normal(0, 30, (6, 8, 2)).astype(np.float32)
    shifted = chroma + np.array([3, -4], np.float32)
    shifted[:, 4:] = chroma[:, 4:]
    assert chroma_error(chroma, chroma) == 0
    assert chroma_error(shifted, chroma) == pytest.approx(2.5, rel=1e-4)


@pytest.mark.parametrize("look", DEGRADATIONS)
def test_methods_get_no_colors(look: str) -> None:
    rgb = scene(80, 90, 1)
    grey, answer = turn_grey(rgb, look, "a")
    assert grey.shape == answer.shape == rgb.shape
    assert grey.dtype == answer.dtype == np.float32
    np.testing.assert_array_equal(grey, grey[..., :1].repeat(3, 2))
    for pixels in (grey, answer):
        np.testing.assert_allclose(pixels * 255, np.rint(pixels * 255), atol=1e-4)


@pytest.mark.parametrize("look", DEGRADATIONS)
def test_the_right_answer_has_the_light_given_and_the_colors_that_were_there(look: str) -> None:
    rgb = scene(80, 90, 1)
    grey, answer = turn_grey(rgb, look, "a")
    assert np.abs(lightness_of(answer) - lightness_of(grey)).max() < 1
    assert chroma_error(lab_of(answer)[..., 1:], lab_of(rgb)[..., 1:]) < 1


def test_plain_keeps_the_lightness() -> None:
    rgb = scene(80, 90, 1)
    grey, _ = turn_grey(rgb, "plain", "a")
    assert np.abs(lightness_of(grey) - lightness_of(rgb)).max() < 0.3


def test_old_depends_on_the_name_alone() -> None:
    rgb = scene(80, 90, 1)
    first, again, other = (turn_grey(rgb, "old", name)[0] for name in "aab")
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_old_hardly_sees_red_but_still_shows_the_picture() -> None:
    """Red and green of one luminance part, the red always darker; what was dark stays darker than what was light."""
    # Whole 8-bit levels: a value between two of them is rounded up or down as the processor's arithmetic has it.
    light, chroma = np.full((60, 90, 3), 26 / 255, np.float32), np.zeros((60, 90, 2), np.float32)
    light[20:40], light[20:40, 60:] = 128 / 255, 230 / 255
    chroma[20:40, :30], chroma[20:40, 30:60] = (45, 15), (-45, 15)
    rgb = with_chroma(light, chroma)
    plain = turn_grey(rgb, "plain", "a")[0]
    assert plain[30, 15, 0] == pytest.approx(plain[30, 45, 0], abs=1.5 / 255)
    for name in "abcdefgh":
        old = turn_grey(rgb, "old", name)[0]
        ground, red, green, white = (
            old[rows, columns].mean()
            for rows, columns in (np.s_[:15, :], np.s_[25:35, 5:25], np.s_[25:35, 35:55], np.s_[25:35, 65:85])
        )
        assert ground + 0.05 < red < green - 0.01 < white - 0.15


@pytest.mark.parametrize("look", DEGRADATIONS)
def test_who_knows_the_colors_wins(photos: Path, look: str, monkeypatch: pytest.MonkeyPatch, shared_data: Path) -> None:
    monkeypatch.setenv("GANFX_FEATURES", str(shared_data / "features"))
    report = evaluated(photos, knowing(photos), look)
    found = figures(report)
    for other in ("grey", "mean-chroma"):
        for figure in ("ab_error", "ab_mae", "lpips", "vgg", "colorfulness_gap"):
            assert found["tested"][figure] < 0.5 * found[other][figure], (figure, other)
        assert found["tested"]["psnr"] > found[other]["psnr"] + 10
    assert found["grey"]["colorfulness"] == pytest.approx(0)
    assert found["grey"]["lightness_change"] == pytest.approx(0, abs=1e-5)
    assert found["tested"]["lightness_change"] < 0.3
    (line,) = [line for line in report.markdown().splitlines() if line.startswith("| tested |")]
    assert line.count("**") == 2 * 7


def test_a_known_error_is_found(photos: Path) -> None:
    found = figures(evaluated(photos, knowing(photos, shift=(-3, 4))))["tested"]
    assert found["ab_error"] == pytest.approx(5, abs=0.2)
    assert found["ab_mae"] == pytest.approx(3.5, abs=0.2)


def test_lost_light_is_found(photos: Path) -> None:
    color = knowing(photos)
    found = figures(evaluated(photos, lambda grey: color(np.asarray(grey - np.float32(10 / 255)))))["tested"]
    assert 3 < found["lightness_change"] < 5


def test_truth_is_an_anchor_and_no_rival(photos: Path) -> None:
    report = evaluated(photos, knowing(photos))
    truth = figures(report)["truth"]
    originals = [colorfulness(sample.shrunk(MAX_SIDE)) for sample in samples_of([photos])]
    assert truth["colorfulness"] == pytest.approx(np.mean(originals))
    assert [name for name, value in truth.items() if not math.isnan(value)] == ["colorfulness"]


def test_mean_chroma_is_the_mean_of_all_originals(tmp_path: Path) -> None:
    """Of two pictures of one color each, it is wrong by half their distance in both."""
    colors = [np.full((70, 70, 3), rgb, np.float32) / 255 for rgb in ((120, 140, 110), (150, 120, 130))]
    for name, rgb in zip("ab", colors, strict=True):
        store(tmp_path / f"{name}.png", rgb)
    one, other = (lab_of(rgb)[0, 0, 1:] for rgb in colors)
    found = figures(evaluated(tmp_path, lambda grey: grey))["mean-chroma"]
    assert found["ab_error"] == pytest.approx(float(np.linalg.norm(one - other)) / 2, abs=0.5)


def test_pictures_are_shrunk_and_not_cut(tmp_path: Path) -> None:
    rgb = scene(280, 1200, 1)
    rgb[:, :300], rgb[:, 900:] = (0, 0, 0), (1, 1, 1)
    store(tmp_path / "wide.png", rgb)
    shrunk = Sample("set", tmp_path / "wide.png").shrunk(MAX_SIDE)
    assert shrunk.shape == (119, MAX_SIDE, 3)
    assert shrunk[:, :125].max() == 0
    assert shrunk[:, -125:].min() == 1
    store(tmp_path / "wide.png", rgb[:130])
    with pytest.raises(PictureSizeError, match="512x55"):
        Sample("set", tmp_path / "wide.png").shrunk(MAX_SIDE)


def test_grey_and_damaged_pictures_are_left_out_and_said(photos: Path) -> None:
    store(photos / "c.png", turn_grey(scene(80, 90, 1), "plain", "a")[0])
    (photos / "d.png").write_bytes((photos / "a.png").read_bytes()[:2000])
    said: list[str] = []
    report = compete([], samples_of([photos]), ["plain"], said.append)
    assert {one.picture for one in report.measurements} == {"a", "b"}
    left_out = [line for line in said if "left out" in line]
    assert [line.split(":")[0] for line in left_out] == ["c.png", "d.png"]
    assert "no colors" in left_out[0]


def test_the_sheet_shows_pictures_from_all_over_the_set(tmp_path: Path) -> None:
    names = [f"p{number:02}" for number in range(SHEET_ROWS + 3)]
    for number, name in enumerate(names):
        store(tmp_path / f"{name}.png", scene(64, 64, number))
    report = evaluated(tmp_path, lambda grey: grey)
    shown = [row[0].caption.split()[-1] for row in report.sheets["plain"].rows]
    assert len(shown) == SHEET_ROWS
    assert (shown[0], shown[-1]) == (names[0], names[-1])


def test_the_sheet_shows_grey_models_and_truth_whole(tmp_path: Path) -> None:
    store(tmp_path / "wide.png", scene(150, 450, 1))
    report = evaluated(tmp_path, knowing(tmp_path))
    sheet = report.sheets["plain"]
    assert sheet.headings == ["grey", "tested", "truth"]
    ((grey, tested, truth),) = sheet.rows
    assert grey.pixels.shape == tested.pixels.shape == truth.pixels.shape == (107, CELL, 3)
    assert np.ptp(grey.pixels, axis=-1).max() < 1e-6
    np.testing.assert_allclose(tested.pixels, truth.pixels, atol=2 / 255)
    assert "a*b* error 0." in tested.caption


def test_the_command_writes_table_json_and_sheets(photos: Path, one_color: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(cli, ["eval", "colorize", "-n", str(one_color), "--set", str(photos), "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.iterdir()) == [
        "colorize-old.png",
        "colorize-plain.png",
        "colorize.json",
        "colorize.md",
    ]
    assert (out / "colorize.md").read_text().strip() == done.stdout.strip()
    table = [line.split(" | ") for line in done.stdout.splitlines()[2:] if line.startswith("| ")]
    cases = [(f"| {name}", look, "2") for look in DEGRADATIONS for name in CONTESTANTS]
    assert [(row[0], row[3], row[4]) for row in table] == cases
    assert "GANFX_FEATURES" in done.stderr
    assert "in the losses of the training: one-color: not recorded." in done.stdout

    rows = {row["model"]: row["figures"] for row in json.loads((out / "colorize.json").read_text())["rows"]}
    assert rows["truth"]["ab_error"] is None
    assert rows["one-color"]["colorfulness"] > 0
    assert rows["one-color"]["lightness_change"] < 0.5


def test_one_look_of_some_pictures_will_do(photos: Path, one_color: Path) -> None:
    report = evaluate_colorize([one_color], [photos], degradations=["old"], limit=1)
    assert {(one.case, one.picture) for one in report.measurements} == {("old", "a")}
    assert list(report.sheets) == ["old"]


def test_questions_that_make_no_sense_are_refused(photos: Path, one_color: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'sepia'"):
        evaluate_colorize([one_color], [photos], degradations=["sepia"])
    with pytest.raises(OptionError, match="for inpaint"):
        evaluate_colorize([graphs.constant_fill(tmp_path / "fill.onnx", (1, 1, 1))], [photos])
    with pytest.raises(OptionError, match="'truth'"):
        evaluate_colorize([one_color.rename(tmp_path / "truth.onnx")], [photos])
