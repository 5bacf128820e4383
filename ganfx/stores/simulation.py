"""How long a batch takes on many machines, on paper: from costs of pictures, with machines that vanish."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganfx.batch.process import DONE
from ganfx.errors import OptionError
from ganfx.stores.ledger import latest
from ganfx.stores.store import Store

# Pictures that are dealt out at once: memory does not grow with their number.
_AT_ONCE = 1 << 16
# A killed worker loses what it had not told the ledger, at most so many seconds.
_LOST_S = 15.0


@dataclass(frozen=True)
class ClusterLoad:
    """A batch and the machines for it.

    pictures       how many there are
    workers        parts that are worked on at once
    parts          N of --shard K/N
    start_s        seconds from a part's start to its first request
    list_s         seconds for a page of 1000 names, of which each part lists all
    known_s        seconds to ask for a result that is there already, after a part was started again
    lost_per_hour  how often a worker is killed, on average
    """

    pictures: int
    workers: int
    parts: int
    start_s: float = 10.0
    list_s: float = 0.1
    known_s: float = 0.02
    lost_per_hour: float = 0.0

    @property
    def overhead_s(self) -> float:
        """What each start of a part costs before and beside its pictures."""
        return self.start_s + self.list_s * -(-self.pictures // 1000)


@dataclass(frozen=True)
class ClusterForecast:
    """What a load comes to.

    parts       N of --shard K/N
    makespan_s  until the last part is done
    ideal_s     the pictures' own seconds, shared evenly
    overhead_s  starting and listing, of each worker on average
    rework_s    done again or asked for again after workers were killed, of each worker on average
    kills       workers that were killed
    """

    parts: int
    makespan_s: float
    ideal_s: float
    overhead_s: float
    rework_s: float
    kills: int

    @property
    def binds(self) -> str:
        """What costs most beside the pictures: listing and starting, machines that vanish, or uneven parts."""
        uneven = self.makespan_s - self.ideal_s - self.overhead_s - self.rework_s
        costs = {"listing": self.overhead_s, "lost machines": self.rework_s, "uneven parts": uneven}
        return max(costs, key=lambda name: costs[name])


def simulate(load: ClusterLoad, costs: Sequence[float], *, seed: int = 0) -> ClusterForecast:
    """What `load` comes to, where pictures cost what is drawn from `costs`, in seconds; the same for the same `seed`.

    Raises OptionError for a load without pictures, workers, parts or costs.
    """
    if min(load.pictures, load.workers, load.parts, len(costs)) < 1 or min(costs) < 0:
        raise OptionError("nothing to plan", hint="give pictures, workers, parts and seconds above zero")
    random = np.random.default_rng(seed)
    seconds, counts = _dealt(load, np.asarray(costs, np.float64), random)
    free = [0.0] * min(load.workers, load.parts)
    overhead, rework, kills = 0.0, 0.0, 0
    for part_s, count in zip(seconds.tolist(), counts.tolist(), strict=True):
        starts, again = _lived(load, part_s, count, random)
        took = part_s + again + starts * load.overhead_s
        heapq.heapreplace(free, free[0] + took)
        overhead, rework, kills = overhead + starts * load.overhead_s, rework + again, kills + starts - 1
    ideal = float(seconds.sum()) / load.workers
    return ClusterForecast(load.parts, max(free), ideal, overhead / load.workers, rework / load.workers, kills)


def recorded_costs(output: str) -> list[float]:
    """The seconds that each picture took, by the ledger of `output`. Raises OptionError where it has none."""
    costs = [row.seconds for row in latest(Store(output)).values() if row.status == DONE]
    if not costs:
        raise OptionError(f"{output} has no ledger to take costs from", hint="say --seconds, of one picture")
    return costs


def _dealt(
    load: ClusterLoad, costs: NDArray[np.float64], random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The seconds of each part and its number of pictures, where hashes, like chance, choose each picture's part."""
    seconds, counts = np.zeros(load.parts), np.zeros(load.parts, np.int64)
    for begin in range(0, load.pictures, _AT_ONCE):
        size = min(_AT_ONCE, load.pictures - begin)
        part, cost = random.integers(0, load.parts, size), random.choice(costs, size)
        seconds += np.bincount(part, cost, load.parts)
        counts += np.bincount(part, minlength=load.parts)
    return seconds, counts


def _lived(load: ClusterLoad, part_s: float, count: int, random: np.random.Generator) -> tuple[int, float]:
    """How often a part is started until it is done, and the seconds that are spent again."""
    starts, again, done_s = 1, 0.0, 0.0
    while load.lost_per_hour:
        until = random.exponential(3600 / load.lost_per_hour) - load.overhead_s
        if until >= part_s - done_s:
            break
        lost = min(_LOST_S, max(until, 0.0))
        done_s += max(until, 0.0) - lost
        again += lost + load.known_s * count * done_s / max(part_s, 1e-9)
        starts += 1
        if starts > 1000:
            raise OptionError("machines vanish before a part begins", hint="take fewer pictures, or steadier machines")
    return starts, again
