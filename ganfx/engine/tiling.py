"""Tile sizes: from the network's contract, the provider, the picture, and what fitted into memory before."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

from ganfx.engine.options import EngineOptions
from ganfx.engine.tiles import ceil_to
from ganfx.errors import DeviceMemoryError
from ganfx.spec import ModelSpec

DEFAULT_SIDE = 512
# Where sides come in steps: as much work at once as a batch of four of the others.
STEPPED_SIDE = 1024
SMALLEST_SIDE = 64
# Pixels beyond the receptive field over which neighboring tiles fade into each other.
FADE_MARGIN = 4
# Upper bound of the overlap: attention and instance normalization see everything, no overlap makes them exact.
LARGEST_FIELD = 128
# The same for upscalers: pixels further away hardly matter, and large tiles cost the square of the scale.
LARGEST_UPSCALER_FIELD = 64
# A tile is at least so many overlaps wide; with less, most pixels would be computed more than once.
SIDE_IN_OVERLAPS = 8
BATCH_PIXELS = 1024 * 1024
BAND_BYTES = 256 << 20


@dataclass(frozen=True)
class TilingPolicy:
    """How one run is tiled. Sides, overlap and fade are input pixels; `floor` is the smallest side to try.

    uniform keeps to few tile shapes and batches tiles, for providers that compile for each shape; otherwise tiles fit
    the picture. With a `step` they fit it, too, but for sides in multiples of so many pixels.
    """

    side: int
    floor: int
    overlap: int
    fade: int
    batch: int
    multiple_of: int
    min_size: int
    rule: Literal["free", "fixed", "whole"]
    uniform: bool
    step: int = 0

    @classmethod
    def of(cls, spec: ModelSpec, options: EngineOptions, *, uniform: bool, step: int = 0) -> TilingPolicy:
        """The policy for `options`; the overlap covers the receptive field, up to its upper bound and 3/8 of a tile."""
        multiple = spec.multiple_of
        field = min(spec.receptive_field, LARGEST_UPSCALER_FIELD if spec.scale > 1 else LARGEST_FIELD)
        overlap = field + FADE_MARGIN if options.overlap is None else options.overlap
        wanted = options.tile or max(STEPPED_SIDE if step else DEFAULT_SIDE, SIDE_IN_OVERLAPS * overlap)
        side = spec.fixed_size or ceil_to(max(wanted, spec.min_size), multiple)
        overlap = min(ceil_to(overlap, multiple), side * 3 // 8 // multiple * multiple)
        fade = 2 * (overlap - field) if overlap > field else overlap // 2 * 2
        floor = spec.fixed_size or ceil_to(max(SMALLEST_SIDE, spec.min_size, overlap * 8 // 3), multiple)
        batch = 1 if spec.tiling.rule == "whole" else options.batch
        return cls(side, floor, overlap, fade, batch, multiple, spec.min_size, spec.tiling.rule, uniform, step)

    def within(self, side: int, batch: int) -> TilingPolicy:
        """This policy with at most this side and batch; a batch of 0 is no limit."""
        batch = min(self.batch or batch, batch or self.batch)
        return dataclasses.replace(self, side=min(self.side, max(side, self.floor)), batch=batch)

    def padded(self, length: int) -> int:
        """`length` rounded up to what the network takes: at least min_size, a multiple of multiple_of."""
        return ceil_to(max(length, self.min_size), self.multiple_of)

    def side_for(self, length: int, limit: int) -> int:
        """The side of tiles along an axis of `length`: at most `limit` unless the rule is whole."""
        if self.rule == "fixed":
            return self.side
        if self.rule == "whole":
            return length
        if self.uniform and not self.step:
            while length <= limit // 2 and limit // 2 >= self.floor and limit // 2 % self.multiple_of == 0:
                limit //= 2
            return limit
        shared = 2 * self.overlap
        count = 1 if length <= limit else -(-(length - shared) // (limit - shared))
        side = length if count == 1 else ceil_to(-(-(length - shared) // count) + shared, self.multiple_of)
        return min(ceil_to(side, math.lcm(self.step, self.multiple_of)), limit) if self.step else side


@dataclass(frozen=True)
class TileGrid:
    """Tiles of height x width input pixels, `batch` at once."""

    height: int
    width: int
    batch: int

    @classmethod
    def of(cls, policy: TilingPolicy, spec: ModelSpec, height: int, width: int) -> TileGrid:
        """The tiles for a picture, or the rest of one, such that the output of a band is at most `BAND_BYTES`."""
        rows, columns = policy.padded(height), policy.padded(width)
        row_bytes = 4 * spec.out_channels * columns * spec.scale**2
        core = max(1, BAND_BYTES // row_bytes)
        tallest = (core + 2 * policy.overlap - policy.fade) // policy.multiple_of * policy.multiple_of
        limit = min(policy.side, max(policy.floor, tallest))
        tile_height, tile_width = policy.side_for(rows, limit), policy.side_for(columns, policy.side)
        across = -(-columns // max(1, tile_width - 2 * policy.overlap))
        wanted = policy.batch or (BATCH_PIXELS // (tile_height * tile_width) if policy.uniform else 1)
        return cls(tile_height, tile_width, max(1, min(wanted, across)))

    def shrunk(self, policy: TilingPolicy, *, cpu_hint: bool) -> TilingPolicy:
        """The policy that needs about half the memory. Raises DeviceMemoryError below the smallest tile.

        cpu_hint makes the error propose the CPU.
        """
        if self.batch > 1:
            return dataclasses.replace(policy, batch=self.batch // 2)
        side = max(self.height, self.width)
        if policy.rule == "whole":
            raise DeviceMemoryError(
                f"out of memory with a picture of {side} pixels, which the network must see whole",
                hint="use a smaller picture",
            )
        if policy.rule == "fixed" or side <= policy.floor:
            hint = "close other programs" + (", or use --provider cpu" if cpu_hint else "")
            raise DeviceMemoryError(f"out of memory even with tiles of {side} pixels", hint=hint)
        half = ceil_to(max(side // 2, policy.floor), policy.multiple_of)
        return dataclasses.replace(policy, side=half, batch=1)
