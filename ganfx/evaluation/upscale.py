"""`ganfx eval upscale`: enlarge degraded pictures with every method and compare with the originals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np

from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.errors import ContractError, OptionError
from ganfx.evaluation.base import Evaluation, Result, Say, run_timed
from ganfx.evaluation.methods import Method, common_scale, open_models
from ganfx.evaluation.metrics import luma
from ganfx.evaluation.niqe import Niqe
from ganfx.evaluation.protocol import DEGRADATIONS, MAX_SIDE, MIN_SIDE, Sample, check_names, degrade, samples_of
from ganfx.evaluation.reference import EFFICIENTNET, EFFICIENTNET_LEGEND, NAN, ReferenceMetrics, say_missing
from ganfx.evaluation.report import Column, EvaluationReport, ReportLayout
from ganfx.evaluation.resample import bicubic
from ganfx.evaluation.sheet import Cell, Sheet, busiest, enlarged_pixels
from ganfx.hub import find_model
from ganfx.imaging.picture import Floats, Picture
from ganfx.paths import features_dir

BASELINE = "bicubic"
# The case of pictures that were not degraded for this.
AS_THEY_ARE = "as they are"
REAL_CELL = 384
# Whether what is estimated to be noisy is cleaned first.
CLEANED = "auto"
CLEANING = (CLEANED, "off")
COLUMNS = (
    Column("psnr_y", "PSNR-Y", ".2f", np.mean, max),
    Column("ssim", "SSIM", ".4f", np.mean, max),
    Column("lpips", "LPIPS", ".4f", np.mean, min),
    Column("vgg", "VGG", ".4f", np.mean, min),
    EFFICIENTNET,
    Column("niqe", "NIQE", ".2f", np.nanmean, min),
    Column("s_per_mp", "s/MP", ".3f", np.median, None),
)
# The figures that need the original.
REFERENCED = ("psnr_y", "ssim", "lpips", "vgg", EFFICIENTNET.figure)
LEGEND = (
    "PSNR and SSIM (higher is better): on BT.601 luma, without as many border pixels as the scale. LPIPS (lower):"
    f" SqueezeNet v0.1. VGG (lower): distance of VGG-19 features. {EFFICIENTNET_LEGEND} NIQE (lower): needs no "
    "original. s/MP: median seconds for each megapixel of output."
)


def evaluate_upscale(
    models: Sequence[str | Path],
    sets: Sequence[Path],
    *,
    degradations: Sequence[str] = tuple(DEGRADATIONS),
    cleaning: Sequence[str] = ("auto",),
    real: Path | None = None,
    limit: int | None = None,
    options: EngineOptions | None = None,
    say: Say = lambda line: None,
) -> EvaluationReport:
    """Compare `models`, names or .onnx files of one scale, on folders of good pictures, beside bicubic.

    `real` is a folder of pictures to be enlarged as they are: there is no truth, so they are all shown, and NIQE is
    their only figure. `cleaning` is some of `CLEANING`, values of the filter's option `clean`; each model is a method
    with each. `limit` takes the first so many pictures of each folder of good ones. LPIPS, VGG and NIQE need the folder
    that GANFX_FEATURES names. A picture that cannot be read is said and left out. Raises OptionError where nothing can
    be compared, and what finding and opening the models raises.
    """
    check_names(degradations, DEGRADATIONS, "degradation")
    check_names(cleaning, CLEANING, "cleaning")
    shown = samples_of([real]) if real else []
    samples = [*(samples_of(sets, limit) if sets else []), *shown]
    if not samples:
        raise OptionError("no pictures to judge by", hint="give --set, or --real")
    scale, networks = _networks(models, cleaning, options or EngineOptions())
    say_missing(say)
    if features_dir() is None:
        say("GANFX_FEATURES names no folder: NIQE is left out")
    real_files = {one.path for one in shown}
    evaluation = _UpscaleEvaluation(scale, [_baseline(scale), *networks], tuple(degradations), real_files)
    return evaluation.evaluate_all(samples, say)


def _networks(
    models: Sequence[str | Path], cleaning: Sequence[str], options: EngineOptions
) -> tuple[int, list[Method]]:
    """The scale of all models, and the models. Raises ContractError where one is not for RGB."""
    opened = open_models(models, options, task="upscale", baselines=[BASELINE])
    for model in opened:
        spec = model.engine.spec
        if (spec.in_channels, spec.out_channels) != (3, 3):
            raise ContractError(
                f"{model.path.name}: has {spec.in_channels} channels in and {spec.out_channels} out; only RGB is judged"
            )
    (cleaner,) = open_models([find_model(task="clean")], options) if CLEANED in cleaning else (None,)
    methods = []
    for model in opened:
        for clean in cleaning:
            name = model.name if len(cleaning) == 1 else f"{model.name}, clean {clean}"
            run = _upscaler(model.path, clean, options)
            methods.append(model.method(run, name=name, cleaner=cleaner if clean == CLEANED else None))
    return common_scale(opened), methods


def _upscaler(path: Path, clean: str, options: EngineOptions) -> Callable[[Floats], Floats]:
    """The filter as users have it, with the network in `path`."""

    def upscale(low_res: Floats) -> Floats:
        return pipeline.apply(Picture(low_res), "upscale", model=str(path), engine=options, clean=clean).rgb

    return upscale


def _baseline(scale: int) -> Method:
    """Bicubic enlargement."""

    def upscale(low_res: Floats) -> Floats:
        height, width = low_res.shape[:2]
        return bicubic(low_res, height * scale, width * scale)

    return Method(BASELINE, upscale)


class _UpscaleEvaluation(Evaluation):
    def __init__(
        self, scale: int, methods: list[Method], degradations: tuple[str, ...], real: Collection[Path] = ()
    ) -> None:
        features = features_dir()
        self.scale, self.degradations, self.real = scale, degradations, real
        self.metrics = ReferenceMetrics(features, scale)
        self.niqe = Niqe(features) if features else None
        headings = ["input", *(one.name for one in methods), "truth"]
        sheets = {name: Sheet(headings) for name in degradations}
        if real:
            sheets[AS_THEY_ARE] = Sheet(headings[:-1], REAL_CELL)
        side = MIN_SIDE // scale
        super().__init__(
            ReportLayout(f"upscale-x{scale}", "degradation", COLUMNS, LEGEND),
            methods,
            sheets,
            warm_up=(np.zeros((side, side, 3), np.float32),),
        )

    def add(self, sample: Sample, shown: bool) -> None:
        """Enlarge one picture under every degradation, and measure; or as it is, and show."""
        if sample.path in self.real:
            self._add_real(sample)
            return
        truth = sample.read(self.scale)
        self.metrics.set_reference(truth)
        piece = busiest(truth, self.scale)
        for degradation in self.degradations:
            low_res = degrade(truth, self.scale, degradation, sample.name)
            results = {one.name: self._measure(one, low_res) for one in self.methods}
            self.record(sample, degradation, {name: figures for name, (_, figures) in results.items()})
            if shown:
                given = Cell(enlarged_pixels(low_res, self.scale)[piece], f"{sample.set} {sample.name}")
                cells = [
                    Cell(output[piece], f"{figures['psnr_y']:.1f} dB  LPIPS {figures['lpips']:.3f}")
                    for output, figures in results.values()
                ]
                self.report.sheets[degradation].rows.append([given, *cells, Cell(truth[piece], "")])

    def _add_real(self, sample: Sample) -> None:
        given = sample.read(max_side=MAX_SIDE // self.scale)
        enlarged, figures = {}, {}
        for one in self.methods:
            _, output, seconds = run_timed(one, given)
            enlarged[one.name], figures[one.name] = output, self._seen(output, seconds)
        self.record(sample, AS_THEY_ARE, {name: dict.fromkeys(REFERENCED, NAN) | own for name, own in figures.items()})
        pixels = enlarged_pixels(given, self.scale)
        piece = busiest(pixels, self.scale, REAL_CELL)
        cells = [Cell(output[piece], f"NIQE {figures[name]['niqe']:.2f}") for name, output in enlarged.items()]
        self.report.sheets[AS_THEY_ARE].rows.append([Cell(pixels[piece], sample.name), *cells])

    def _measure(self, method: Method, low_res: Floats) -> Result:
        _, output, seconds = run_timed(method, low_res)
        return output, {**self.metrics.figures(output), **self._seen(output, seconds)}

    def _seen(self, output: Floats, seconds: float) -> dict[str, float]:
        """What can be measured without the original."""
        niqe = self.niqe(luma(output, self.scale)) if self.niqe else NAN
        return {"niqe": niqe, "s_per_mp": seconds / (output.shape[0] * output.shape[1] / 1e6)}
