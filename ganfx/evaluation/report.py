"""Results of an evaluation: one measurement for each output picture, and the tables made of them."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganfx.atomic import reason_of, write_atomic
from ganfx.errors import OutputError
from ganfx.evaluation.sheet import Sheet
from ganfx.files import save_picture
from ganfx.imaging.picture import Picture


@dataclass(frozen=True)
class Column:
    """One figure of the table: its name, how it is written (a format such as ".2f"), how it is pooled over
    pictures, and which of min and max is best, None for neither."""

    figure: str
    heading: str
    format: str
    pool: Callable[[Sequence[float]], Any]
    best: Callable[[Sequence[float]], float] | None


@dataclass(frozen=True)
class ReportLayout:
    """Layout of a report: files are called `name`; `case` names the column beside set and model."""

    name: str
    case: str
    columns: tuple[Column, ...]
    legend: str


@dataclass(frozen=True)
class Measurement:
    """One output picture; NaN stands for a figure that could not be measured."""

    model: str
    set: str
    case: str
    picture: str
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Row:
    """Pooled figures of one model on one set in one case, by the name of the figure."""

    model: str
    parameters: int | None
    set: str
    case: str
    pictures: int
    figures: dict[str, float]


@dataclass
class EvaluationReport:
    """An evaluation's results.

    device: what ran the networks.
    parameters: of every method, baselines first; None where there is no network.
    trained_with: by network, the pretrained networks in the losses of its training; a metric by the same ones
        flatters it.
    """

    task: ReportLayout
    device: str
    parameters: dict[str, int | None]
    trained_with: dict[str, str] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    sheets: dict[str, Sheet] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        """Each set and case in the order they came, with all methods in theirs."""
        groups: dict[tuple[str, str, str], list[Measurement]] = {}
        for one in self.measurements:
            groups.setdefault((one.set, one.case, one.model), []).append(one)
        cases = dict.fromkeys((one.set, one.case) for one in self.measurements)
        return [
            Row(model, parameters, *case, len(group), {c.figure: _pooled(c, group) for c in self.task.columns})
            for case in cases
            for model, parameters in self.parameters.items()
            if (group := groups.get((*case, model)))
        ]

    def markdown(self) -> str:
        """The table, with the best figure of each set and case in bold."""
        columns = self.task.columns
        headings = ["model", "parameters", "set", self.task.case, "pictures", *(c.heading for c in columns)]
        rows = self.rows()
        lines = [[*_labels(row), *(_shown(c, row, rows) for c in columns)] for row in rows]
        trained = "; ".join(f"{name}: {networks}" for name, networks in self.trained_with.items())
        trained = f" Feature networks in the losses of the training: {trained}." if trained else ""
        return f"{table(headings, lines)}\n{self.task.name}, {self.device}. {self.task.legend}{trained}\n"

    def to_json(self) -> str:
        """Everything but the sheets; what could not be measured, or is infinite, is null."""
        content = {
            "task": self.task.name,
            "case": self.task.case,
            "device": self.device,
            "trained_with": self.trained_with,
            "rows": [dataclasses.asdict(row) for row in self.rows()],
            "measurements": [dataclasses.asdict(one) for one in self.measurements],
        }
        return json.dumps(_finite(content), indent=1)

    def save(self, folder: Path) -> list[Path]:
        """Write NAME.md, NAME.json and one NAME-CASE.png for each sheet, NAME being the task's. Raises OutputError."""
        stem = self.task.name
        texts = {folder / f"{stem}.md": self.markdown(), folder / f"{stem}.json": self.to_json()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path, text in texts.items():
                write_atomic(path, text)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written: {reason_of(error)}", hint="choose another -o") from error
        pictures = {folder / f"{stem}-{case}.png": sheet for case, sheet in self.sheets.items()}
        for path, sheet in pictures.items():
            save_picture(Picture(sheet.draw()), path, overwrite=True, below=folder)
        return [*texts, *pictures]


ABSENT = "\N{EN DASH}"


def table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    rule = "|---" * len(headings) + "|"
    return "\n".join([_line(headings), rule, *(_line(line) for line in lines), ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def millions(parameters: int | None) -> str:
    """A count as tables show it, in millions; a dash for none."""
    return ABSENT if parameters is None else f"{parameters / 1e6:.2f} M"


def _labels(row: Row) -> list[str]:
    return [row.model, millions(row.parameters), row.set, row.case, str(row.pictures)]


def _pooled(column: Column, group: Sequence[Measurement]) -> float:
    values = [one.figures[column.figure] for one in group]
    return float("nan") if all(map(math.isnan, values)) else float(column.pool(values))


def _shown(column: Column, row: Row, rows: Sequence[Row]) -> str:
    """The figure, in bold where no other row of the same set and case shows a better one."""
    text = _text(column, row)
    if text == ABSENT or column.best is None:
        return text
    rivals = [_text(column, one) for one in rows if (one.set, one.case) == (row.set, row.case)]
    best = column.best([float(rival) for rival in rivals if rival != ABSENT])
    return f"**{text}**" if float(text) == best else text


def _text(column: Column, row: Row) -> str:
    value = row.figures[column.figure]
    return ABSENT if math.isnan(value) else f"{value:{column.format}}"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
