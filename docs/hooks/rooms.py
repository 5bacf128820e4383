"""Draws docs/imports.toml: as the table and the picture (rooms.svg) of docs/architecture.md.

`python docs/hooks/rooms.py` writes both; tests/test_architecture.py compares them with what is committed.
"""

from __future__ import annotations

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
WIDTH, BOX_WIDTH, BOX_HEIGHT, COLUMN_WIDTH, ROW_HEIGHT = 960, 120, 40, 160, 96
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
    """The parts as an SVG: each above all that it imports, with the arrows that do not follow from others.

    Rows with `drawn = false` are left out.
    """
    drawn = {part for part, row in table.items() if row.get("drawn", True)}
    imports = {part: drawn & set(row["ganfx"]) for part, row in table.items() if part in drawn}
    rows = _rows(imports)
    centers: dict[str, tuple[float, float]] = {}
    for level, row in enumerate(rows):
        y = 12 + BOX_HEIGHT / 2 + ROW_HEIGHT * (len(rows) - 1 - level)
        centers |= {part: (x, y) for part, x in _columns(row, imports, centers)}
    shapes = [_arrow(centers[part], centers[other]) for part in imports for other in sorted(_direct(part, imports))]
    shapes += [_box(part, center) for part, center in centers.items()]
    height = 24 + BOX_HEIGHT + ROW_HEIGHT * (len(rows) - 1)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    title = "<title>The parts of ganfx; each line goes down to a part that is imported</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *shapes, "</svg>", ""])


def _rows(imports: dict[str, set[str]]) -> list[list[str]]:
    """The parts by level, lowest first; a part's level is one more than that of the highest part it imports."""

    def level(part: str) -> int:
        return 1 + max((level(other) for other in imports[part]), default=-1)

    levels = {part: level(part) for part in imports}
    return [[part for part in imports if levels[part] == row] for row in range(max(levels.values()) + 1)]


def _columns(
    row: list[str], imports: dict[str, set[str]], below: dict[str, tuple[float, float]]
) -> list[tuple[str, float]]:
    """Each part of a row and its x: the mean of what it imports, as far to the right as the part before it asks for."""
    if not below:
        return [(part, WIDTH * (column + 0.5) / len(row)) for column, part in enumerate(row)]
    wanted = {part: statistics.mean(below[other][0] for other in _direct(part, imports)) for part in row}
    placed: list[tuple[str, float]] = []
    for part in sorted(row, key=wanted.__getitem__):
        placed.append((part, max(wanted[part], placed[-1][1] + COLUMN_WIDTH if placed else 0)))
    return placed


def _reached(part: str, imports: dict[str, set[str]]) -> set[str]:
    """All that `part` imports, directly or through others."""
    return imports[part].union(*(_reached(other, imports) for other in imports[part]))


def _direct(part: str, imports: dict[str, set[str]]) -> set[str]:
    """What `part` imports and reaches by no other way (transitive reduction)."""
    return imports[part] - set[str]().union(*(_reached(other, imports) for other in imports[part]))


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x0, y0), (x1, y1) = start, end
    top, bottom = y0 + BOX_HEIGHT / 2, y1 - BOX_HEIGHT / 2
    bend = (bottom - top) / 2
    return (
        f'<path d="M{x0:.0f} {top:.0f} C{x0:.0f} {top + bend:.0f} {x1:.0f} {bottom - bend:.0f} {x1:.0f} {bottom:.0f}"/>'
    )


def _box(part: str, center: tuple[float, float]) -> str:
    x, y = center
    return (
        f'<rect x="{x - BOX_WIDTH / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}"/>'
        f'<text x="{x:.0f}" y="{y + 5:.0f}">{part}</text>'
    )


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text(encoding="utf-8"), read_table()), encoding="utf-8")
    PICTURE.write_text(picture(read_table()), encoding="utf-8")
