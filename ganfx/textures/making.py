"""Textures and maps, from picture files to picture files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganfx.errors import ItemError, MaskError, OptionError, PictureSizeError
from ganfx.files import SaveOptions, open_picture, open_reader, open_writer, piece, read_mask, save_picture
from ganfx.files.reader import PictureReader
from ganfx.imaging.contact_sheet import Cell, Sheet
from ganfx.imaging.picture import Box, Picture
from ganfx.textures.example import Bools
from ganfx.textures.maps import MOST_PIXELS, material_maps
from ganfx.textures.seamless import make_seamless
from ganfx.textures.texture import SEEDS, texture_of

# Side of what a contact sheet shows of each texture, at full size, and textures in a row.
CELL, COLUMNS = 288, 3
_FULL = 0.5


@dataclass(frozen=True)
class Part:
    """Where in a picture the example is: in a box (left, top, width, height), under white in a mask, or all of it."""

    box: tuple[int, int, int, int] | None = None
    mask: Path | None = None

    def read(self, path: Path) -> tuple[Picture, Bools | None]:
        """The example, and which of its pixels (H, W) may be used; None for all.

        Raises OptionError where the box is not inside the picture, MaskError where the mask marks nothing in it, and
        what reading raises.
        """
        with ItemError.about(path), open_reader(path) as reader:
            box = self._inside(reader)
            if self.mask is None:
                return reader.crop(box), None
            marked = read_mask(self.mask, (reader.width, reader.height))[box.window] >= _FULL
            if not marked.any():
                raise MaskError("the mask marks nothing", hint="white is what the example is taken from")
            rows, columns = np.flatnonzero(marked.any(1)), np.flatnonzero(marked.any(0))
            tight = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
            moved = Box(box.left + tight.left, box.top + tight.top, box.left + tight.right, box.top + tight.bottom)
            return reader.crop(moved), marked[tight.window]

    def _inside(self, reader: PictureReader) -> Box:
        if self.box is None:
            return Box(0, 0, reader.width, reader.height)
        left, top, width, height = self.box
        if min(left, top) < 0 or min(width, height) < 1 or left + width > reader.width or top + height > reader.height:
            raise OptionError(
                f"box: {','.join(map(str, self.box))} is not inside the picture of {reader.width}x{reader.height}",
                hint="it is X,Y,WIDTH,HEIGHT, from the upper left corner",
            )
        return Box(left, top, left + width, top + height)


@dataclass(frozen=True)
class Made:
    """A file that was written; seed is None where none was used, and notes are sentences for the user."""

    path: Path
    seed: int | None = None
    notes: tuple[str, ...] = ()


def write_textures(
    example: Path,
    target: Path,
    *,
    size: tuple[int, int],
    part: Part = Part(),
    seed: int = 0,
    variations: int = 1,
    options: SaveOptions | None = None,
    overwrite: bool = False,
) -> Iterator[Made]:
    """Write a seamless texture of `size` (width, height) to `target`, or several, numbered, each with the next seed.

    Raises what `texture_of`, `Part.read` and writing raise.
    """
    if seed + variations - 1 > SEEDS:
        raise OptionError(f"seed: {seed} and {variations - 1} more are not all up to {SEEDS}")
    picture, usable = part.read(example)
    for number in range(variations):
        path = target if variations == 1 else target.with_name(f"{target.stem}-{number + 1}{target.suffix}")
        with ItemError.about(example):
            texture = texture_of(picture, size, seed + number, usable)
        with ItemError.about(path):
            writer = open_writer(
                path,
                width=size[0],
                height=size[1],
                has_alpha=picture.has_alpha,
                info=picture.info,
                options=options or SaveOptions(),
                overwrite=overwrite,
            )
            with writer:
                for strip in texture.strips:
                    writer.write(strip)
        yield Made(path, seed + number, (*picture.info.notes, *texture.notes, *writer.notes))


def write_seamless(
    source: Path,
    target: Path,
    *,
    part: Part = Part(),
    options: SaveOptions | None = None,
    overwrite: bool = False,
) -> Made:
    """Write the picture at `source`, or a part of it, made to tile. Raises what reading and writing raise."""
    picture, usable = part.read(source)
    if usable is not None:
        raise OptionError("mask: a picture is made seamless as a whole", hint="give the part as a --box")
    with ItemError.about(source):
        made = make_seamless(picture)
    notes = save_picture(made, target, options=options or SaveOptions(), overwrite=overwrite)
    size = f"{made.width}x{made.height} of {picture.width}x{picture.height}"
    return Made(target, None, (*picture.info.notes, f"the edges overlap: {size} are left", *notes))


def write_maps(
    source: Path, stem: Path, *, style: str = "opengl", strength: float = 1.0, overwrite: bool = False
) -> Iterator[Made]:
    """Write guesses of the material at `source` to STEM_height.png, STEM_normal.png and STEM_roughness.png.

    Raises OptionError for settings out of range, and what reading and writing raise.
    """
    with ItemError.about(source):
        with open_reader(source) as reader:
            if reader.width * reader.height > MOST_PIXELS:
                raise PictureSizeError(
                    f"{reader.width}x{reader.height} are too many pixels for maps", hint=f"{MOST_PIXELS} are the most"
                )
        maps = material_maps(open_picture(source), style=style, strength=strength)
    for name in ("height", "normal", "roughness"):
        path = stem.with_name(f"{stem.name}_{name}.png")
        yield Made(path, None, save_picture(getattr(maps, name), path, overwrite=overwrite))


def write_sheet(made: list[Made], target: Path, size: tuple[int, int], *, overwrite: bool = False) -> None:
    """Write a contact sheet of the upper left of each texture of `size` at full size. Raises what writing raises."""
    box = Box(0, 0, min(CELL, size[0]), min(CELL, size[1]))
    cells = [Cell(piece(one.path, box, size, CELL, is_own=True), f"seed {one.seed}") for one in made]
    columns = min(COLUMNS, len(cells))
    rows = [cells[begin : begin + columns] for begin in range(0, len(cells), columns)]
    sheet = Sheet([""] * columns, CELL, list(rows))
    save_picture(Picture(sheet.draw()), target, overwrite=overwrite)
