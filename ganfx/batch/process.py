"""One file through the corridor."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ganfx import pipeline
from ganfx.batch.plan import Item
from ganfx.errors import ItemError, MaskError
from ganfx.files import PictureReader, PictureWriter, SaveOptions, copy_picture, open_reader, open_writer, save_mask
from ganfx.picture import Mask


@dataclass(frozen=True)
class Outcome:
    """What became of one item; sizes are (width, height) in pixels, `error` is None where all went well."""

    item: Item
    seconds: float
    input_size: tuple[int, int] | None = None
    output_size: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    error: ItemError | None = None

    @property
    def megapixels_per_s(self) -> float:
        """Megapixels written in each second."""
        width, height = self.output_size or (0, 0)
        return width * height / 1e6 / self.seconds

    def as_json(self) -> dict[str, Any]:
        """The outcome as plain data, for machines to read."""
        return {
            "input": str(self.item.source),
            "output": None if self.error else str(self.item.target),
            "status": "failed" if self.error else "done",
            "input_size": self.input_size,
            "output_size": self.output_size,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
            "error": self.error and {"code": self.error.code, "message": str(self.error), "hint": self.error.hint},
        }


def process(
    item: Item,
    work: pipeline.Work,
    save: SaveOptions,
    overwrite: bool,
    progress: Callable[[Item, float], None] | None,
) -> Outcome:
    """Make what `item` asks for; `progress` is told the finished share, 0..1.

    Raises ItemError for the item, EngineError and ModelError, which would fail every item alike.
    """
    started = time.monotonic()
    with open_reader(item.source) as reader:
        area = reader.width * reader.height

        def told(done_pixels: int) -> None:
            if progress:
                progress(item, done_pixels / area)

        do = _retouch if work.filter.retouch else _stream
        notes = do(item, reader, work, save, overwrite, told)
        size = work.output_size(reader)
        seconds = time.monotonic() - started
        return Outcome(item, seconds, (reader.width, reader.height), size, tuple(dict.fromkeys(notes)))


def _stream(
    item: Item, reader: PictureReader, work: pipeline.Work, save: SaveOptions, overwrite: bool, told: pipeline.Progress
) -> tuple[str, ...]:
    notes = reader.look.notes
    with _open_writer(item, reader, work, save, overwrite) as writer:
        for rows in pipeline.stream(reader, work, told):
            writer.write(rows)
            notes = rows.look.notes
    return (*notes, *writer.notes)


def _retouch(
    item: Item, reader: PictureReader, work: pipeline.Work, save: SaveOptions, overwrite: bool, told: pipeline.Progress
) -> tuple[str, ...]:
    holes = pipeline.find_holes(reader, _mask(item, reader, work, overwrite, told), work)
    if not holes.regions:
        what = "nothing was found to fill" if item.mask is None else "the mask is empty"
        return (f"{what}: copied", *copy_picture(reader, item.target, options=save, overwrite=overwrite))
    opaque = item.mask is not None and item.mask.is_alpha
    with _open_writer(item, reader, work, save, overwrite) as writer:
        writer.retouch(reader, pipeline.retouch(reader, holes, work, told, opaque=opaque))
    return (*reader.look.notes, *writer.notes)


def _mask(item: Item, reader: PictureReader, work: pipeline.Work, overwrite: bool, told: pipeline.Progress) -> Mask:
    if item.mask is not None:
        return item.mask.read(reader)
    if work.finder is None:
        raise MaskError("there is no mask for it", hint="a mask has its picture's name, with any suffix")
    mask = pipeline.find_mask(reader, work, lambda done: told(0))
    if item.mask_target is not None:
        save_mask(mask, item.mask_target, overwrite=overwrite)
    return mask


def _open_writer(
    item: Item, reader: PictureReader, work: pipeline.Work, save: SaveOptions, overwrite: bool
) -> PictureWriter:
    width, height = work.output_size(reader)
    return open_writer(
        item.target,
        width=width,
        height=height,
        has_alpha=reader.has_alpha,
        look=work.output_look(reader),
        options=save,
        overwrite=overwrite,
    )
