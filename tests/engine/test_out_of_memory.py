"""Memory that runs out makes tiles smaller, and nothing else changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganfx.engine import tuning_cache
from ganfx.errors import DeviceMemoryError
from tests import graphs
from tests.engine.disturbed import CPU_MEMORY, CUDA_MEMORY, noise, opened

pytestmark = pytest.mark.usefixtures("nothing_remembered")


@pytest.mark.parametrize("message", [CPU_MEMORY, CUDA_MEMORY])
def test_out_of_memory_at_any_call_changes_nothing(networks: Path, disturb: Any, message: str) -> None:
    path = graphs.convolutions(networks / "memory.onnx", layers=3, scale=2)
    picture = noise(300, 160)
    engine = opened(path, tile=128)
    undisturbed = disturb(engine, set())
    expected = engine.run(picture)
    assert undisturbed.calls >= 6
    for k in range(1, undisturbed.calls + 1):
        tuning_cache._tiles.clear()
        disturbed = disturb(engine, {k}, message)
        np.testing.assert_allclose(engine.run(picture), expected, atol=1e-5, err_msg=f"out of memory at call {k}")
        assert disturbed.calls > undisturbed.calls - k


def test_out_of_memory_again_and_again_still_ends_well(networks: Path, disturb: Any) -> None:
    path = graphs.convolutions(networks / "memory.onnx", layers=3, scale=2)
    picture = noise(300, 160)
    expected = opened(path).run(picture)
    for failing in ({1, 2}, {1, 4}, {2, 9}, {1, 2, 3}):
        tuning_cache._tiles.clear()
        engine = opened(path, tile=256, batch=2)
        disturb(engine, failing)
        tops = [0]

        def read(top: int, bottom: int, tops: list[int] = tops) -> np.ndarray:
            assert top >= tops[-1]
            tops.append(top)
            return picture[top:bottom]

        result = np.concatenate(list(engine.stream(read, 300, 160)))
        np.testing.assert_allclose(result, expected, atol=1e-5, err_msg=f"out of memory at calls {failing}")


def test_the_tile_that_fitted_is_remembered(networks: Path, disturb: Any) -> None:
    path = graphs.convolutions(networks / "memory.onnx", layers=3, scale=2)
    engine = opened(path, tile=256)
    disturb(engine, {1})
    engine.run(noise(256, 256))
    after = disturb(engine, {1, 2, 3})
    with pytest.raises(DeviceMemoryError, match="even with tiles of"):
        engine.run(noise(256, 256))
    assert after.calls == 2, "128 and 64 were tried, 256 was not"


def test_a_fixed_size_network_has_no_smaller_tile(networks: Path, disturb: Any) -> None:
    engine = opened(graphs.identity(networks / "fixed.onnx", size=(1, 64, 64)))
    disturb(engine, {1})
    with pytest.raises(DeviceMemoryError) as caught:
        engine.run(noise(64, 64))
    assert caught.value.hint


LIMITED = """
import resource, sys
import numpy as np
from pathlib import Path
from ganfx.engine import EngineOptions, open_engine, tuning_cache
engine = open_engine(Path(sys.argv[1]), EngineOptions(provider="cpu", tile=1024))
picture = np.random.default_rng(0).random((1024, 1024, 3), dtype=np.float32)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (300 << 20), resource.RLIM_INFINITY))
result = engine.run(picture)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
(side, batch), = tuning_cache._tiles.values()
free = open_engine(Path(sys.argv[1]), EngineOptions(provider="cpu", tile=256))
tuning_cache._tiles.clear()
print(side, np.abs(free.run(picture) - result).max())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits its own address space, as Linux lets it")
@pytest.mark.skipif(
    os.environ.get("GANFX_TEST_PROVIDER", "cpu") != "cpu",
    reason="a GPU's driver maps more addresses than the limit that the test sets itself",
)
def test_memory_that_really_runs_out_halves_the_tile(networks: Path) -> None:
    path = graphs.convolutions(networks / "wide.onnx", layers=2, width=64)
    command = [sys.executable, "-c", LIMITED, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    side, apart = done.stdout.split()
    assert int(side) < 1024, "the tile was not made smaller"
    assert float(apart) < 1e-5
    assert done.stderr == ""
