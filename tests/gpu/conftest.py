"""Skips the tests of GPUs where none answers."""

from __future__ import annotations

import pytest

from ganfx.engine import probe_providers


@pytest.fixture(scope="session", autouse=True)
def webgpu() -> None:
    (status,) = (one for one in probe_providers() if one.name == "webgpu")
    if not status.usable:
        pytest.skip(f"WebGPU: {status.detail}")
