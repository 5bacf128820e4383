"""`ganfx eval clean`: clean worn pictures with every method and compare with the originals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.evaluation.base import Evaluation, Say, run_timed
from ganfx.evaluation.methods import Method, OpenedModel, open_models
from ganfx.evaluation.protocol import MIN_SIDE, WEAR, Sample, check_names, degrade, samples_of
from ganfx.evaluation.reference import EFFICIENTNET, EFFICIENTNET_LEGEND, ReferenceMetrics, say_missing
from ganfx.evaluation.report import Column, EvaluationReport, ReportLayout
from ganfx.evaluation.sheet import Cell, Sheet, busiest
from ganfx.imaging.picture import Floats, Picture
from ganfx.paths import features_dir

INPUT, NLM = "input", "opencv-nlm"
COLUMNS = (
    Column("psnr_rgb", "PSNR-RGB", ".2f", np.mean, max),
    Column("ssim", "SSIM", ".4f", np.mean, max),
    Column("lpips", "LPIPS", ".4f", np.mean, min),
    Column("vgg", "VGG", ".4f", np.mean, min),
    EFFICIENTNET,
    Column("s_per_mp", "s/MP", ".3f", np.median, None),
)
LEGEND = (
    "noise: white, sigma 25 of 255; jpeg: quality 20, 4:2:0; worn: two rounds of blur, resize, noise and JPEG; "
    "none: the original. PSNR (higher is better) of RGB, SSIM of BT.601 luma. LPIPS (lower): SqueezeNet v0.1. VGG"
    f" (lower): distance of VGG-19 features. {EFFICIENTNET_LEGEND} A psnr of inf: some picture came back as the "
    f"original. s/MP: median seconds for each megapixel. {NLM}: non-local means of OpenCV, as strong as its noise "
    "estimate. An upscaler: its result, shrunk by area to the input's size."
)
# Noise in levels of 255 below which non-local means does nothing.
_LEAST_NOISE = 1.0
# Expected mean of the Laplacian's magnitude for white noise of sigma 1 (Immerkaer 1996).
_LAPLACIAN_MEAN = 6 * np.sqrt(2 / np.pi)


def evaluate_clean(
    models: Sequence[str | Path],
    sets: Sequence[Path],
    *,
    wear: Sequence[str] = tuple(WEAR),
    limit: int | None = None,
    options: EngineOptions | None = None,
    say: Say = lambda line: None,
) -> EvaluationReport:
    """Compare `models`, cleaners or upscalers by name or as .onnx files, beside the input and OpenCV.

    `limit` takes the first so many pictures of each folder. LPIPS and VGG need the folder that GANFX_FEATURES names.
    A picture that cannot be read is said and left out. Raises OptionError where nothing can be compared, and what
    finding and opening the models raises.
    """
    check_names(wear, WEAR, "wear")
    samples = samples_of(sets, limit)
    options = options or EngineOptions()
    opened = open_models(models, options, baselines=[INPUT, NLM])
    say_missing(say)
    methods = [Method(INPUT, lambda rgb: rgb), Method(NLM, non_local_means)]
    methods += [model.method(_cleaner(model, options)) for model in opened]
    return _CleanEvaluation(methods, tuple(wear)).evaluate_all(samples, say)


def _cleaner(model: OpenedModel, options: EngineOptions) -> Callable[[Floats], Floats]:
    """The filter as users have it or, of an upscaler, the shrunk result."""

    def clean(rgb: Floats) -> Floats:
        return pipeline.apply(Picture(rgb), "clean", model=str(model.path), engine=options).rgb

    def enlarge_and_shrink(rgb: Floats) -> Floats:
        size = (rgb.shape[1], rgb.shape[0])
        return np.asarray(cv2.resize(model.engine.run(rgb), size, interpolation=cv2.INTER_AREA), np.float32)

    return clean if model.engine.spec.task == "clean" else enlarge_and_shrink


def non_local_means(rgb: Floats) -> Floats:
    """OpenCV's non-local means (Buades et al. 2005) in color, as strong as the noise that is estimated."""
    pixels = np.rint(rgb * 255).astype(np.uint8)
    sigma = noise_of(rgb)
    if sigma < _LEAST_NOISE:
        return rgb
    return np.asarray(cv2.fastNlMeansDenoisingColored(pixels, None, sigma, sigma) / 255, np.float32)


def noise_of(rgb: Floats) -> float:
    """The standard deviation of white noise in rgb (H, W, 3), in levels of 255 (Immerkaer 1996)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(rgb * np.float32(255), -1, kernel))
    return float(response.mean() / _LAPLACIAN_MEAN)


class _CleanEvaluation(Evaluation):
    def __init__(self, methods: list[Method], wear: tuple[str, ...]) -> None:
        self.wear = wear
        self.metrics = ReferenceMetrics(features_dir())
        headings = [*(one.name for one in methods), "truth"]
        super().__init__(
            ReportLayout("clean", "wear", COLUMNS, LEGEND),
            methods,
            {name: Sheet(headings) for name in wear},
            warm_up=(np.zeros((MIN_SIDE, MIN_SIDE, 3), np.float32),),
        )

    def add(self, sample: Sample, shown: bool) -> None:
        """Clean one picture with every kind of wear, and measure."""
        truth = sample.read()
        self.metrics.set_reference(truth)
        piece = busiest(truth, 1)
        for wear in self.wear:
            given = degrade(truth, 1, wear, sample.name)
            results = {one.name: self._measure(one, given) for one in self.methods}
            self.record(sample, wear, {name: figures for name, (_, figures) in results.items()})
            if shown:
                cells = [
                    Cell(output[piece], f"{figures['psnr_rgb']:.1f} dB  LPIPS {figures['lpips']:.3f}")
                    for output, figures in results.values()
                ]
                self.report.sheets[wear].rows.append([*cells, Cell(truth[piece], f"{sample.set} {sample.name}")])

    def _measure(self, method: Method, given: Floats) -> tuple[Floats, dict[str, float]]:
        _, output, seconds = run_timed(method, given)
        s_per_mp = seconds / (output.shape[0] * output.shape[1] / 1e6)
        return output, {**self.metrics.figures(output), "s_per_mp": s_per_mp}
