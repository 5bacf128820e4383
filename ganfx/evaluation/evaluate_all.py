"""The round that every evaluation makes: picture after picture, the unreadable left out, some of them shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ganfx.errors import ItemError, OptionError
from ganfx.evaluation.protocol import Sample
from ganfx.evaluation.report import EvaluationReport

SHEET_ROWS = 8

Say = Callable[[str], None]


def evaluate_all(
    report: EvaluationReport,
    samples: Sequence[Sample],
    judge: Callable[[Sample, bool], None],
    say: Say,
    sheet_rows: int = SHEET_ROWS,
) -> EvaluationReport:
    """Have `judge` add the measurements of every sample to `report`, told whether the sheets show it.

    They show `sheet_rows` samples, spread over all. A sample for which it raises ItemError is said and left out. Raises
    OptionError where none is left.
    """
    shown = {round(i) for i in np.linspace(0, len(samples) - 1, sheet_rows)}
    for number, sample in enumerate(samples):
        say(f"{number + 1}/{len(samples)} {sample.set} {sample.name}")
        try:
            judge(sample, number in shown)
        except ItemError as error:
            say(f"{sample.path.name}: {error.message}; left out")
    if not report.measurements:
        raise OptionError("no picture could be judged by", hint="what was wrong with each is said above")
    return report
