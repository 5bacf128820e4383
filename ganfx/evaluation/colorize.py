"""`ganfx eval colorize`: turn good pictures grey, have every method color them, compare with the originals."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.errors import ItemError
from ganfx.evaluation.base import Evaluation, Result, Say, run_timed
from ganfx.evaluation.degradations import DEGRADATIONS, turn_grey
from ganfx.evaluation.methods import Method, OpenedModel, open_models
from ganfx.evaluation.metrics import chroma_error, colorfulness, psnr
from ganfx.evaluation.protocol import MIN_SIDE, Sample, check_names, samples_of
from ganfx.evaluation.reference import EFFICIENTNET, EFFICIENTNET_LEGEND, NAN, ReferenceMetrics, say_missing
from ganfx.evaluation.report import Column, EvaluationReport, ReportLayout
from ganfx.evaluation.resample import fitted
from ganfx.evaluation.sheet import Cell, Sheet
from ganfx.imaging.color import lab_of, lightness_of, with_chroma
from ganfx.imaging.picture import Floats, Picture, PictureInfo
from ganfx.paths import features_dir

MAX_SIDE = 512
CELL = 320
SHEET_ROWS = 10
# Pictures with less count as grey, and are left out.
LEAST_COLORFULNESS = 2.0

GREY, MEAN_CHROMA, TRUTH = "grey", "mean-chroma", "truth"
COLUMNS = (
    Column("ab_error", "ab error", ".2f", np.mean, min),
    Column("ab_mae", "ab MAE", ".2f", np.mean, min),
    Column("lpips", "LPIPS", ".4f", np.mean, min),
    Column("vgg", "VGG", ".4f", np.mean, min),
    EFFICIENTNET,
    Column("psnr", "PSNR", ".2f", np.mean, max),
    Column("colorfulness", "colorfulness", ".1f", np.mean, None),
    Column("colorfulness_gap", "gap", ".1f", np.mean, min),
    Column("lightness_change", "L change", ".2f", np.mean, None),
    Column("seconds", "s", ".3f", np.median, None),
)
LEGEND = (
    f"Pictures: whole, shrunk by area to a long side of {MAX_SIDE}. Looks: plain is the luminance (Rec. 709); old "
    "is a scan of an old print, which hardly saw red, has another gamma, and is faded, soft and grainy. ab error "
    "(lower is better): mean distance of (`a*`, `b*`) from the original's; ab MAE (lower): mean difference of "
    "`a*` and of `b*`, each for itself. LPIPS (lower): SqueezeNet v0.1. VGG (lower): distance of VGG-19 features."
    f" {EFFICIENTNET_LEGEND} PSNR (higher): of RGB; it prefers dull colors. These four compare with the original,"
    " and where the degradation is old with the original's colors in the old print's light. colorfulness: of "
    f"Hasler and Suesstrunk, {TRUTH} being the originals; gap (lower): its mean distance from the original's. L "
    f"change: mean change of `L*` from the grey picture's. {MEAN_CHROMA}: the grey picture in one color, the mean "
    "`a*` and `b*` of all originals, which nobody knows beforehand. s: median seconds for a picture, all work "
    "included."
)


def evaluate_colorize(
    models: Sequence[str | Path],
    sets: Sequence[Path],
    *,
    degradations: Sequence[str] = (),
    limit: int | None = None,
    options: EngineOptions | None = None,
    say: Say = lambda line: None,
) -> EvaluationReport:
    """Compare `models`, names or .onnx files, by coloring good pictures turned grey, by `degradations` or all.

    `limit` takes the first so many pictures of each folder. LPIPS and VGG need the folder that GANFX_FEATURES
    names. A picture that cannot be judged is said and left out. Raises OptionError where nothing can be compared,
    and what finding and opening the models raises.
    """
    check_names(degradations, DEGRADATIONS, "look")
    samples = samples_of(sets, limit)
    names = (GREY, MEAN_CHROMA, TRUTH)
    opened = open_models(models, options or EngineOptions(), task="colorize", baselines=names)
    say_missing(say)
    return compete([model.method(_coloring(model)) for model in opened], samples, degradations, say)


def compete(
    networks: Sequence[Method], samples: Sequence[Sample], degradations: Sequence[str], say: Say
) -> EvaluationReport:
    """The report of the baselines and `networks`, which take grey rgb (H, W, 3), on `degradations` or all of them."""
    chroma = _mean_chroma(samples)
    baselines = [
        Method(GREY, lambda grey: grey),
        Method(MEAN_CHROMA, lambda grey: with_chroma(grey, np.broadcast_to(chroma, (*grey.shape[:2], 2)))),
    ]
    names = [one.name for one in networks]
    evaluation = _ColorizeEvaluation([*baselines, *networks], names, degradations or tuple(DEGRADATIONS))
    return evaluation.evaluate_all(samples, say)


def _coloring(model: OpenedModel) -> Callable[[Floats], Floats]:
    """The whole filter with this network, as users run it."""

    def color(grey: Floats) -> Floats:
        path, engine = str(model.path), model.engine.options
        return pipeline.apply(Picture(grey, info=PictureInfo(grey=True)), "colorize", model=path, engine=engine).rgb

    return color


@dataclass(frozen=True)
class _Truth:
    """An original: rgb (H, W, 3), its a* and b* (H, W, 2) and how colorful it is."""

    rgb: Floats
    chroma: Floats
    colorfulness: float

    @classmethod
    def of(cls, sample: Sample) -> _Truth:
        """Raises ItemError where the picture cannot be read, or is grey."""
        rgb = sample.shrunk(MAX_SIDE)
        found = cls(rgb, lab_of(rgb)[..., 1:], colorfulness(rgb))
        if found.colorfulness < LEAST_COLORFULNESS:
            raise ItemError("has no colors to compare with")
        return found


def _mean_chroma(samples: Sequence[Sample]) -> Floats:
    """The mean a* and b* (2,) of all originals, each counting the same."""
    means = []
    for sample in samples:
        with contextlib.suppress(ItemError):  # said when it is the picture's turn
            means.append(_Truth.of(sample).chroma.mean((0, 1)))
    return np.asarray(np.mean(means or np.zeros((1, 2)), axis=0), np.float32)


class _ColorizeEvaluation(Evaluation):
    sheet_rows = SHEET_ROWS

    def __init__(self, methods: list[Method], shown: list[str], degradations: Sequence[str]) -> None:
        self.shown, self.degradations = shown, degradations
        self.metrics = ReferenceMetrics(features_dir())
        super().__init__(
            ReportLayout("colorize", "look", COLUMNS, LEGEND),
            methods,
            {degradation: Sheet([GREY, *shown, TRUTH], CELL) for degradation in degradations},
            warm_up=(np.full((MIN_SIDE, MIN_SIDE, 3), 0.5, np.float32),),
            references=[TRUTH],
        )

    def add(self, sample: Sample, shown: bool) -> None:
        """Turn one picture grey in every way, have it colored, and measure."""
        truth = _Truth.of(sample)
        for degradation in self.degradations:
            grey, answer = turn_grey(truth.rgb, degradation, sample.name)
            self.metrics.set_reference(answer)
            results = {one.name: self._measure(one, grey, answer, truth) for one in self.methods}
            measured = {name: figures for name, (_, figures) in results.items()}
            measured[TRUTH] = {c.figure: NAN for c in COLUMNS} | {"colorfulness": truth.colorfulness}
            self.record(sample, degradation, measured)
            if shown:
                self.report.sheets[degradation].rows.append(self._row(sample, grey, truth, results))

    def _measure(self, method: Method, grey: Floats, answer: Floats, truth: _Truth) -> Result:
        _, output, seconds = run_timed(method, grey)
        lab, figures = lab_of(output), self.metrics.figures(output)
        colorful = colorfulness(output)
        return output, {
            "ab_error": chroma_error(lab[..., 1:], truth.chroma),
            "ab_mae": float(np.abs(lab[..., 1:] - truth.chroma).mean()),
            "lpips": figures["lpips"],
            "vgg": figures["vgg"],
            "efficientnet": figures["efficientnet"],
            "psnr": psnr(*(rgb.astype(np.float64) * 255 for rgb in (output, answer))),
            "colorfulness": colorful,
            "colorfulness_gap": abs(colorful - truth.colorfulness),
            "lightness_change": float(np.abs(lab[..., 0] - lightness_of(grey)).mean()),
            "seconds": seconds,
        }

    def _row(self, sample: Sample, grey: Floats, truth: _Truth, results: Mapping[str, Result]) -> list[Cell]:
        cells = [Cell(fitted(grey, CELL), f"{sample.set} {sample.name}")]
        for name in self.shown:
            output, figures = results[name]
            caption = f"a*b* error {figures['ab_error']:.1f}  colorfulness {figures['colorfulness']:.0f}"
            cells.append(Cell(fitted(output, CELL), caption))
        return [*cells, Cell(fitted(truth.rgb, CELL), f"colorfulness {truth.colorfulness:.0f}")]
