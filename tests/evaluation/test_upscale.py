"""`ganfx eval upscale`: the same question for everyone, and every method in every table."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ganfx.errors import ContractError, OptionError
from ganfx.evaluation import sheet as sheets
from ganfx.evaluation.methods import count_parameters
from ganfx.evaluation.protocol import DEGRADATIONS, samples_of
from ganfx.evaluation.report import EvaluationReport, Measurement, ReportLayout
from ganfx.evaluation.speed import benchmark_speed, speed_table
from ganfx.evaluation.upscale import COLUMNS, evaluate_upscale
from ganfx.spec import KEY, ModelSpec
from tests.evaluation.scenes import scene

pytestmark = pytest.mark.slow

MakeModel = Callable[..., Path]


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    """Writes a network that repeats each pixel `scale` times along both sides, times `gain`: one 1x1 convolution."""

    def make(name: str, scale: int = 4, channels: int = 3, gain: float = 1.0, constant: bool = False) -> Path:
        weight = np.tile(np.eye(channels, dtype=np.float32) * gain, (scale**2, 1))[..., None, None]
        tensor = numpy_helper.from_array(weight, "weight")
        nodes = [helper.make_node("Constant", [], ["weight"], value=tensor)] if constant else []
        nodes += [
            helper.make_node("Conv", ["input", "weight"], ["wide"]),
            helper.make_node("DepthToSpace", ["wide"], ["output"], blocksize=scale),
        ]
        shape = ["batch", channels, "height", "width"]
        graph = helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", channels, "rows", "columns"])],
            [] if constant else [tensor],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        spec = ModelSpec.of_picture(
            name, "upscale", scale, in_channels=channels, out_channels=channels, receptive_field=0, license="MIT"
        )
        helper.set_model_props(model, {KEY: spec.to_json()})
        path = tmp_path / f"{name}.onnx"
        onnx.save(model, path)
        return path

    return make


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), scene(120, 162, 1))
    cv2.imwrite(str(folder / "b.png"), scene(203, 240, 2))
    return folder


def test_sets_without_pictures_are_refused(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.png").write_text("no picture")
    for folder in (tmp_path / "missing", tmp_path / "empty"):
        with pytest.raises(OptionError, match=folder.name):
            samples_of([photos, folder])
    assert [sample.name for sample in samples_of([photos], limit=1)] == ["a"]


def test_two_sets_of_one_name_are_refused(tmp_path: Path, photos: Path) -> None:
    with pytest.raises(OptionError, match="photos"):
        samples_of([photos, photos])


def test_every_method_is_in_every_table(
    make_model: MakeModel, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path
) -> None:
    monkeypatch.setenv("GANFX_FEATURES", str(shared_data / "features"))
    models = [make_model("nearest"), make_model("dark", gain=0.5)]
    report = evaluate_upscale(models, [photos])
    cases = [(kind, name) for kind in DEGRADATIONS for name in ("bicubic", "nearest", "dark")]
    assert [(row.case, row.model) for row in report.rows()] == cases

    written = report.save(tmp_path / "out")
    assert [path.name for path in written] == [
        "upscale-x4.md",
        "upscale-x4.json",
        *(f"upscale-x4-{kind}.png" for kind in DEGRADATIONS),
    ]
    lines = written[0].read_text().splitlines()[2:]
    for line, (kind, name) in zip(lines, cases, strict=False):
        assert line.startswith(f"| {name} |")
        assert f"| photos | {kind} | 2 |" in line
        assert "nan" not in line

    stored = json.loads(written[1].read_text())
    assert stored["task"] == "upscale-x4"
    assert len(stored["measurements"]) == 2 * len(cases)
    for row in stored["rows"]:
        assert {"psnr_y", "ssim", "lpips", "vgg", "efficientnet", "niqe", "s_per_mp"} == set(row["figures"])


def test_the_better_network_has_the_better_figures(
    make_model: MakeModel, photos: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path
) -> None:
    monkeypatch.setenv("GANFX_FEATURES", str(shared_data / "features"))
    report = evaluate_upscale([make_model("nearest"), make_model("dark", gain=0.5)], [photos], degradations=["clean"])
    bicubic, nearest, dark = (row.figures for row in report.rows())
    assert bicubic["psnr_y"] > nearest["psnr_y"] > dark["psnr_y"]
    assert bicubic["ssim"] > nearest["ssim"] > dark["ssim"]
    assert bicubic["vgg"] < nearest["vgg"] < dark["vgg"]
    assert bicubic["lpips"] < nearest["lpips"]
    best = [line for line in report.markdown().splitlines() if f"**{bicubic['psnr_y']:.2f}**" in line]
    assert len(best) == 1
    assert best[0].startswith("| bicubic |")


def test_models_are_compared_with_and_without_cleaning(
    make_model: MakeModel, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    model = make_model("nearest")
    report = evaluate_upscale([model], [photos], degradations=["clean"], cleaning=["auto", "off"])
    sheet = report.sheets["clean"]
    assert sheet.headings == ["input", "bicubic", "nearest, clean auto", "nearest, clean off", "truth"]
    for row in sheet.rows:
        np.testing.assert_array_equal(row[0].pixels, row[3].pixels)  # the input enlarged is what this network does
    # One of these pictures is noise, and is taken for that.
    assert not all(np.array_equal(row[2].pixels, row[3].pixels) for row in sheet.rows)
    assert "photo-clean: VGG-19" in report.markdown()
    with pytest.raises(OptionError, match="no cleaning 'much'"):
        evaluate_upscale([model], [photos], cleaning=["much"])


def test_contact_sheet_shows_input_methods_and_truth(
    make_model: MakeModel, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    report = evaluate_upscale([make_model("nearest")], [photos], degradations=["clean"])
    sheet = report.sheets["clean"]
    assert sheet.headings == ["input", "bicubic", "nearest", "truth"]
    assert len(sheet.rows) == 2
    for row in sheet.rows:
        shown = row[0].pixels  # the input, each of its pixels as a square
        np.testing.assert_array_equal(shown[::4, ::4].repeat(4, 0).repeat(4, 1), shown)
    *_, png = report.save(tmp_path)
    height, width = cv2.imread(str(png)).shape[:2]
    assert width >= 4 * sheets.CELL
    assert height >= 2 * (sheets.CELL + sheets.CAPTION)


def test_contact_sheet_shows_the_busiest_piece() -> None:
    rgb = np.full((400, 500, 3), 0.5, np.float32)
    rgb[150:300, 260:400] = np.random.default_rng(0).random((150, 140, 3), np.float32)
    rows, columns = sheets.busiest(rgb, 4)
    assert (rows.start % 4, columns.start % 4) == (0, 0)
    assert rows.stop - rows.start == columns.stop - columns.start == sheets.CELL
    assert rows.start <= 150 + 4
    assert rows.stop >= 300 - 4
    assert columns.start <= 260 + 4
    assert columns.stop >= 400 - 4


def test_without_features_the_rest_is_measured_and_it_is_said(
    make_model: MakeModel, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    said: list[str] = []
    report = evaluate_upscale([make_model("nearest")], [photos], limit=1, say=said.append)
    assert any("GANFX_FEATURES" in line for line in said)
    for row in report.rows():
        assert math.isfinite(row.figures["psnr_y"])
        assert math.isnan(row.figures["lpips"])
    assert json.loads(report.to_json())["rows"][0]["figures"]["lpips"] is None


def test_a_damaged_picture_is_left_out_and_said(
    make_model: MakeModel, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    whole = (photos / "a.png").read_bytes()
    (photos / "c.png").write_bytes(whole[: len(whole) // 2])
    said: list[str] = []
    report = evaluate_upscale([make_model("nearest")], [photos], degradations=["clean"], say=said.append)
    assert {row.pictures for row in report.rows()} == {2}
    assert any("left out" in line and "c.png" in line for line in said)


def test_methods_that_cannot_be_compared_are_refused(make_model: MakeModel, photos: Path) -> None:
    four, two = make_model("four"), make_model("two", scale=2)
    with pytest.raises(OptionError, match="four x4, two x2"):
        evaluate_upscale([four, two], [photos])
    with pytest.raises(OptionError, match="'four'"):
        evaluate_upscale([four, four], [photos])
    with pytest.raises(OptionError, match="no model"):
        evaluate_upscale([], [photos])
    with pytest.raises(OptionError, match="'blurry'"):
        evaluate_upscale([four], [photos], degradations=["blurry"])
    with pytest.raises(ContractError, match="1 channels in"):
        evaluate_upscale([make_model("grey", channels=1)], [photos])


def test_x2_is_measured_at_x2(make_model: MakeModel, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    report = evaluate_upscale([make_model("two", scale=2)], [photos], degradations=["clean"])
    assert report.task.name == "upscale-x2"
    assert report.rows()[0].figures["psnr_y"] > 30


def test_figures_are_pooled_over_pictures() -> None:
    report = EvaluationReport(ReportLayout("upscale-x4", "degradation", COLUMNS, ""), "CPU", {"bicubic": None})
    for number, seconds in enumerate((1.0, 2.0, 30.0)):
        figures = {
            "psnr_y": 20.0 + number,
            "ssim": 0.5,
            "lpips": 0.1,
            "vgg": 0.1,
            "efficientnet": 0.1,
            "niqe": math.nan,
        }
        report.measurements.append(Measurement("bicubic", "set", "clean", str(number), figures | {"s_per_mp": seconds}))
    (row,) = report.rows()
    assert row.figures["psnr_y"] == pytest.approx(21)
    assert row.figures["s_per_mp"] == 2
    assert math.isnan(row.figures["niqe"])


def test_parameters_are_counted_wherever_they_are_kept(make_model: MakeModel) -> None:
    assert count_parameters(make_model("kept")) == 16 * 3 * 3
    assert count_parameters(make_model("inline", constant=True)) == 16 * 3 * 3


def test_speed_is_measured_against_the_first(make_model: MakeModel) -> None:
    speeds = benchmark_speed([make_model("one"), make_model("other")], size=(32, 32), repeats=3)
    assert [speed.model for speed in speeds] == ["one", "other"]
    assert speeds[0].ratio == 1
    for speed in speeds:
        assert 0 < speed.best_s <= speed.median_s
        assert speed.mp_per_s == pytest.approx(128 * 128 / 1e6 / speed.median_s)
    assert [line.split(" |")[0] for line in speed_table(speeds).splitlines()[2:]] == ["| one", "| other"]


def test_infinite_figures_are_null_in_json(
    make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    folder = tmp_path / "flat"
    folder.mkdir()
    cv2.imwrite(str(folder / "flat.png"), np.full((100, 100, 3), 128, np.uint8))
    report = evaluate_upscale([make_model("nearest")], [folder], degradations=["clean"])
    assert [one.figures["psnr_y"] for one in report.measurements] == [math.inf, math.inf]
    assert [row["figures"]["psnr_y"] for row in json.loads(report.to_json())["rows"]] == [None, None]


def test_speed_needs_no_torch() -> None:
    code = "import sys, ganfx.evaluation.speed; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pictures_as_they_are_are_shown_and_have_no_figure_that_needs_an_original(
    make_model: MakeModel, tmp_path: Path
) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    for number in range(10):
        cv2.imwrite(str(folder / f"{number}.png"), scene(70, 74, number))
    report = evaluate_upscale([make_model("twice")], [], real=folder)
    assert {one.case for one in report.measurements} == {"as they are"}
    assert all(math.isnan(one.figures["psnr_y"]) for one in report.measurements)
    sheet = report.sheets["as they are"]
    assert list(sheet.headings) == ["input", "bicubic", "twice"]
    assert len(sheet.rows) == 10
    assert sheet.rows[0][0].pixels.shape == (280, 296, 3)


def test_nothing_to_judge_by_is_an_error(make_model: MakeModel) -> None:
    with pytest.raises(OptionError, match="no pictures"):
        evaluate_upscale([make_model("twice")], [])
