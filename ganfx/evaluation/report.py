"""What an evaluation found: one measurement for each output picture, and the tables made of them."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ganfx.errors import OutputError
from ganfx.evaluation.sheet import Cell, draw_sheet
from ganfx.files import save_picture
from ganfx.picture import Picture


@dataclass(frozen=True)
class Column:
    """One figure of the table: the field it comes from, how it is pooled over pictures, and which end is best."""

    field: str
    heading: str
    decimals: int
    pool: Callable[[Sequence[float]], Any]
    best: Callable[[Sequence[float]], float] | None


COLUMNS = (
    Column("psnr_y", "PSNR-Y", 2, np.mean, max),
    Column("ssim", "SSIM", 4, np.mean, max),
    Column("lpips", "LPIPS", 4, np.mean, min),
    Column("vgg", "VGG", 4, np.mean, min),
    Column("niqe", "NIQE", 2, np.nanmean, min),
    Column("s_per_mp", "s/MP", 3, np.median, None),
)


@dataclass(frozen=True)
class Measurement:
    """One output picture. NaN stands for what could not be measured; s_per_mp counts output megapixels."""

    model: str
    set: str
    degradation: str
    picture: str
    psnr_y: float
    ssim: float
    lpips: float
    vgg: float
    niqe: float
    s_per_mp: float


@dataclass(frozen=True)
class Row:
    """What one model reached on one set under one degradation; figures by the name of their column's field."""

    model: str
    parameters: int | None
    set: str
    degradation: str
    pictures: int
    figures: dict[str, float]


@dataclass
class Sheet:
    """The contact sheet of one degradation, not drawn yet."""

    headings: list[str]
    rows: list[list[Cell]] = field(default_factory=list)


@dataclass
class Report:
    """An evaluation's results. parameters holds every contestant, bicubic first; device ran the networks."""

    scale: int
    device: str
    parameters: dict[str, int | None]
    measurements: list[Measurement] = field(default_factory=list)
    sheets: dict[str, Sheet] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        """Each set and degradation in the order they came, with all contestants in theirs."""
        groups: dict[tuple[str, str, str], list[Measurement]] = {}
        for one in self.measurements:
            groups.setdefault((one.set, one.degradation, one.model), []).append(one)
        cases = dict.fromkeys((one.set, one.degradation) for one in self.measurements)
        return [
            Row(model, parameters, *case, len(group), {c.field: _pooled(c, group) for c in COLUMNS})
            for case in cases
            for model, parameters in self.parameters.items()
            if (group := groups[(*case, model)])
        ]

    def markdown(self) -> str:
        """The table, with the best figure of each set and degradation in bold."""
        headings = ["model", "parameters", "set", "degradation", "pictures", *(c.heading for c in COLUMNS)]
        rows = self.rows()
        lines = [[*_labels(row), *(_shown(c, row, rows) for c in COLUMNS)] for row in rows]
        return f"{table(headings, lines)}\nx{self.scale}, {self.device}. {_LEGEND}\n"

    def to_json(self) -> str:
        """Everything but the sheets; what could not be measured, or is infinite, is null."""
        content = {
            "scale": self.scale,
            "device": self.device,
            "rows": [dataclasses.asdict(row) for row in self.rows()],
            "measurements": [dataclasses.asdict(one) for one in self.measurements],
        }
        return json.dumps(_finite(content), indent=1)

    def save(self, folder: Path) -> list[Path]:
        """Write `upscale-x4.md`, `.json` and one `.png` for each degradation. Raises OutputError."""
        stem = f"upscale-x{self.scale}"
        texts = {folder / f"{stem}.md": self.markdown(), folder / f"{stem}.json": self.to_json()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path, text in texts.items():
                path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{folder}: {error.strerror}") from error
        pictures = {folder / f"{stem}-{name}.png": sheet for name, sheet in self.sheets.items()}
        for path, sheet in pictures.items():
            save_picture(Picture(draw_sheet(sheet.headings, sheet.rows)), path, overwrite=True)
        return [*texts, *pictures]


ABSENT = "\N{EN DASH}"
_LEGEND = (
    "PSNR and SSIM (higher is better): on BT.601 luma, without as many border pixels as the scale. LPIPS (lower): "
    "SqueezeNet v0.1. VGG (lower): distance of VGG-19 features, not used in training. NIQE (lower): needs no "
    "original. s/MP: median seconds for each megapixel of output."
)


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
    return [row.model, millions(row.parameters), row.set, row.degradation, str(row.pictures)]


def _pooled(column: Column, group: Sequence[Measurement]) -> float:
    values = [getattr(one, column.field) for one in group]
    return float("nan") if all(map(math.isnan, values)) else float(column.pool(values))


def _shown(column: Column, row: Row, rows: Sequence[Row]) -> str:
    """The figure, in bold where no rival on the same set and degradation shows a better one."""
    text = _text(column, row)
    if text == ABSENT or column.best is None:
        return text
    rivals = [_text(column, one) for one in rows if (one.set, one.degradation) == (row.set, row.degradation)]
    best = column.best([float(rival) for rival in rivals if rival != ABSENT])
    return f"**{text}**" if float(text) == best else text


def _text(column: Column, row: Row) -> str:
    value = row.figures[column.field]
    return ABSENT if math.isnan(value) else f"{value:.{column.decimals}f}"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
