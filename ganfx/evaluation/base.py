"""What all evaluations share: every method on every sample, unreadable samples left out, some samples shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ganfx.errors import ItemError, OptionError
from ganfx.evaluation.methods import Method, devices
from ganfx.evaluation.protocol import Sample, eight_bit
from ganfx.evaluation.report import EvaluationReport, Measurement, ReportLayout
from ganfx.evaluation.sheet import Sheet
from ganfx.imaging.picture import Floats

Say = Callable[[str], None]
# The output picture of a method, and its figures by name.
Result = tuple[Floats, dict[str, float]]


class Evaluation(ABC):
    """One kind of evaluation, which fills `report`.

    methods: what is compared, baselines first.
    sheets: contact sheets by case.
    warm_up: inputs for one untimed run of each method, so that what a first run sets up is not timed.
    references: names of rows of the report that no method produces, such as the originals.
    """

    sheet_rows = 8

    def __init__(
        self,
        layout: ReportLayout,
        methods: Sequence[Method],
        sheets: dict[str, Sheet],
        warm_up: tuple[Floats, ...],
        references: Sequence[str] = (),
    ) -> None:
        self.methods = methods
        parameters = {one.name: one.parameters for one in methods} | dict.fromkeys(references)
        trained_with = {one.name: one.trained_with for one in methods if one.trained_with}
        self.report = EvaluationReport(layout, devices(methods), parameters, trained_with, sheets=sheets)
        for one in methods:
            one.run(*warm_up)

    @abstractmethod
    def add(self, sample: Sample, shown: bool) -> None:
        """Add the measurements of one sample to the report and, if it is `shown`, its row to the sheets."""

    def evaluate_all(self, samples: Sequence[Sample], say: Say) -> EvaluationReport:
        """The report of all samples; the sheets show `sheet_rows` of them, spread evenly.

        A sample that raises ItemError is said and left out. Raises OptionError where none is left.
        """
        shown = {round(i) for i in np.linspace(0, len(samples) - 1, self.sheet_rows)}
        for number, sample in enumerate(samples):
            say(f"{number + 1}/{len(samples)} {sample.set} {sample.name}")
            try:
                self.add(sample, number in shown)
            except ItemError as error:
                say(f"{sample.path.name}: {error.message}; left out")
        if not self.report.measurements:
            raise OptionError("no picture could be judged by", hint="what was wrong with each is said above")
        return self.report

    def record(self, sample: Sample, case: str, figures: Mapping[str, Mapping[str, float]]) -> None:
        """Add the figures of one sample in one case, by the name of the method."""
        for name, found in figures.items():
            self.report.measurements.append(Measurement(name, sample.set, case, sample.name, found))


def run_timed(method: Method, *inputs: Floats) -> tuple[Floats, Floats, float]:
    """(output as it came, the same as 8-bit values in [0, 1], seconds)."""
    raw, seconds = method.timed(*inputs)
    return raw, eight_bit(raw), seconds
