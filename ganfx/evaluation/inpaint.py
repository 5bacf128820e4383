"""`ganfx eval inpaint`: cut holes into good pictures, have every method fill them, compare with the originals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.errors import MaskError, OptionError
from ganfx.evaluation.base import Evaluation, Result, Say, run_timed
from ganfx.evaluation.holes import MaskFolder, MaskSource, drawn
from ganfx.evaluation.masks import KINDS
from ganfx.evaluation.methods import Method, OpenedModel, open_models
from ganfx.evaluation.metrics import psnr, seam
from ganfx.evaluation.protocol import MIN_SIDE, Sample, eight_bit, samples_of
from ganfx.evaluation.reference import EFFICIENTNET, EFFICIENTNET_LEGEND, ReferenceMetrics, say_missing
from ganfx.evaluation.report import Column, EvaluationReport, ReportLayout
from ganfx.evaluation.resample import fitted
from ganfx.evaluation.sheet import Cell, Sheet, around
from ganfx.imaging.picture import Floats, Mask, Picture
from ganfx.paths import features_dir

# The usual size of published figures.
MAX_SIDE = 512
CELL = 288
# Holes of a larger share of the picture are shown with all of it, shrunk.
CLOSE_UP = 0.2
HOLE_COLOR = np.array([1, 0, 1], np.float32)
RADIUS = 3

COLUMNS = (
    Column("hole", "hole %", ".1f", np.mean, None),
    Column("lpips", "LPIPS", ".4f", np.mean, min),
    Column("vgg", "VGG", ".4f", np.mean, min),
    EFFICIENTNET,
    Column("psnr_hole", "PSNR hole", ".2f", np.mean, max),
    Column("ssim", "SSIM", ".4f", np.mean, max),
    Column("seam", "seam", ".3f", np.mean, min),
    Column("outside", "outside", ".3g", max, None),
    Column("seconds", "s", ".3f", np.median, None),
)
LEGEND = (
    f"Pictures: the middle {MAX_SIDE}x{MAX_SIDE}. LPIPS (lower is better): SqueezeNet v0.1, of the whole picture. "
    f"VGG (lower): distance of VGG-19 features. {EFFICIENTNET_LEGEND} PSNR (higher): of RGB, in the hole alone; it"
    " prefers blur. SSIM (higher): on BT.601 luma, of the whole. seam (1 is unseen): mean step across the hole's "
    "edge over the mean step beside it. outside: largest change of a pixel that was to be kept, in levels of 255."
    " s: median seconds for a picture, all work included."
)


def evaluate_inpaint(
    models: Sequence[str | Path],
    sets: Sequence[Path],
    *,
    kinds: Sequence[str] = (),
    masks: Path | None = None,
    invert_masks: bool = False,
    limit: int | None = None,
    options: EngineOptions | None = None,
    say: Say = lambda line: None,
) -> EvaluationReport:
    """Compare `models`, names or .onnx files, by filling holes in folders of good pictures, beside OpenCV.

    The holes are drawn, by `kinds` or all there are, or come from the folder `masks` (see `MaskFolder`).
    `limit` takes the first so many pictures of each folder. LPIPS and VGG need the folder that GANFX_FEATURES
    names. A picture that cannot be judged is said and left out. Raises OptionError where nothing can be compared,
    and what finding and opening the models raises.
    """
    if masks and kinds:
        raise OptionError("masks are either drawn or read", hint="leave out the folder or the kinds")
    folder = MaskFolder(masks, invert=invert_masks, max_side=MAX_SIDE) if masks else None
    samples = samples_of(sets, limit, without=folder.paths if folder else ())
    cases = {folder.name: folder} if folder else drawn(kinds or tuple(KINDS))
    opened = open_models(models, options or EngineOptions(), task="inpaint", baselines=tuple(BASELINES))
    networks = [model.method(_filling(model)) for model in opened]
    say_missing(say)
    return compete(networks, samples, cases, say)


def compete(
    networks: Sequence[Method], samples: Sequence[Sample], cases: Mapping[str, MaskSource], say: Say
) -> EvaluationReport:
    """The report of the baselines and `networks`, which take rgb (H, W, 3) and a mask (H, W), on every case."""
    baselines = [Method(name, fill) for name, fill in BASELINES.items()]
    return _InpaintEvaluation([*baselines, *networks], cases).evaluate_all(samples, say)


def _filling(model: OpenedModel) -> Callable[[Floats, Mask], Floats]:
    """The whole filter with this network, as users run it."""

    def fill(rgb: Floats, mask: Mask) -> Floats:
        path, engine = str(model.path), model.engine.options
        return pipeline.apply(Picture(rgb), "inpaint", mask=mask, model=path, engine=engine).rgb

    return fill


def mean_color(rgb: Floats, mask: Mask) -> Floats:
    """The hole in the mean color of the rest: the lowest bar for all figures."""
    hole = mask > 0
    return np.asarray(np.where(hole[..., None], eight_bit(rgb[~hole].mean(axis=0)), rgb), np.float32)


def _opencv(method: int) -> Callable[[Floats, Mask], Floats]:
    def fill(rgb: Floats, mask: Mask) -> Floats:
        pixels = np.rint(rgb * 255).astype(np.uint8)
        return np.asarray(cv2.inpaint(pixels, mask.astype(np.uint8), RADIUS, method) / np.float32(255), np.float32)

    return fill


# The sheets show SHOWN_BASELINE alone; the others look worse, or the same.
SHOWN_BASELINE = "opencv-ns"
BASELINES: Mapping[str, Callable[[Floats, Mask], Floats]] = {
    "mean-color": mean_color,
    "opencv-telea": _opencv(cv2.INPAINT_TELEA),
    SHOWN_BASELINE: _opencv(cv2.INPAINT_NS),
}


class _InpaintEvaluation(Evaluation):
    def __init__(self, methods: list[Method], cases: Mapping[str, MaskSource]) -> None:
        self.cases = cases
        self.metrics = ReferenceMetrics(features_dir())
        self.shown = [one.name for one in methods if one.name not in BASELINES or one.name == SHOWN_BASELINE]
        mask = np.zeros((MIN_SIDE, MIN_SIDE), np.float32)
        mask[MIN_SIDE // 2 :, MIN_SIDE // 2 :] = 1
        super().__init__(
            ReportLayout("inpaint", "masks", COLUMNS, LEGEND),
            methods,
            {case: Sheet(["input", *self.shown, "truth"], CELL) for case in cases},
            warm_up=(np.full((MIN_SIDE, MIN_SIDE, 3), 0.5, np.float32), mask),
        )

    def add(self, sample: Sample, shown: bool) -> None:
        """Cut holes of every case into one picture, have them filled, and measure."""
        truth = sample.read(max_side=MAX_SIDE)
        self.metrics.set_reference(truth)
        for case, mask_of in self.cases.items():
            mask = mask_of(sample, truth.shape[:2])
            if not 0 < mask.mean() < 1:
                raise MaskError("its mask is all white or all black")
            results = {one.name: self._measure(one, truth, mask) for one in self.methods}
            self.record(sample, case, {name: figures for name, (_, figures) in results.items()})
            if shown:
                self.report.sheets[case].rows.append(self._row(sample, truth, mask, results))

    def _measure(self, method: Method, truth: Floats, mask: Mask) -> Result:
        hole = mask > 0
        # Grey in the hole: no method gets to know the true pixels.
        given = np.where(hole[..., None], np.float32(0.5), truth)
        raw, output, seconds = run_timed(method, given, mask)
        figures = self.metrics.figures(output)
        return output, {
            "hole": 100 * float(hole.mean()),
            "lpips": figures["lpips"],
            "vgg": figures["vgg"],
            "efficientnet": figures["efficientnet"],
            "psnr_hole": psnr(*(rgb[hole].astype(np.float64) * 255 for rgb in (output, truth))),
            "ssim": figures["ssim"],
            "seam": seam(output, hole),
            "outside": 255 * float(np.abs(raw - truth)[~hole].max()),
            "seconds": seconds,
        }

    def _row(self, sample: Sample, truth: Floats, mask: Mask, results: Mapping[str, Result]) -> list[Cell]:
        piece = around(mask, CELL if mask.mean() < CLOSE_UP else MAX_SIDE)
        marked = np.where(mask[..., None] > 0, HOLE_COLOR, truth)
        cells = [Cell(fitted(marked[piece], CELL), f"{sample.set} {sample.name}")]
        for name in self.shown:
            output, figures = results[name]
            caption = f"LPIPS {figures['lpips']:.4f}  hole {figures['psnr_hole']:.1f} dB"
            cells.append(Cell(fitted(output[piece], CELL), caption))
        return [*cells, Cell(fitted(truth[piece], CELL), "")]
