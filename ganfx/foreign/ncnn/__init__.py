"""Networks of ncnn: a `.param` file that lists the layers, and a `.bin` file with their weights beside it."""

from __future__ import annotations

from ganfx.foreign.ncnn.network import read_network

__all__ = ["read_network"]
