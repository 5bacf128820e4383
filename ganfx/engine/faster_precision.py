"""The faster of two precisions that are both right, found by timing each once on a device."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ganfx.engine.drawing import drawing
from ganfx.engine.network import Network
from ganfx.engine.tiles import ceil_to
from ganfx.engine.tuning_cache import FASTER_PRECISIONS
from ganfx.engine.values import to_planes
from ganfx.errors import GanfxError, ProviderError

# The side in pixels of the tile that is timed, and how often, after a run that prepares the device for it.
SIDE, ROUNDS = 256, 4
# So many times as fast as fp32 a precision must be that holds fewer numbers.
LEAST_GAIN = 1.05


def open_faster(key: str, precisions: Sequence[str], open_in: Callable[[str], Network]) -> Network:
    """The network in the faster of `precisions`, the second of them fp32, that `open_in` opens; remembered by `key`.

    open_in raises ProviderError where a precision is not right; raises what it raises where none is.
    """
    known = FASTER_PRECISIONS.get(key)
    first, *others = sorted(precisions, key=lambda precision: precision != known)
    try:
        network = open_in(first)
    except ProviderError:
        return open_in(others[0])
    if first == known or network.precision == "fp32":
        return network
    try:
        exact = open_in("fp32")
        gain = _seconds(exact) / _seconds(network)
    except GanfxError:  # it does not work, or memory does not suffice for a tile of this size
        return network
    chosen = network if gain >= LEAST_GAIN else exact
    FASTER_PRECISIONS.remember(key, chosen.precision)
    return chosen


def _seconds(network: Network) -> float:
    """The least time that one tile takes."""
    spec = network.spec
    side = spec.fixed_size or ceil_to(max(SIDE, spec.min_size), spec.multiple_of)
    tile = to_planes(drawing(side, side, spec.in_channels), spec.inputs[0])[None]
    times = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        network.compute(tile, spec.control_values())
        times.append(time.perf_counter() - started)
    return min(times[1:])
