"""Textures out of noise: a generator's pictures, of any size, strip by strip, and as files."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from ganfx.engine import Engine, EngineOptions, open_engine
from ganfx.errors import ItemError, OptionError
from ganfx.files import SaveOptions, open_writer
from ganfx.hub import find_model
from ganfx.imaging.picture import Floats, Picture, PictureInfo
from ganfx.textures.latents import PLANES, SEEDS, STYLES, TextureSeeds, latent_grid
from ganfx.textures.making import Made

TASK = "texture"
# Cells of a tile and side: what a network needs for it is a quarter of a gigabyte.
_TILE = 32
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:description>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


@dataclass(frozen=True)
class TextureRequest:
    """What is to be made.

    size         (width, height) in pixels, multiples of what `TextureGenerator.cell` says
    truncation   0..1: below 1 styles are nearer to the mean, and alike
    """

    size: tuple[int, int]
    truncation: float = 1.0


class TextureGenerator:
    """A generator of textures: the model by that name or file.

    Raises OptionError for a model that makes textures out of other latents, and what `find_model` and `open_engine`
    raise.
    """

    def __init__(self, model: str | Path, options: EngineOptions = EngineOptions()) -> None:  # noqa: B008
        path = find_model(model, task=TASK)
        self.name = path.stem
        self._engine: Engine = open_engine(path, dataclasses.replace(options, tile=options.tile or _TILE))
        spec = self._engine.spec
        if spec.kind != "generator" or spec.in_channels != PLANES:
            raise OptionError(f"{self.name} is no generator that `ganfx train texture` made")

    @property
    def cell(self) -> int:
        """Width and height are multiples of it, in pixels; larger things are laid out on a grid of such cells."""
        return self._engine.spec.scale

    def strips(self, seeds: TextureSeeds, request: TextureRequest) -> Iterator[Floats]:
        """Rows (n, width, 3) in [0, 1] from top to bottom, which tile in both directions.

        The same seeds give the same picture on every device, but for rounding. Raises OptionError for a size that is
        no multiple of `cell`, and what `Engine.stream` raises.
        """
        width, height = request.size
        if width % self.cell or height % self.cell:
            near = "x".join(str(-(-side // self.cell) * self.cell) for side in request.size)
            raise OptionError(f"size: {width}x{height} are no multiples of {self.cell}", hint=f"take {near}")
        grid = latent_grid(seeds, height // self.cell, width // self.cell, request.truncation)
        around = self._engine.spec.receptive_field
        wrapped = np.pad(grid, ((around, around), (around, around), (0, 0)), mode="wrap")
        return self._inside(wrapped, around * self.cell, height, width)

    def _inside(self, grid: Floats, border: int, height: int, width: int) -> Iterator[Floats]:
        top = -border
        for rows in self._engine.stream(lambda first, last: grid[first:last], *grid.shape[:2]):
            inside = rows[max(0, -top) : max(0, height - top), border : border + width]
            top += len(rows)
            if len(inside):
                yield np.clip(inside, 0, 1)

    def write(
        self,
        target: Path,
        seeds: TextureSeeds,
        request: TextureRequest,
        *,
        options: SaveOptions | None = None,
        overwrite: bool = False,
    ) -> Made:
        """Write one texture to `target`. Raises what `strips` and writing raise."""
        width, height = request.size
        strips = self.strips(seeds, request)
        with ItemError.about(target):
            writer = open_writer(
                target,
                width=width,
                height=height,
                has_alpha=False,
                info=PictureInfo(metadata={"xmp": self._recipe(seeds, request)}),
                options=options or SaveOptions(),
                overwrite=overwrite,
            )
            with writer:
                for rows in strips:
                    writer.write(Picture(rows))
        return Made(target, seeds.layout, writer.notes)

    def _recipe(self, seeds: TextureSeeds, request: TextureRequest) -> bytes:
        """The command that makes the texture again, as the description in XMP."""
        styles = " ".join(f"--{style} {seed}" for style, seed in zip(STYLES, seeds.styles, strict=True))
        size = "x".join(map(str, request.size))
        words = f"--seed {seeds.layout} {styles} --truncation {request.truncation:g} --size {size}"
        return _XMP.format(escape(f"ganfx generate {shlex.quote(self.name)} {words}")).encode()


def check_seeds(first: int, count: int) -> None:
    """Raises OptionError where `count` seeds from `first` on are not all up to `SEEDS`."""
    if first + count - 1 > SEEDS:
        raise OptionError(f"seed: {first} and {count - 1} more are not all up to {SEEDS}")
