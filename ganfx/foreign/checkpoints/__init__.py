"""The weights in PyTorch checkpoints, read without torch. Code inside a checkpoint is never run."""

from __future__ import annotations

from ganfx.foreign.checkpoints.scripted import is_scripted
from ganfx.foreign.checkpoints.state import State, read_state

__all__ = ["State", "is_scripted", "read_state"]
