"""What becomes of a checkpoint of each architecture that spandrel knows: tiny random instances are imported and run.

`python -m tests.foreign.judging` brings the table of the documentation up to date; names after it judge those alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganfx.engine import EngineOptions, open_engine
from ganfx.errors import GanfxError
from ganfx.exporters.spandrel_nets import build, import_torchvision
from ganfx.hub import import_model
from ganfx.spec import ModelSpec
from ganfx.spec.model_file import read_spec
from tests.conftest import ROOT
from tests.foreign.architectures import LIBRARIES, library_of, tiny

PAGE = ROOT / "docs" / "reference" / "architectures.md"
BEGIN, END = "<!-- judged: begin -->", "<!-- judged: end -->"
HEAD = "| architecture | of | sizes | as torch | in tiles | why not |\n| --- | --- | --- | --- | --- | --- |"
# Height and width that all known networks take, and the side of tiles.
_SIZE, _TILE = (128, 192), 64
_MOST = 120
UNJUDGED = "not judged yet"


@dataclass(frozen=True)
class Row:
    """What became of one architecture.

    sizes       what sizes the imported network takes; empty where it was not imported
    parity_db   how near its output is to what spandrel's own call gives, in decibels of the largest value
    tiled_db    how near its output in tiles is to that in one piece; None where a picture is never cut for it
    reason      why it was not imported
    """

    name: str
    library: str
    sizes: str = ""
    parity_db: int | None = None
    tiled_db: int | None = None
    reason: str = ""

    def __str__(self) -> str:
        decibels = [f"{value} dB" if value else "" for value in (self.parity_db, self.tiled_db)]
        return f"| {' | '.join([self.name, self.library, self.sizes, *decibels, self.reason])} |"

    @classmethod
    def of(cls, line: str) -> Row:
        """The row in a line of the table."""
        name, library, sizes, parity, tiled, reason = (cell.strip() for cell in line.strip().strip("|").split("|"))
        values = [int(cell.removesuffix(" dB")) if cell else None for cell in (parity, tiled)]
        return cls(name, library, sizes, *values, reason)


def judge(name: str, folder: Path) -> Row:
    """Import a tiny instance, and compare it with torch. It is imported as users do, in a process of its own."""
    library = library_of(name)
    if LIBRARIES[library][name] is None:
        return Row(name, library, reason="not tried: it cannot be made small")
    torch.manual_seed(0)
    file = folder / f"{name}.pth"
    torch.save(tiny(name).state_dict(), file)
    try:
        path = import_model(file, replace=True)
    except GanfxError as error:
        return Row(name, library, reason=_plain(error.message.removeprefix(f"{file}: ")))
    spec = read_spec(path)
    assert spec
    height, width = (spec.fixed_size, spec.fixed_size) if spec.fixed_size else _SIZE
    picture = np.random.default_rng(2).random((height, width, spec.in_channels), np.float32)
    network, _ = build(torch.load(file))
    with torch.no_grad():
        wanted = network(torch.from_numpy(picture.transpose(2, 0, 1)[None]))[0].numpy().transpose(1, 2, 0)
    whole = open_engine(path, EngineOptions(provider="cpu", tile=max(_SIZE))).run(picture)
    return Row(name, library, sizes(spec), decibels(whole, wanted), _tiled(path, spec, picture, whole))


def _plain(reason: str) -> str:
    """A reason as a cell of the table."""
    return reason.split(": [")[0].rpartition(".pth: ")[2].replace("|", "/")[:160]


def _tiled(path: Path, spec: ModelSpec, picture: NDArray[Any], whole: NDArray[Any]) -> int | None:
    if spec.tiling.rule != "free":
        return None
    return decibels(open_engine(path, EngineOptions(provider="cpu", tile=_TILE)).run(picture), whole)


def sizes(spec: ModelSpec) -> str:
    """The sizes that it takes, in words."""
    if spec.fixed_size:
        return f"{spec.fixed_size}x{spec.fixed_size}"
    return "any" if spec.multiple_of == 1 else f"multiples of {spec.multiple_of}"


def decibels(made: NDArray[Any], wanted: NDArray[Any]) -> int:
    """How near `made` is to `wanted`, of its largest value or 1, at most 120."""
    error = float(np.square(made - wanted).mean()) / max(1.0, float(np.abs(wanted).max())) ** 2
    return min(_MOST, int(-10 * np.log10(error + 1e-13)))


def rows() -> dict[str, Row]:
    """What the documentation says, by the architectures' names."""
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip().splitlines()[2:]
    return {row.name: row for row in map(Row.of, table)}


def write(row: Row) -> None:
    """Put `row` into the documentation."""
    known = {**rows(), row.name: row}
    lines = "\n".join(str(known[name]) for name in sorted(known, key=str.casefold))
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    page = f"{before}{BEGIN}\n{HEAD}\n{lines}\n{END}{rest.partition(END)[2]}"
    PAGE.write_text(page, encoding="utf-8")


def main(names: list[str]) -> None:
    import_torchvision()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GANFX_MODELS"] = folder
        for name in names or [name for library in LIBRARIES.values() for name in library]:
            row = judge(name, Path(folder))
            print(row, flush=True)
            write(row)


if __name__ == "__main__":
    main(sys.argv[1:])
