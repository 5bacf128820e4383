"""Engines for the tests, whose sessions run out of memory where a test wants it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ganfx.engine import Engine, EngineOptions, open_engine

CPU_MEMORY = (
    "[ONNXRuntimeError] : 1 : FAIL : bfc_arena.cc:360 Failed to allocate memory for requested buffer of size 76"
)
CUDA_MEMORY = (
    "[ONNXRuntimeError] : 1 : FAIL : CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size);"
)


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(height * width).random((height, width, channels), dtype=np.float32)


def opened(path: Path, **options: Any) -> Engine:
    return open_engine(path, EngineOptions(provider="cpu", **options))


class Disturbed:
    """A session whose calls of the given numbers run out of memory."""

    def __init__(self, handle: Any, failing: set[int], message: str = CPU_MEMORY) -> None:
        self.handle, self.failing, self.message, self.calls = handle, failing, message, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.handle, name)

    def run(self, *arguments: Any) -> Any:
        self.calls += 1
        if self.calls in self.failing:
            raise RuntimeError(self.message)
        return self.handle.run(*arguments)
