"""`ganfx eval heal`: what finders take for damage, on sound photographs and on scans whose damage is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.errors import OptionError
from ganfx.evaluation.base import Evaluation, Say
from ganfx.evaluation.drawn_truth import DrawnTruth, read_truth
from ganfx.evaluation.methods import Method, OpenedModel, open_models
from ganfx.evaluation.protocol import MIN_SIDE, Sample, samples_of
from ganfx.evaluation.report import Column, EvaluationReport, ReportLayout
from ganfx.evaluation.resample import fitted
from ganfx.evaluation.sheet import Cell, Sheet
from ganfx.filters import CERTAIN, DOUBTFUL
from ganfx.imaging.picture import Floats, Mask, Picture

Pixels = NDArray[np.bool_]
SOUND, DAMAGED = "sound", "damaged"
# Pixels that what is found may lie beside the drawn damage.
TOLERANCE = 3
CELL = 320
COLORS = {CERTAIN: np.array([1, 0, 0], np.float32), DOUBTFUL: np.array([1, 0.8, 0], np.float32)}

COLUMNS = (
    Column("touched", "touched", ".0f", np.sum, min),
    Column("changed", "changed %", ".4f", np.mean, min),
    Column("false", "false/MP", ".2f", np.mean, min),
    Column("recall", "recall", ".3f", np.mean, max),
    Column("precision", "precision", ".3f", np.mean, max),
    Column("doubtful", "doubtful %", ".3f", np.mean, None),
    Column("seconds", "s", ".2f", np.median, None),
)
LEGEND = (
    "sound: pictures without damage; touched: how many of them the filter changes, changed: the share of their pixels "
    "that it fills, false: connected places for each megapixel. damaged: scans; recall: the share of the drawn damage "
    f"that is found, precision: the share of what is found that is drawn damage, both within {TOLERANCE} pixels and "
    "before `grow`; torn borders, and what the one who drew was not sure of, count neither way. doubtful: the share "
    "of pixels that is listed, not filled. s: median seconds for finding."
)


def evaluate_heal(
    finders: Sequence[str | Path],
    sets: Sequence[Path],
    *,
    scans: Path | None = None,
    truth: Path | None = None,
    settings: Mapping[str, object] | None = None,
    limit: int | None = None,
    options: EngineOptions | None = None,
    say: Say = lambda line: None,
) -> EvaluationReport:
    """Compare `finders`, by name or as .onnx files, on folders of sound pictures and on a folder of scans.

    `truth` is the file of the scans' drawn damage (see `read_truth`); pictures that it does not name are left out, and
    those without any damage in it count among the sound ones.
    `settings` are the filter's options. `limit` takes the first so many pictures of each folder of sound ones. Raises
    OptionError where nothing can be compared, and what finding and opening the models raises.
    """
    if (scans is None) != (truth is None):
        raise OptionError("scans need their drawn damage", hint="give both --scans and --truth, or none")
    drawn = read_truth(truth) if truth else {}
    known = [one for one in (samples_of([scans]) if scans else []) if one.path.name in drawn]
    damaged = {one.path for one in known if drawn[one.path.name].damage.any()}
    samples = [*(samples_of(sets, limit) if sets else []), *known]
    if not samples:
        raise OptionError("no pictures to judge by", hint="give --set, or --scans and --truth")
    options = options or EngineOptions()
    methods = [_method(model, settings or {}, options) for model in open_models(finders, options, task="scratches")]
    return _HealEvaluation(methods, drawn, damaged, options).evaluate_all(samples, say)


def _method(model: OpenedModel, settings: Mapping[str, object], options: EngineOptions) -> Method:
    """The filter's search with this finder: rgb (H, W, 3) -> levels (H, W)."""
    bound = pipeline.load_filter("heal", settings, finder=str(model.path), engine=options)
    return model.method(lambda rgb: pipeline.find_mask(Picture(rgb), bound))


