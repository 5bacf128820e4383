"""`ganfx eval upscale`: enlarge degraded pictures with every method and compare with the originals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganfx.engine import EngineOptions
from ganfx.errors import ContractError
from ganfx.evaluation.evaluate_all import Say, evaluate_all
from ganfx.evaluation.judge import NAN, Judge
from ganfx.evaluation.methods import Method, common_scale, devices, open_models
from ganfx.evaluation.metrics import luma
from ganfx.evaluation.niqe import Niqe
from ganfx.evaluation.protocol import DEGRADATIONS, MIN_SIDE, Sample, check_names, degrade, eight_bit, samples_of
from ganfx.evaluation.report import Column, EvaluationReport, Measurement, ReportLayout
from ganfx.evaluation.resample import bicubic
from ganfx.evaluation.sheet import Cell, Sheet, busiest, enlarged_pixels
from ganfx.imaging.picture import Floats
from ganfx.paths import features_dir

BASELINE = "bicubic"
COLUMNS = (
    Column("psnr_y", "PSNR-Y", ".2f", np.mean, max),
    Column("ssim", "SSIM", ".4f", np.mean, max),
    Column("lpips", "LPIPS", ".4f", np.mean, min),
    Column("vgg", "VGG", ".4f", np.mean, min),
    Column("niqe", "NIQE", ".2f", np.nanmean, min),
    Column("s_per_mp", "s/MP", ".3f", np.median, None),
)
LEGEND = (
    "PSNR and SSIM (higher is better): on BT.601 luma, without as many border pixels as the scale. LPIPS (lower): "
    "SqueezeNet v0.1. VGG (lower): distance of VGG-19 features, not used in training. NIQE (lower): needs no "
    "original. s/MP: median seconds for each megapixel of output."
)


def evaluate_upscale(
    models: Sequence[str | Path],
    sets: Sequence[Path],
    *,
    degradations: Sequence[str] = tuple(DEGRADATIONS),
    limit: int | None = None,
    options: EngineOptions | None = None,
    say: Say = lambda line: None,
) -> EvaluationReport:
    """Judge `models`, names or .onnx files of one scale, on folders of good pictures, beside bicubic.

    `limit` takes the first so many pictures of each folder. LPIPS, VGG and NIQE need the folder that
    GANFX_FEATURES names. A picture that cannot be read is said and left out. Raises OptionError where nothing
    can be compared, and what finding and opening the models raises.
    """
    check_names(degradations, DEGRADATIONS, "degradation")
    samples = samples_of(sets, limit)
    scale, networks = _networks(models, options or EngineOptions())
    if features_dir() is None:
        say("GANFX_FEATURES names no folder: LPIPS, VGG and NIQE are left out")
    run = _UpscaleEvaluation(scale, [_baseline(scale), *networks], tuple(degradations))
    return evaluate_all(run.report, samples, run.add, say)


def _networks(models: Sequence[str | Path], options: EngineOptions) -> tuple[int, list[Method]]:
    """The scale of all models, and the models. Raises ContractError where one is not for RGB."""
    opened = open_models(models, options, task="upscale", baselines=[BASELINE])
    for model in opened:
        spec = model.engine.spec
        if (spec.in_channels, spec.out_channels) != (3, 3):
            raise ContractError(
                f"{model.path.name}: has {spec.in_channels} channels in and {spec.out_channels} out; only RGB is judged"
            )
    return common_scale(opened), [model.method(model.engine.run) for model in opened]


def _baseline(scale: int) -> Method:
    """Bicubic enlargement, the one everybody has."""

    def upscale(low_res: Floats) -> Floats:
        height, width = low_res.shape[:2]
        return bicubic(low_res, height * scale, width * scale)

    return Method(BASELINE, upscale)


@dataclass
class _UpscaleEvaluation:
    scale: int
    methods: list[Method]
    degradations: tuple[str, ...]

    def __post_init__(self) -> None:
        features = features_dir()
        self.judge = Judge(features, self.scale)
        self.niqe = Niqe(features) if features else None
        headings = ["input", *(one.name for one in self.methods), "truth"]
        self.report = EvaluationReport(
            ReportLayout(f"upscale-x{self.scale}", "degradation", COLUMNS, LEGEND),
            devices(self.methods),
            {one.name: one.parameters for one in self.methods},
            sheets={name: Sheet(headings) for name in self.degradations},
        )
        side = MIN_SIDE // self.scale
        for one in self.methods:
            one.run(np.zeros((side, side, 3), np.float32))  # what a first run sets up is not timed

    def add(self, sample: Sample, shown: bool) -> None:
        """Enlarge and judge one picture under every degradation."""
        truth = sample.read(self.scale)
        self.judge.look_at(truth)
        piece = busiest(truth, self.scale)
        for degradation in self.degradations:
            low_res = degrade(truth, self.scale, degradation, sample.name)
            cells = [Cell(enlarged_pixels(low_res, self.scale)[piece], f"{sample.set} {sample.name}")]
            for method in self.methods:
                output, figures = self._measure(method, low_res)
                measurement = Measurement(method.name, sample.set, degradation, sample.name, figures)
                self.report.measurements.append(measurement)
                cells.append(Cell(output[piece], f"{figures['psnr_y']:.1f} dB  LPIPS {figures['lpips']:.3f}"))
            if shown:
                self.report.sheets[degradation].rows.append([*cells, Cell(truth[piece], "")])

    def _measure(self, method: Method, low_res: Floats) -> tuple[Floats, dict[str, float]]:
        raw, seconds = method.timed(low_res)
        output = eight_bit(raw)
        niqe = self.niqe(luma(output, self.scale)) if self.niqe else NAN
        s_per_mp = seconds / (output.shape[0] * output.shape[1] / 1e6)
        return output, {**self.judge.figures(output), "niqe": niqe, "s_per_mp": s_per_mp}
