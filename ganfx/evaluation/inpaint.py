"""`ganfx eval inpaint`: cut holes into good pictures, have every method fill them, compare with the originals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.errors import MaskError, OptionError
from ganfx.evaluation.evaluate_all import Say, evaluate_all
from ganfx.evaluation.holes import MaskFolder, MaskOf, drawn
from ganfx.evaluation.judge import Judge
from ganfx.evaluation.masks import KINDS
from ganfx.evaluation.methods import Method, OpenedModel, devices, open_models
from ganfx.evaluation.metrics import psnr
from ganfx.evaluation.protocol import MIN_SIDE, Sample, eight_bit, samples_of
from ganfx.evaluation.report import Column, EvaluationReport, Measurement, ReportLayout
from ganfx.evaluation.resample import fitted
from ganfx.evaluation.sheet import Cell, Sheet, around
from ganfx.imaging.picture import Floats, Mask, Picture
from ganfx.paths import features_dir

# What published figures are measured at.
MAX_SIDE = 512
CELL = 288
# A hole of a larger share is shown with the whole picture around it, shrunk.
CLOSE_UP = 0.2
HOLE_COLOR = np.array([1, 0, 1], np.float32)
RADIUS = 3

COLUMNS = (
    Column("hole", "hole %", ".1f", np.mean, None),
    Column("lpips", "LPIPS", ".4f", np.mean, min),
    Column("vgg", "VGG", ".4f", np.mean, min),
    Column("psnr_hole", "PSNR hole", ".2f", np.mean, max),
    Column("ssim", "SSIM", ".4f", np.mean, max),
    Column("outside", "outside", ".3g", max, None),
    Column("seconds", "s", ".3f", np.median, None),
)
LEGEND = (
    f"Pictures: the middle {MAX_SIDE}x{MAX_SIDE}. LPIPS (lower is better): SqueezeNet v0.1, of the whole picture. VGG "
    "(lower): distance of VGG-19 features, not used in training. PSNR (higher): of RGB, in the hole alone; it prefers "
    "blur. SSIM (higher): on BT.601 luma, of the whole. outside: largest change of a pixel that was to be kept, in "
    "levels of 255. s: median seconds for a picture, all work included."
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
    """Judge `models`, names or .onnx files, by filling holes in folders of good pictures, beside OpenCV.

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
    if features_dir() is None:
        say("GANFX_FEATURES names no folder: LPIPS and VGG are left out")
    return compete(networks, samples, cases, say)


def compete(
    networks: Sequence[Method], samples: Sequence[Sample], cases: Mapping[str, MaskOf], say: Say
) -> EvaluationReport:
    """The report of the baselines and `networks`, which take rgb (H, W, 3) and a mask (H, W), on every case."""
    run = _InpaintEvaluation([*(Method(name, fill) for name, fill in BASELINES.items()), *networks], cases)
    return evaluate_all(run.report, samples, run.add, say)


def _filling(model: OpenedModel) -> Callable[[Floats, Mask], Floats]:
    """The whole filter with this network, as users run it."""

    def fill(rgb: Floats, mask: Mask) -> Floats:
        path, engine = str(model.path), model.engine.options
        return pipeline.apply(Picture(rgb), "inpaint", mask=mask, model=path, engine=engine).rgb

    return fill


def mean_color(rgb: Floats, mask: Mask) -> Floats:
    """The hole in the mean of what is around it: what a figure must beat to mean anything."""
    hole = mask > 0
    return np.asarray(np.where(hole[..., None], eight_bit(rgb[~hole].mean(axis=0)), rgb), np.float32)


def _opencv(method: int) -> Callable[[Floats, Mask], Floats]:
    def fill(rgb: Floats, mask: Mask) -> Floats:
        pixels = np.rint(rgb * 255).astype(np.uint8)
        return np.asarray(cv2.inpaint(pixels, mask.astype(np.uint8), RADIUS, method) / np.float32(255), np.float32)

    return fill


# What anybody can run instead; the sheets show SHOWN_BASELINE, since the others look worse or alike.
SHOWN_BASELINE = "opencv-ns"
BASELINES: Mapping[str, Callable[[Floats, Mask], Floats]] = {
    "mean-color": mean_color,
    "opencv-telea": _opencv(cv2.INPAINT_TELEA),
    SHOWN_BASELINE: _opencv(cv2.INPAINT_NS),
}


@dataclass
class _InpaintEvaluation:
    methods: list[Method]
    cases: Mapping[str, MaskOf]

    def __post_init__(self) -> None:
        self.judge = Judge(features_dir())
        self.shown = [one.name for one in self.methods if one.name not in BASELINES or one.name == SHOWN_BASELINE]
        self.report = EvaluationReport(
            ReportLayout("inpaint", "masks", COLUMNS, LEGEND),
            devices(self.methods),
            {one.name: one.parameters for one in self.methods},
            sheets={case: Sheet(["input", *self.shown, "truth"], CELL) for case in self.cases},
        )
        mask = np.zeros((MIN_SIDE, MIN_SIDE), np.float32)
        mask[MIN_SIDE // 2 :, MIN_SIDE // 2 :] = 1
        for one in self.methods:
            one.run(np.full((MIN_SIDE, MIN_SIDE, 3), 0.5, np.float32), mask)  # what a first run sets up is not timed

    def add(self, sample: Sample, shown: bool) -> None:
        """Cut holes of every case into one picture, have them filled, and judge."""
        truth = sample.read(max_side=MAX_SIDE)
        self.judge.look_at(truth)
        for case, mask_of in self.cases.items():
            mask = mask_of(sample, truth.shape[:2])
            if not 0 < mask.mean() < 1:
                raise MaskError("its mask is all white or all black")
            results = [self._measure(method, truth, mask) for method in self.methods]
            for method, (_, figures) in zip(self.methods, results, strict=True):
                self.report.measurements.append(Measurement(method.name, sample.set, case, sample.name, figures))
            if shown:
                drawings = {one.name: result for one, result in zip(self.methods, results, strict=True)}
                self.report.sheets[case].rows.append(self._row(sample, truth, mask, drawings))

    def _measure(self, method: Method, truth: Floats, mask: Mask) -> tuple[Floats, dict[str, float]]:
        hole = mask > 0
        # Nobody is handed what the hole hides: whatever of it came back would flatter the figures.
        given = np.where(hole[..., None], np.float32(0.5), truth)
        raw, seconds = method.timed(given, mask)
        output = eight_bit(raw)
        figures = self.judge.figures(output)
        return output, {
            "hole": 100 * float(hole.mean()),
            "lpips": figures["lpips"],
            "vgg": figures["vgg"],
            "psnr_hole": psnr(*(rgb[hole].astype(np.float64) * 255 for rgb in (output, truth))),
            "ssim": figures["ssim"],
            "outside": 255 * float(np.abs(raw - truth)[~hole].max()),
            "seconds": seconds,
        }

    def _row(
        self, sample: Sample, truth: Floats, mask: Mask, results: Mapping[str, tuple[Floats, dict[str, float]]]
    ) -> list[Cell]:
        piece = around(mask, CELL if mask.mean() < CLOSE_UP else MAX_SIDE)
        marked = np.where(mask[..., None] > 0, HOLE_COLOR, truth)
        cells = [Cell(fitted(marked[piece], CELL), f"{sample.set} {sample.name}")]
        for name in self.shown:
            output, figures = results[name]
            caption = f"LPIPS {figures['lpips']:.4f}  hole {figures['psnr_hole']:.1f} dB"
            cells.append(Cell(fitted(output[piece], CELL), caption))
        return [*cells, Cell(fitted(truth[piece], CELL), "")]
