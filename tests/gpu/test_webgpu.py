"""WebGPU, on whatever answers through Vulkan here: the networks that ship give what the processor gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ganfx.engine import EngineOptions, open_engine, probe_providers, providers, runner, tuning_cache
from ganfx.engine.drawing import drawing
from ganfx.engine.proof import decibels
from ganfx.engine.values import to_planes, value_span
from ganfx.hub import ModelEntry, list_models
from tests import graphs

pytestmark = pytest.mark.gpu

BUNDLED = [entry for entry in list_models() if entry.origin == "bundled"]
WEBGPU, CPU = EngineOptions(provider="webgpu", precision="fp32"), EngineOptions(provider="cpu")


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    runner.NETWORKS.clear()
    tuning_cache.PROOFS.forget()
    tuning_cache.PRECISIONS.forget()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("entry", BUNDLED, ids=lambda entry: entry.name)
def test_a_shipped_network_computes_what_the_processor_computes(entry: ModelEntry) -> None:
    assert entry.path is not None
    gpu, cpu = open_engine(entry.path, WEBGPU), open_engine(entry.path, CPU)
    spec = gpu.spec
    side = -(-max(40, spec.min_size) // spec.multiple_of) * spec.multiple_of
    batch = to_planes(drawing(side, side, spec.in_channels), spec.inputs[0])[None]
    values = spec.control_values()
    found = decibels(
        gpu.network.compute(batch, values), cpu.network.compute(batch, values), value_span(spec.outputs[0])
    )
    assert found >= 60


def test_the_known_wrong_kernel_is_caught_and_another_layout_taken(tmp_path: Path) -> None:
    """3x3 convolutions of 9, 15, 27 ... channels are computed wrongly in the default layout by version 0.4."""
    path = graphs.convolutions(tmp_path / "m.onnx", layers=4, width=27)
    engine = open_engine(path, WEBGPU)
    batch = np.random.default_rng(0).random((1, 3, 48, 64), dtype=np.float32)
    assert np.abs(engine.network.run(batch) - open_engine(path, CPU).network.run(batch)).max() < 1e-3
    if engine.network.layout == "NCHW":
        assert "wrongly" in engine.remarks[0]


def test_the_processor_in_disguise_is_shown_as_that_and_never_chosen_by_itself(tmp_path: Path) -> None:
    (row,) = (row for row in providers.PROVIDERS if row.name == "webgpu")
    (status,) = (one for one in probe_providers() if one.name == "webgpu")
    if row.is_real():
        pytest.skip(f"a GPU is here: {status.detail}")
    assert "software adapter" in status.detail
    assert open_engine(graphs.identity(tmp_path / "m.onnx")).provider != "webgpu"


def test_a_picture_comes_through_the_command_line(tmp_path: Path) -> None:
    source = tmp_path / "small.png"
    cv2.imwrite(str(source), np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    for provider in ("webgpu", "cpu"):
        command = ["stylize", str(source), "-o", str(tmp_path / provider), "--provider", provider, "--tile", "64"]
        subprocess.run([sys.executable, "-m", "ganfx", *command, "--precision", "fp32"], check=True)
    one, two = (cv2.imread(str(tmp_path / name / "small.png")).astype(int) for name in ("webgpu", "cpu"))
    assert np.abs(one - two).max() <= 1
