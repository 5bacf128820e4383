"""`ganfx eval inpaint`: the same holes for all methods, hidden pixels stay hidden, changes outside are measured."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from onnx import helper

from ganfx.cli import cli
from ganfx.errors import OptionError
from ganfx.evaluation.drawn_truth import read_truth
from ganfx.evaluation.holes import MaskFolder, drawn
from ganfx.evaluation.inpaint import BASELINES, CELL, HOLE_COLOR, MAX_SIDE, compete, evaluate_inpaint
from ganfx.evaluation.masks import KINDS
from ganfx.evaluation.methods import Method
from ganfx.evaluation.protocol import Sample, samples_of
from ganfx.evaluation.report import EvaluationReport
from ganfx.evaluation.resample import fitted
from ganfx.evaluation.sheet import around
from ganfx.evaluation.speed import benchmark_speed
from ganfx.imaging.picture import Floats, Mask
from ganfx.spec import ModelSpec
from tests import graphs
from tests.evaluation.test_masks import SHARES

pytestmark = pytest.mark.slow


def silent(line: str) -> None:
    """Takes lines and drops them."""


@pytest.fixture(autouse=True)
def _no_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, (height, width) in {"a": (130, 162), "b": (161, 117)}.items():
        noise = np.random.default_rng(height).random((height, width, 3), np.float32)
        soft = cv2.GaussianBlur(noise, (0, 0), 5)
        soft = (soft - soft.min()) / (soft.max() - soft.min())
        cv2.imwrite(str(folder / f"{name}.png"), np.rint(soft * 255).astype(np.uint8))
    return folder


@pytest.fixture
def softly(tmp_path: Path) -> Path:
    """A network that fills with the mean of the known pixels in a 31x31 window."""
    pool = {"kernel_shape": [31, 31], "pads": [15] * 4, "count_include_pad": 1}
    nodes = [
        helper.make_node("Split", ["input", "parts"], ["rgb", "hole"], axis=1),
        helper.make_node("Sub", ["one", "hole"], ["known"]),
        helper.make_node("Mul", ["rgb", "known"], ["seen"]),
        helper.make_node("AveragePool", ["seen"], ["sum"], **pool),
        helper.make_node("AveragePool", ["known"], ["count"], **pool),
        helper.make_node("Max", ["count", "little"], ["divisor"]),
        helper.make_node("Div", ["sum", "divisor"], ["output"]),
    ]
    weights = {
        "parts": np.array([3, 1]),
        "one": np.ones((1, 1, 1, 1), np.float32),
        "little": np.full((1, 1, 1, 1), 1e-4, np.float32),
    }
    spec = ModelSpec.of_picture("softly", "inpaint", in_channels=4, out_channels=3, receptive_field=15, license="MIT")
    return graphs.write(tmp_path / "softly.onnx", nodes, weights, spec=spec, channels=4, out_channels=3)


@pytest.fixture
def flatly(tmp_path: Path) -> Path:
    return graphs.constant_fill(tmp_path / "flatly.onnx", (0.1, 0.9, 0.1))


def evaluated(photos: Path, fill: Callable[[Floats, Mask], Floats], kind: str = "objects") -> EvaluationReport:
    return compete([Method("tested", fill)], samples_of([photos]), drawn([kind]), silent)


def figures(report: EvaluationReport, model: str = "tested") -> dict[str, float]:
    (row,) = [row for row in report.rows() if row.model == model]
    return row.figures


def test_every_method_is_in_every_table(photos: Path, softly: Path, flatly: Path, tmp_path: Path) -> None:
    report = evaluate_inpaint([softly, flatly], [photos])
    cases = [(kind, name) for kind in KINDS for name in (*BASELINES, "softly", "flatly")]
    assert [(row.case, row.model) for row in report.rows()] == cases

    written = report.save(tmp_path / "out")
    assert [path.name for path in written] == ["inpaint.md", "inpaint.json", *(f"inpaint-{kind}.png" for kind in KINDS)]
    for line, (kind, name) in zip(written[0].read_text().splitlines()[2:], cases, strict=False):
        assert line.startswith(f"| {name} |")
        assert f"| photos | {kind} | 2 |" in line
    stored = json.loads(written[1].read_text())
    assert len(stored["measurements"]) == 2 * len(cases)
    for row in stored["rows"]:
        assert row["figures"]["outside"] == 0
        assert 100 * SHARES[row["case"]][0] <= row["figures"]["hole"] <= 100 * SHARES[row["case"]][1]


def test_the_better_network_has_the_better_figures(
    photos: Path, softly: Path, flatly: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path
) -> None:
    monkeypatch.setenv("GANFX_FEATURES", str(shared_data / "features"))
    report = evaluate_inpaint([softly, flatly], [photos], kinds=["objects"])
    better, worse, telea = (figures(report, name) for name in ("softly", "flatly", "opencv-telea"))
    assert better["psnr_hole"] > worse["psnr_hole"]
    assert better["ssim"] > worse["ssim"]
    assert better["lpips"] < worse["lpips"]
    assert better["vgg"] < worse["vgg"]
    assert telea["lpips"] < worse["lpips"]


def test_methods_do_not_get_the_pixels_in_the_hole(photos: Path) -> None:
    """One that leaves the hole as it was handed out gets what flat grey deserves."""

    def idle(rgb: Floats, mask: Mask) -> Floats:
        assert np.ptp(rgb[mask > 0]) == 0
        return rgb

    assert figures(evaluated(photos, idle))["psnr_hole"] < 20


def test_a_pixel_changed_outside_the_hole_is_found(photos: Path) -> None:
    def careless(rgb: Floats, mask: Mask) -> Floats:
        changed = rgb.copy()
        changed[tuple(np.argwhere(mask == 0)[5])] += 3 / 255
        return changed

    report = evaluated(photos, careless)
    assert figures(report)["outside"] == pytest.approx(3, abs=0.01)
    assert [figures(report, name)["outside"] for name in BASELINES] == [0, 0, 0]
    assert "| 3 |" in next(line for line in report.markdown().splitlines() if line.startswith("| tested |"))


def test_a_change_below_a_level_is_not_called_none(photos: Path) -> None:
    report = evaluated(photos, lambda rgb, mask: rgb + np.float32(1e-5))
    assert 0 < figures(report)["outside"] < 0.01
    assert "| 0 |" not in next(line for line in report.markdown().splitlines() if line.startswith("| tested |"))


def test_psnr_counts_the_hole_alone(photos: Path) -> None:
    """A fill off by ten levels is 28.13 dB, however large the hole."""
    (first,) = samples_of([photos], limit=1)
    truth = first.read()
    off = np.where(truth > 0.5, truth - 10 / 255, truth + 10 / 255).astype(np.float32)
    expected = 20 * math.log10(255 / 10)
    for kind in KINDS:
        report = compete([Method("tested", _pasting(off))], [first], drawn([kind]), silent)
        assert figures(report)["psnr_hole"] == pytest.approx(expected, abs=1e-3)


def _pasting(rgb: Floats) -> Callable[[Floats, Mask], Floats]:
    """Fills from `rgb`; pictures of other sizes, such as the one to warm up with, come back as they are."""

    def fill(given: Floats, mask: Mask) -> Floats:
        return np.where(mask[..., None] > 0, rgb, given) if given.shape == rgb.shape else given

    return fill


def test_the_original_itself_is_perfect_and_null_in_json(
    photos: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path
) -> None:
    monkeypatch.setenv("GANFX_FEATURES", str(shared_data / "features"))
    (first,) = samples_of([photos], limit=1)
    report = compete([Method("tested", _pasting(first.read()))], [first], drawn(["huge"]), silent)
    found = figures(report)
    assert (found["lpips"], found["vgg"], found["psnr_hole"]) == (0, 0, math.inf)
    assert found["ssim"] == pytest.approx(1)
    assert json.loads(report.to_json())["rows"][-1]["figures"]["psnr_hole"] is None


def test_the_sheet_shows_the_hole_the_methods_and_the_truth(photos: Path, softly: Path, tmp_path: Path) -> None:
    report = evaluate_inpaint([softly], [photos], kinds=["objects", "huge"])
    for sheet in report.sheets.values():
        assert sheet.headings == ["input", "opencv-ns", "softly", "truth"]
        for given, *filled, truth in sheet.rows:
            hole = (given.pixels == HOLE_COLOR).all(-1)
            assert hole.any()
            for cell in filled:
                np.testing.assert_allclose(cell.pixels[~hole], truth.pixels[~hole], atol=1 / 255)
    png = cv2.imread(str(report.save(tmp_path)[2]))
    assert png.shape[1] >= 4 * CELL
    assert png.shape[0] >= 2 * CELL


def test_the_sheet_looks_where_the_hole_is() -> None:
    mask = np.zeros((512, 400), np.float32)
    mask[470:500, 300:360] = 1
    rows, columns = around(mask, CELL)
    assert rows.stop - rows.start == columns.stop - columns.start == CELL
    assert mask[rows, columns].sum() == mask.sum()
    assert columns.start < 300 - 20
    whole = around(mask, MAX_SIDE)
    assert fitted(np.zeros((512, 400, 3), np.float32)[whole], CELL).shape == (CELL, 225, 3)


def _masked(folder: Path, names: dict[str, str], white: tuple[slice, slice] = np.s_[20:50, 30:70]) -> Path:
    """Masks in `folder` by name, each of the size of the picture that is given beside it."""
    folder.mkdir(exist_ok=True)
    for name, picture in names.items():
        mask = np.zeros(cv2.imread(picture).shape[:2], np.uint8)
        mask[white] = 255
        cv2.imwrite(str(folder / name), mask)
    return folder


@pytest.mark.parametrize("name", ["a.png", "a_mask.png", "mask-a.jpg"])
def test_a_mask_is_found_by_its_pictures_name(photos: Path, tmp_path: Path, name: str) -> None:
    folder = _masked(tmp_path / "masks", {name: str(photos / "a.png")})
    found = MaskFolder(folder, max_side=MAX_SIDE)(Sample("photos", photos / "a.png"), (130, 162))
    expected = np.zeros((130, 162))
    expected[20:50, 30:70] = 1
    np.testing.assert_array_equal(found, expected)
    inverted = MaskFolder(folder, invert=True, max_side=MAX_SIDE)(Sample("photos", photos / "a.png"), (130, 162))
    np.testing.assert_array_equal(inverted, 1 - expected)


def test_pictures_and_masks_may_share_a_folder(photos: Path, flatly: Path) -> None:
    for name in "ab":
        (photos / f"{name}.png").rename(photos / f"images__{name}.png")
        _masked(photos, {f"masks__{name}.png": str(photos / f"images__{name}.png")})
    report = evaluate_inpaint([flatly], [photos], masks=photos)
    assert {one.picture for one in report.measurements} == {"images__a", "images__b"}
    assert list(report.sheets) == ["photos"]
    shares = {one.picture: one.figures["hole"] for one in report.measurements}
    assert shares["images__a"] == pytest.approx(100 * 30 * 40 / (130 * 162))


def test_masks_are_cut_as_their_pictures_are(tmp_path: Path) -> None:
    """The hole must stay where it was painted when only the middle of a picture is used."""
    pixels = np.zeros((100, MAX_SIDE + 200, 3), np.uint8)
    pixels[40:60, 300:340] = 255
    for name in ("big.png", "big_mask.png"):
        cv2.imwrite(str(tmp_path / name), pixels)
    sample = Sample("set", tmp_path / "big.png")
    truth = sample.read(max_side=MAX_SIDE)
    mask = MaskFolder(tmp_path, max_side=MAX_SIDE)(sample, truth.shape[:2])
    np.testing.assert_array_equal(mask, truth[..., 0])
    assert mask.shape == (100, MAX_SIDE)


def test_unusable_pictures_are_left_out_and_said(photos: Path, flatly: Path, tmp_path: Path) -> None:
    for name in "cdef":
        (photos / f"{name}.png").write_bytes((photos / "a.png").read_bytes())
    own = str(photos / "a.png")
    folder = _masked(tmp_path / "masks", {"a.png": own, "c.png": str(photos / "b.png")})
    _masked(folder, {"d.png": own}, white=np.s_[:, :])
    _masked(folder, {"e.png": own}, white=np.s_[:0, :0])
    said: list[str] = []
    report = evaluate_inpaint([flatly], [photos], masks=folder, say=said.append)
    assert {one.picture for one in report.measurements} == {"a"}
    left_out = "\n".join(line for line in said if "left out" in line)
    assert "c.png: mask is 117x161, image is 162x130" in left_out
    for line in ("b.png: has no mask", "d.png: its mask is all", "e.png: its mask is all", "f.png: has no mask"):
        assert line in left_out


def test_questions_that_make_no_sense_are_refused(photos: Path, flatly: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'tears'"):
        evaluate_inpaint([flatly], [photos], kinds=["tears"])
    with pytest.raises(OptionError, match="drawn or read"):
        evaluate_inpaint([flatly], [photos], kinds=["huge"], masks=photos)
    with pytest.raises(OptionError, match="no masks"):
        evaluate_inpaint([flatly], [photos], masks=tmp_path / "missing")
    with pytest.raises(OptionError, match="opencv-ns"):
        evaluate_inpaint([flatly.rename(tmp_path / "opencv-ns.onnx")], [photos])


def test_the_command_prints_the_table_and_writes_the_sheets(photos: Path, flatly: Path, tmp_path: Path) -> None:
    arguments = ["-n", str(flatly), "--set", str(photos), "--limit", "1", "--kind", "scratches"]
    done = CliRunner().invoke(cli, ["eval", "inpaint", *arguments, "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    table = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert [row[0] for row in table] == ["| model", *(f"| {name}" for name in (*BASELINES, "flatly"))]
    assert (tmp_path / "out" / "inpaint-scratches.png").is_file()
    assert "1/1 photos a" in done.stderr


def test_speed_is_measured_whatever_the_channels(softly: Path) -> None:
    (speed,) = benchmark_speed([softly], size=(64, 64), repeats=2)
    assert speed.mp_per_s == pytest.approx(64 * 64 / 1e6 / speed.median_s)


def test_twelve_removals_are_drawn_each_a_part_of_its_picture() -> None:
    removals = read_truth(Path(__file__).with_name("removals.txt"))
    assert len(removals) == 12
    assert all(0.01 < truth.damage.mean() < 0.4 for truth in removals.values())