class _HealEvaluation(Evaluation):
    def __init__(
        self, methods: list[Method], drawn: Mapping[str, DrawnTruth], damaged: set[Path], options: EngineOptions
    ) -> None:
        self.drawn, self.damaged, self.options = drawn, damaged, options
        headings = ["input", *(f"{kind} by {one.name}" for one in methods for kind in ("found", "healed"))]
        sheets = {case: Sheet(headings, CELL) for case in (SOUND, DAMAGED)}
        layout = ReportLayout("heal", "pictures are", COLUMNS, LEGEND)
        super().__init__(layout, methods, sheets, warm_up=(np.zeros((MIN_SIDE, MIN_SIDE, 3), np.float32),))

    def add(self, sample: Sample, shown: bool) -> None:
        """Find damage in one picture. The sheets show all scans, and the first sound pictures that are touched."""
        rgb = sample.read()
        is_damaged = sample.path in self.damaged
        case = DAMAGED if is_damaged else SOUND
        truth = self.drawn[sample.path.name] if is_damaged else None
        found, figures = {}, {}
        for one in self.methods:
            levels, seconds = one.timed(rgb)
            found[one.name] = levels
            figures[one.name] = {**figures_of(levels, truth), "seconds": seconds}
        self.record(sample, case, figures)
        rows = self.report.sheets[case].rows
        if is_damaged or (len(rows) < self.sheet_rows and any((one >= CERTAIN).any() for one in found.values())):
            rows.append([Cell(fitted(rgb, CELL), sample.name), *self._cells(rgb, found, figures)])

    def _cells(self, rgb: Floats, found: Mapping[str, Mask], figures: Mapping[str, Mapping[str, float]]) -> list[Cell]:
        cells = []
        for name, levels in found.items():
            known = {key: value for key, value in figures[name].items() if not np.isnan(value)}
            caption = "  ".join(f"{key} {known[key]:.3g}" for key in ("changed", "recall", "precision") if key in known)
            filled = pipeline.apply(Picture(rgb), "inpaint", mask=pipeline.certain(levels), engine=self.options, grow=2)
            cells += [Cell(fitted(overlaid(rgb, levels), CELL), caption), Cell(fitted(filled.rgb, CELL), name)]
        return cells


def figures_of(levels: Mask, truth: DrawnTruth | None) -> dict[str, float]:
    """The figures of one picture, all but the seconds, from what was found in it (H, W); NaN for what has none."""
    filled = np.asarray(levels >= CERTAIN)
    doubtful = 100 * float(((levels >= DOUBTFUL) & ~filled).mean())
    nothing = dict.fromkeys(("touched", "changed", "false", "recall", "precision"), float("nan"))
    if truth is None:
        places = cv2.connectedComponents(filled.astype(np.uint8), connectivity=8)[0] - 1
        own = {"touched": float(filled.any()), "changed": 100 * float(filled.mean())}
        return {**nothing, **own, "false": places / (filled.size / 1e6), "doubtful": doubtful}
    recall, precision = recall_and_precision(filled, truth)
    return {**nothing, "recall": recall, "precision": precision, "doubtful": doubtful}


def recall_and_precision(found: Pixels, truth: DrawnTruth) -> tuple[float, float]:
    """Shares of drawn damage near what was found, and of what was found near drawn damage; 1 where there is none."""
    judged = found & truth.judged
    recall = _share(truth.damage, near=found)
    return recall, _share(judged, near=truth.damage)


def _share(pixels: Pixels, near: Pixels) -> float:
    """The share of `pixels` that are within TOLERANCE of one of `near`."""
    if not pixels.any():
        return 1.0
    distance = cv2.distanceTransform(np.asarray(~near, np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float((distance[pixels] <= TOLERANCE).mean()) if near.any() else 0.0


def overlaid(rgb: Floats, levels: Mask) -> Floats:
    """The picture with what is certain in red, and what is doubtful in yellow."""
    seen = rgb * np.float32(0.8)
    for level, color in COLORS.items():
        here = levels == level
        seen[here] = 0.25 * seen[here] + 0.75 * color
    return np.asarray(seen, np.float32)
