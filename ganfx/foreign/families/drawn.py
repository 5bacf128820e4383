"""What a family hands back."""

from __future__ import annotations

from typing import NamedTuple


class Drawn(NamedTuple):
    """A network whose layers are written: the tensor that is its result, and what it is."""

    result: str
    channels: int
    out_channels: int
    label: str
