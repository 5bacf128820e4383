"""How long the frames of an animation are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

# What browsers make of a GIF's frame of no more than a hundredth of a second.
_SHORTEST_GIF_S, _INSTEAD_S = Fraction(1, 100), Fraction(1, 10)


@dataclass(frozen=True)
class Timing:
    """When the frames of an animation are shown.

    durations   of each frame, in seconds, >= 0
    plays       how often all frames are shown; 0: without end
    """

    durations: tuple[Fraction, ...]
    plays: int

    def as_shown(self) -> Timing:
        """The timing that browsers give a GIF which says so: frames of 0 or 10 ms are shown for 100."""
        shown = (_INSTEAD_S if length <= _SHORTEST_GIF_S else length for length in self.durations)
        return Timing(tuple(shown), self.plays)


def ticks(durations: Iterable[Fraction], per_second: int, most: int) -> list[int]:
    """Durations in seconds as whole ticks of 0..`most`, rounded so that no frame begins more than half a tick off."""
    found, begin = list[int](), Fraction(0)
    done = 0
    for length in durations:
        begin += length
        found.append(min(max(round(begin * per_second) - done, 0), most))
        done = round(begin * per_second)
    return found
