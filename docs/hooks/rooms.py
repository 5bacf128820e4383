"""Draws docs/imports.toml: as the table and the picture (rooms.svg) of docs/architecture.md.

`python docs/hooks/rooms.py` writes both; tests/test_architecture.py compares them with what is committed.
"""

from __future__ import annotations

import itertools
import statistics
import tomllib
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1]
PAGE = DOCS / "architecture.md"
PICTURE = DOCS / "rooms.svg"
BEGIN, END = "<!-- drawn from imports.toml: begin -->", "<!-- drawn from imports.toml: end -->"

# Part -> its row, as docs/imports.toml explains it.
Table = dict[str, dict[str, Any]]

# Pixels.
BOX_WIDTH, BOX_HEIGHT, WAYPOINT_WIDTH, ROW_HEIGHT = 120, 40, 48, 96
STYLE = """
  rect { fill: #e8eaf6; stroke: #3f51b5; rx: 6 }
  text { font: 15px sans-serif; text-anchor: middle; fill: #1a237e }
  path { fill: none; stroke: #90a4ae; stroke-width: 1.3 }
"""


def read_table() -> Table:
    """docs/imports.toml."""
    return tomllib.loads((DOCS / "imports.toml").read_text(encoding="utf-8"))


def markdown_table(table: Table) -> str:
    """One row per part; what is imported inside functions only is in italics."""

    def names(row: dict[str, Any], column: str) -> str:
        return ", ".join(f"*{name}*" if name in row.get("lazy", []) else name for name in row[column]) or "-"

    lines = ["| part | does | imports of ganfx | third-party packages |", "|---|---|---|---|"]
    lines += [
        f"| `{part}` | {row['does']} | {names(row, 'ganfx')} | {names(row, 'packages')} |"
        for part, row in table.items()
    ]
    return "\n".join(lines)


def page_with_table(page: str, table: Table) -> str:
    """The text of architecture.md with the table between its two markers replaced."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{markdown_table(table)}\n{END}{after}"


def picture(table: Table) -> str:
    """The parts as an SVG: each above all that it imports, with the lines that do not follow from others.

    Rows with `drawn = false` are left out.
    """
    drawn = {part for part, row in table.items() if row.get("drawn", True)}
    imports = {part: drawn & set(row["ganfx"]) for part, row in table.items() if part in drawn}
    levels = {part: _level(part, imports) for part in imports}
    lines = [
        _line(part, other, levels[part] - levels[other])
        for part in imports
        for other in sorted(_direct(part, imports), key=list(imports).index)
    ]
    centers = _centers(levels, lines)
    shapes = [_curve([centers[node] for node in line]) for line in lines]
    shapes += [_box(part, centers[part]) for part in imports]
    width = max(x for x, _ in centers.values()) + BOX_WIDTH / 2 + 12
    height = 24 + BOX_HEIGHT + ROW_HEIGHT * max(levels.values())
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">'
    title = "<title>The parts of ganfx; each line goes down to a part that is imported</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *shapes, "</svg>", ""])


def _level(part: str, imports: dict[str, set[str]]) -> int:
    """0 for a part that imports nothing, else one more than the highest part that it imports."""
    return 1 + max((_level(other, imports) for other in imports[part]), default=-1)


def _line(part: str, other: str, levels: int) -> list[str]:
    """The nodes of a line from `part` down to `other`: between them a waypoint on each level that it crosses."""
    return [part, *(f"{part}>{other}@{below}" for below in range(1, levels)), other]


def _centers(levels: dict[str, int], lines: list[list[str]]) -> dict[str, tuple[float, float]]:
    """The center of every part and waypoint in pixels: above the mean of what its lines lead to, none upon another."""
    levels, below = dict(levels), dict[str, list[str]]()
    for line in lines:
        for depth, (node, under) in enumerate(itertools.pairwise(line)):
            levels.setdefault(node, levels[line[0]] - depth)
            below.setdefault(node, []).append(under)
    columns: dict[str, float] = {}
    for level in range(max(levels.values()) + 1):
        row = [node for node in levels if levels[node] == level]
        wanted = {node: statistics.mean(columns[under] for under in below.get(node, ())) for node in row if level}
        end = 12.0
        for node in sorted(row, key=lambda node: wanted.get(node, 0)):
            space = WAYPOINT_WIDTH if ">" in node else BOX_WIDTH + 24
            columns[node] = max(wanted.get(node, 0), end + space / 2)
            end = columns[node] + space / 2
    highest = max(levels.values())
    return {node: (x, 12 + BOX_HEIGHT / 2 + ROW_HEIGHT * (highest - levels[node])) for node, x in columns.items()}


def _reached(part: str, imports: dict[str, set[str]]) -> set[str]:
    """All that `part` imports, directly or through others."""
    return imports[part].union(*(_reached(other, imports) for other in imports[part]))


def _direct(part: str, imports: dict[str, set[str]]) -> set[str]:
    """What `part` imports and reaches by no other way (transitive reduction)."""
    return imports[part] - set[str]().union(*(_reached(other, imports) for other in imports[part]))


def _curve(points: list[tuple[float, float]]) -> str:
    """A smooth line down through `points`, straight where it crosses a row."""
    path = f"M{points[0][0]:.0f} {points[0][1] + BOX_HEIGHT / 2:.0f}"
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        top, bottom = y0 + BOX_HEIGHT / 2, y1 - BOX_HEIGHT / 2
        middle = (top + bottom) / 2
        path += f" C{x0:.0f} {middle:.0f} {x1:.0f} {middle:.0f} {x1:.0f} {bottom:.0f}"
        path += f" V{y1 + BOX_HEIGHT / 2:.0f}" if (x1, y1) != points[-1] else ""
    return f'<path d="{path}"/>'


def _box(part: str, center: tuple[float, float]) -> str:
    x, y = center
    return (
        f'<rect x="{x - BOX_WIDTH / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}"/>'
        f'<text x="{x:.0f}" y="{y + 5:.0f}">{part}</text>'
    )


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text(encoding="utf-8"), read_table()), encoding="utf-8")
    PICTURE.write_text(picture(read_table()), encoding="utf-8")
