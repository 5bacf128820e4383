"""One picture run through a network, one band of tiles at a time."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ganfx.engine import tuning_cache
from ganfx.engine.ahead import WorkAhead
from ganfx.engine.network import Network
from ganfx.engine.options import EngineOptions
from ganfx.engine.tiles import Band, Floats, Span, Weights, cut, reflected
from ganfx.engine.tiling import TileGrid, TilingPolicy
from ganfx.engine.values import restore, to_planes
from ganfx.errors import ContractError, DeviceMemoryError, InferenceError

Reader = Callable[[int, int], Floats]
Pieces = list[tuple[Floats, Weights]]
# Is told how many pixels are finished, of those that its documentation names; may raise to interrupt.
PixelProgress = Callable[[int], None]
# Little beside a band, and large enough for little overhead per chunk: what is done to an enlargement looks at rows
# around the chunk, too.
CHUNK_BYTES = 24 << 20


@dataclass
class TiledRun:
    """The state of one picture's run; see `Engine.stream` for the arguments.

    Where `into` (height * scale, width * scale, out_channels) is given, chunks are views of it.
    """

    network: Network
    options: EngineOptions
    read: Reader
    height: int
    width: int
    progress: PixelProgress
    controls: Mapping[str, float]
    into: Floats | None = None
    done: int = 0
    ended: bool = False

    def chunks(self) -> Iterator[Floats]:
        """The output's rows, top to bottom."""
        spec = self.network.spec
        row_bytes = 4 * spec.out_channels * self.width * spec.scale
        most = max(1, CHUNK_BYTES // (row_bytes * spec.scale))
        with WorkAhead() as ahead:
            try:
                for band in self._bands(ahead):
                    # As many rows in each, so that none is small.
                    rows = max(1, band.down.tail // spec.scale)
                    count = -(-rows // -(-rows // most)) * spec.scale
                    for top in range(0, band.down.tail, count):
                        yield self._rows(band, top, min(top + count, band.down.tail))
                    del band
            finally:
                self.ended = True

    def _rows(self, band: Band, top: int, bottom: int) -> Floats:
        """Rows of `band`, in [0, 1]."""
        spec, first = self.network.spec, band.down.begin + top
        if self.into is None:
            rows = self.network.buffers.take((bottom - top, self.width * spec.scale, spec.out_channels))
        else:
            rows = self.into[first : first + bottom - top]
        band.write(rows, top)
        restore(rows, spec.outputs[0])
        return rows

    def _bands(self, ahead: WorkAhead) -> Iterator[Band]:
        """All bands; the next one is computed while its consumer works, where that takes nothing from the network."""
        policy = self._first_policy()
        grid, spans = self._cut_rows(policy, 0)
        carry: Floats | None = None
        begun: Callable[[], Pieces] | None = None
        while spans:
            down = self._down(spans[0], policy)
            try:
                pieces = begun() if begun else self._work(spans[0], policy, grid)()
            except (DeviceMemoryError, MemoryError):
                policy = grid.shrunk(policy, cpu_hint=self.network.provider.runs_beside_cpu)
                tuning_cache.remember_tile(self.network.key, policy.side, policy.batch)
                grid, spans = self._cut_rows(policy, spans[0].start)
                begun = None
                continue
            band = Band(pieces, down, carry)
            del spans[0], pieces
            begun = None
            if spans and self.network.provider.runs_beside_cpu:
                begun = ahead.begin(self._work(spans[0], policy, grid))
            yield band
            carry = self._carry_of(band)
            del band

    def _down(self, span: Span, policy: TilingPolicy) -> Weights:
        return Weights.of(span, self.height, policy.fade, self.network.spec.scale)

    def _work(self, span: Span, policy: TilingPolicy, grid: TileGrid) -> Callable[[], Pieces]:
        """What computes the band at `span`, of which the picture's rows are read now."""
        planes = self._planes(span.start, policy, grid)
        return functools.partial(self._pieces, planes, span, self._down(span, policy), policy, grid)

    def _carry_of(self, band: Band) -> Floats:
        """The last rows of `band`, to which the next band adds."""
        spec, down = self.network.spec, band.down
        rows = np.empty((down.end - down.begin - down.tail, self.width * spec.scale, spec.out_channels), np.float32)
        band.write(rows, down.tail)
        return rows

    def _first_policy(self) -> TilingPolicy:
        found = self.network.tuned
        options = dataclasses.replace(
            self.options, tile=self.options.tile or found.side, batch=self.options.batch or found.batch
        )
        row = self.network.provider
        policy = TilingPolicy.of(self.network.spec, options, uniform=row.compiles_per_shape, step=row.shape_step)
        if self.network.fixed_batch:
            policy = policy.within(policy.side, 1)
        known = tuning_cache.known_tile(self.network.key)
        return policy.within(*known) if known else policy

    def _cut_rows(self, policy: TilingPolicy, begin: int) -> tuple[TileGrid, list[Span]]:
        grid = TileGrid.of(policy, self.network.spec, self.height - begin, self.width)
        length = max(policy.padded(self.height), grid.height)
        return grid, cut(length, grid.height, policy.overlap, policy.fade, begin)

    def _planes(self, top: int, policy: TilingPolicy, grid: TileGrid) -> Floats:
        """One band of the picture for the network: (in_channels, rows, columns), mirrored beyond the edges."""
        spec = self.network.spec
        rows = reflected(self.height, top, top + grid.height)
        first, last = int(rows.min()), int(rows.max()) + 1
        pixels = self.read(first, last)
        if pixels.shape != (last - first, self.width, spec.in_channels):
            raise ContractError(f"{spec.name} takes {spec.in_channels} channels; the picture's rows are {pixels.shape}")
        if top + grid.height > self.height:
            pixels = pixels[rows - first]
        columns = max(policy.padded(self.width), grid.width)
        if columns > self.width:
            pixels = pixels[:, reflected(self.width, 0, columns)]
        return to_planes(pixels, spec.inputs[0])

    def _pieces(self, planes: Floats, span: Span, down: Weights, policy: TilingPolicy, grid: TileGrid) -> Pieces:
        """The output for one band: of each tile the part that counts, and its weights across."""
        spec = self.network.spec
        scale, order = spec.scale, -1 if spec.outputs[0].color_order == "BGR" else 1
        columns = cut(planes.shape[2], grid.width, policy.overlap, policy.fade)
        rows = slice(down.begin - span.start * scale, down.end - span.start * scale)
        pieces: Pieces = []
        for at in range(0, len(columns), grid.batch):
            if self.ended:
                raise InferenceError("its result is not wanted any more")
            group = columns[at : at + grid.batch]
            outputs = self.network.run(_stacked(planes, group, grid), self.controls)
            for column, output in zip(group, outputs, strict=False):
                across = Weights.of(column, self.width, policy.fade, scale)
                offset = column.start * scale
                pieces.append((output[::order, rows, across.begin - offset : across.end - offset], across))
            self._report(span, (at + len(group)) / len(columns))
        return pieces

    def _report(self, span: Span, share: float) -> None:
        first, last = span.fade_in or 0, self.height if span.fade_out is None else span.fade_out
        self.done = max(self.done, round((first + (last - first) * share) * self.width))
        self.progress(self.done)


def _stacked(planes: Floats, group: list[Span], grid: TileGrid) -> Floats:
    """The tiles of `group` as one batch; a short group is filled up with its last tile, to keep the shape."""
    filled = group + group[-1:] * (grid.batch - len(group))
    return np.stack([planes[:, :, column.start : column.start + grid.width] for column in filled])
