"""`ganfx eval upscale`: enlarge degraded pictures with every contestant and compare with the originals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ganfx.engine import EngineOptions
from ganfx.errors import ItemError, OptionError
from ganfx.evaluation.contestants import BASELINE, Contestant, open_contestants
from ganfx.evaluation.judge import Judge
from ganfx.evaluation.protocol import DEGRADATIONS, MIN_SIDE, Sample, degrade, eight_bit, samples_of
from ganfx.evaluation.report import Measurement, Report, Sheet
from ganfx.evaluation.resample import bicubic
from ganfx.evaluation.sheet import Cell, busiest, enlarged_pixels
from ganfx.picture import Floats
from ganfx.training.features import features_dir

SHEET_ROWS = 8

Say = Callable[[str], None]


def evaluate_upscale(
    models: Sequence[str | Path],
    sets: Sequence[Path],
    *,
    degradations: Sequence[str] = tuple(DEGRADATIONS),
    limit: int | None = None,
    options: EngineOptions | None = None,
    say: Say = lambda line: None,
) -> Report:
    """Judge `models`, names or .onnx files of one scale, on folders of good pictures, beside bicubic.

    `limit` takes the first so many pictures of each folder. LPIPS, VGG and NIQE need the folder that
    GANFX_FEATURES names. A picture that cannot be read is said and left out. Raises OptionError where nothing
    can be compared, and what finding and opening the models raises.
    """
    for name in degradations:
        if name not in DEGRADATIONS:
            raise OptionError(f"no degradation {name!r}", hint=f"there are {', '.join(DEGRADATIONS)}")
    samples = samples_of(sets, limit)
    networks = open_contestants(models, options)
    scale = networks[0].scale
    if features_dir() is None:
        say("GANFX_FEATURES names no folder: LPIPS, VGG and NIQE are left out")
    run = _Run([_baseline(scale), *networks], tuple(degradations), Judge(features_dir(), scale))
    shown = {round(i) for i in np.linspace(0, len(samples) - 1, SHEET_ROWS)}
    for number, sample in enumerate(samples):
        say(f"{number + 1}/{len(samples)} {sample.set} {sample.name}")
        try:
            truth = sample.read(scale)
        except ItemError as error:
            say(f"{sample.path.name}: {error.message}; left out")
            continue
        run.add(sample, truth, number in shown)
    if not run.report.measurements:
        raise OptionError("no picture could be judged by", hint=f"they need {MIN_SIDE} pixels a side")
    return run.report


def _baseline(scale: int) -> Contestant:
    """Bicubic enlargement, the one everybody has."""

    def upscale(low_res: Floats) -> Floats:
        height, width = low_res.shape[:2]
        return bicubic(low_res, height * scale, width * scale)

    return Contestant(BASELINE, scale, upscale)


@dataclass
class _Run:
    contestants: list[Contestant]
    degradations: tuple[str, ...]
    judge: Judge
    report: Report = field(init=False)

    def __post_init__(self) -> None:
        headings = ["input", *(one.name for one in self.contestants), "truth"]
        self.report = Report(
            scale=self.contestants[0].scale,
            device=", ".join(dict.fromkeys(one.device for one in self.contestants if one.device)),
            parameters={one.name: one.parameters for one in self.contestants},
            sheets={name: Sheet(headings) for name in self.degradations},
        )
        side = MIN_SIDE // self.report.scale
        for one in self.contestants:
            one.upscale(np.zeros((side, side, 3), np.float32))  # what a first run sets up is not timed

    def add(self, sample: Sample, truth: Floats, shown: bool) -> None:
        """Enlarge and judge one picture under every degradation."""
        self.judge.look_at(truth)
        piece = busiest(truth, self.report.scale)
        for degradation in self.degradations:
            low_res = degrade(truth, self.report.scale, degradation, sample.name)
            cells = [Cell(enlarged_pixels(low_res, self.report.scale)[piece], f"{sample.set} {sample.name}")]
            for contestant in self.contestants:
                output, measurement = self._measure(contestant, sample, degradation, low_res)
                self.report.measurements.append(measurement)
                cells.append(Cell(output[piece], f"{measurement.psnr_y:.1f} dB  LPIPS {measurement.lpips:.3f}"))
            if shown:
                self.report.sheets[degradation].rows.append([*cells, Cell(truth[piece], "")])

    def _measure(
        self, contestant: Contestant, sample: Sample, degradation: str, low_res: Floats
    ) -> tuple[Floats, Measurement]:
        raw, seconds = contestant.timed(low_res)
        output = eight_bit(raw)
        megapixels = output.shape[0] * output.shape[1] / 1e6
        figures = self.judge.figures(output)
        return output, Measurement(
            contestant.name, sample.set, degradation, sample.name, **figures, s_per_mp=seconds / megapixels
        )
