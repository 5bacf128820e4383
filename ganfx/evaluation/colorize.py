"""`ganfx eval colorize`: turn good pictures grey, have every contestant colour them, compare with the originals."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganfx import pipeline
from ganfx.color import lab_of, lightness_of, with_chroma
from ganfx.engine import EngineOptions
from ganfx.errors import ItemError
from ganfx.evaluation.contestants import Contestant, Entrant, devices, open_entrants
from ganfx.evaluation.judge import NAN, Judge
from ganfx.evaluation.looks import LOOKS, turn_grey
from ganfx.evaluation.metrics import chroma_error, colourfulness, psnr
from ganfx.evaluation.protocol import MIN_SIDE, Sample, check_names, eight_bit, samples_of
from ganfx.evaluation.report import Column, Measurement, Report, Task
from ganfx.evaluation.resample import fitted
from ganfx.evaluation.rounds import Say, go_round
from ganfx.evaluation.sheet import Cell, Sheet
from ganfx.picture import Floats, Look, Picture
from ganfx.training.features import features_dir

MAX_SIDE = 512
CELL = 320
SHEET_ROWS = 10
# A picture with less is grey, and says nothing about colours.
LEAST_COLOURFULNESS = 2.0

GREY, MEAN_CHROMA, TRUTH = "grey", "mean-chroma", "truth"
COLUMNS = (
    Column("ab_error", "ab error", ".2f", np.mean, min),
    Column("ab_mae", "ab MAE", ".2f", np.mean, min),
    Column("lpips", "LPIPS", ".4f", np.mean, min),
    Column("vgg", "VGG", ".4f", np.mean, min),
    Column("psnr", "PSNR", ".2f", np.mean, max),
    Column("colourfulness", "colourfulness", ".1f", np.mean, None),
    Column("colourfulness_gap", "gap", ".1f", np.mean, min),
    Column("lightness_change", "L change", ".2f", np.mean, None),
    Column("seconds", "s", ".3f", np.median, None),
)
LEGEND = (
    f"Pictures: whole, shrunk by area to a long side of {MAX_SIDE}. Looks: plain is the luminance (Rec. 709); old is "
    "a scan of an old print, which hardly saw red, has another gamma, and is faded, soft and grainy. ab error (lower "
    "is better): mean distance of (`a*`, `b*`) from the original's; ab MAE (lower): mean difference of `a*` and of "
    "`b*`, each for itself. LPIPS (lower): SqueezeNet v0.1. VGG (lower): distance of VGG-19 features, not used in "
    "training. PSNR (higher): of RGB; it prefers dull colours. These three compare with the original, and where the "
    "look is old with the original's colours in the old print's light. colourfulness: of Hasler and Suesstrunk, "
    f"{TRUTH} being the originals; gap (lower): its mean distance from the original's. L change: mean change of `L*` "
    f"from the grey picture's. {MEAN_CHROMA}: the grey picture in one colour, the mean `a*` and `b*` of all "
    "originals, which nobody knows beforehand. s: median seconds for a picture, all work included."
)


def evaluate_colorize(
    models: Sequence[str | Path],
    sets: Sequence[Path],
    *,
    looks: Sequence[str] = (),
    limit: int | None = None,
    options: EngineOptions | None = None,
    say: Say = lambda line: None,
) -> Report:
    """Judge `models`, names or .onnx files, by colouring folders of good pictures turned grey, by `looks` or all.

    `limit` takes the first so many pictures of each folder. LPIPS and VGG need the folder that GANFX_FEATURES
    names. A picture that cannot be judged is said and left out. Raises OptionError where nothing can be compared,
    and what finding and opening the models raises.
    """
    check_names(looks, LOOKS, "look")
    samples = samples_of(sets, limit)
    names = (GREY, MEAN_CHROMA, TRUTH)
    entrants = open_entrants(models, options or EngineOptions(), filter="colorize", baselines=names)
    if features_dir() is None:
        say("GANFX_FEATURES names no folder: LPIPS and VGG are left out")
    return compete([entrant.contestant(_colouring(entrant)) for entrant in entrants], samples, looks, say)


def compete(networks: Sequence[Contestant], samples: Sequence[Sample], looks: Sequence[str], say: Say) -> Report:
    """The report of the baselines and `networks`, which take grey rgb (H, W, 3), on every look, or on `looks`."""
    chroma = _mean_chroma(samples)
    baselines = [
        Contestant(GREY, lambda grey: grey),
        Contestant(MEAN_CHROMA, lambda grey: with_chroma(grey, np.broadcast_to(chroma, (*grey.shape[:2], 2)))),
    ]
    run = _Run([*baselines, *networks], [one.name for one in networks], looks or tuple(LOOKS))
    return go_round(run.report, samples, run.add, say, SHEET_ROWS)


def _colouring(entrant: Entrant) -> Callable[[Floats], Floats]:
    """The whole filter with this network, as users run it."""

    def colour(grey: Floats) -> Floats:
        model, engine = str(entrant.path), entrant.engine.options
        return pipeline.apply(Picture(grey, look=Look(grey=True)), "colorize", model=model, engine=engine).rgb

    return colour


@dataclass(frozen=True)
class _Truth:
    """An original: rgb (H, W, 3), its a* and b* (H, W, 2) and how colourful it is."""

    rgb: Floats
    chroma: Floats
    colourfulness: float

    @classmethod
    def of(cls, sample: Sample) -> _Truth:
        """Raises ItemError where the picture cannot be read, or is grey."""
        rgb = sample.shrunk(MAX_SIDE)
        found = cls(rgb, lab_of(rgb)[..., 1:], colourfulness(rgb))
        if found.colourfulness < LEAST_COLOURFULNESS:
            raise ItemError("has no colours to compare with")
        return found


def _mean_chroma(samples: Sequence[Sample]) -> Floats:
    """The mean a* and b* (2,) of all originals, each counting the same."""
    means = []
    for sample in samples:
        with contextlib.suppress(ItemError):  # said when it is the picture's turn
            means.append(_Truth.of(sample).chroma.mean((0, 1)))
    return np.asarray(np.mean(means or np.zeros((1, 2)), axis=0), np.float32)


@dataclass
class _Run:
    contestants: list[Contestant]
    shown: list[str]
    looks: Sequence[str]

    def __post_init__(self) -> None:
        self.judge = Judge(features_dir())
        self.report = Report(
            Task("colorize", "look", COLUMNS, LEGEND),
            devices(self.contestants),
            {one.name: one.parameters for one in self.contestants} | {TRUTH: None},
            sheets={look: Sheet([GREY, *self.shown, TRUTH], CELL) for look in self.looks},
        )
        for one in self.contestants:
            one.run(np.full((MIN_SIDE, MIN_SIDE, 3), 0.5, np.float32))  # what a first run sets up is not timed

    def add(self, sample: Sample, shown: bool) -> None:
        """Turn one picture grey in every way, have it coloured, and judge."""
        truth = _Truth.of(sample)
        for look in self.looks:
            grey, answer = turn_grey(truth.rgb, look, sample.name)
            self.judge.look_at(answer)
            results = {one.name: self._measure(one, grey, answer, truth) for one in self.contestants}
            measured = {name: figures for name, (_, figures) in results.items()}
            measured[TRUTH] = {c.figure: NAN for c in COLUMNS} | {"colourfulness": truth.colourfulness}
            for name, figures in measured.items():
                self.report.measurements.append(Measurement(name, sample.set, look, sample.name, figures))
            if shown:
                self.report.sheets[look].rows.append(self._row(sample, grey, truth, results))

    def _measure(
        self, contestant: Contestant, grey: Floats, answer: Floats, truth: _Truth
    ) -> tuple[Floats, dict[str, float]]:
        raw, seconds = contestant.timed(grey)
        output = eight_bit(raw)
        lab, figures = lab_of(output), self.judge.figures(output)
        colourful = colourfulness(output)
        return output, {
            "ab_error": chroma_error(lab[..., 1:], truth.chroma),
            "ab_mae": float(np.abs(lab[..., 1:] - truth.chroma).mean()),
            "lpips": figures["lpips"],
            "vgg": figures["vgg"],
            "psnr": psnr(*(rgb.astype(np.float64) * 255 for rgb in (output, answer))),
            "colourfulness": colourful,
            "colourfulness_gap": abs(colourful - truth.colourfulness),
            "lightness_change": float(np.abs(lab[..., 0] - lightness_of(grey)).mean()),
            "seconds": seconds,
        }

    def _row(
        self, sample: Sample, grey: Floats, truth: _Truth, results: Mapping[str, tuple[Floats, dict[str, float]]]
    ) -> list[Cell]:
        cells = [Cell(fitted(grey, CELL), f"{sample.set} {sample.name}")]
        for name in self.shown:
            output, figures = results[name]
            caption = f"a*b* error {figures['ab_error']:.1f}  colourfulness {figures['colourfulness']:.0f}"
            cells.append(Cell(fitted(output, CELL), caption))
        return [*cells, Cell(fitted(truth.rgb, CELL), f"colourfulness {truth.colourfulness:.0f}")]
