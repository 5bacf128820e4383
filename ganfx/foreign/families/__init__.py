"""Architectures whose graphs are written from the names and shapes of their weights alone, without torch."""

from __future__ import annotations

from ganfx.foreign.families.writing import Written, write_graph

__all__ = ["Written", "write_graph"]
