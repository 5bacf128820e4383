"""`ganfx bench model`: the arithmetic is counted right, and every rate is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from ganfx.engine import EngineOptions
from ganfx.errors import OptionError
from ganfx.evaluation.arithmetic import convolutions_only, operations
from ganfx.evaluation.limits import limits_table, measure_limits
from ganfx.hub import find_model
from tests import graphs

pytestmark = pytest.mark.slow


def test_operations_are_those_of_the_convolutions(tmp_path: Path) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3, scale=2, width=8)
    batch = np.zeros((1, 3, 20, 30), np.float32)
    assert operations(path, batch, {}) == 2 * 20 * 30 * 9 * (3 * 8 + 8 * 8 + 8 * 12)


def test_the_graph_that_measures_a_device_is_convolutions_alone() -> None:
    session = onnxruntime.InferenceSession(convolutions_only(8, 3), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"input": np.ones((1, 8, 10, 10), np.float32)})
    assert output.shape == (1, 8, 10, 10)
    assert output[0, 0, 5, 5] == pytest.approx(1, abs=1e-5)


def test_all_rates_of_a_model_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganfx.evaluation.limits.SIDE", 96)
    found = measure_limits("photo-x4-fast", rounds=1, options=EngineOptions(provider="cpu"))
    assert found.gflop_per_mp == pytest.approx(21, abs=2)
    assert min(found.device_gflops, found.session_mp_per_s, found.engine_mp_per_s, found.files_mp_per_s) > 0
    assert "photo-x4-fast" in limits_table([found])


def test_a_model_that_needs_a_mask_is_refused() -> None:
    with pytest.raises(OptionError, match="needs masks"):
        measure_limits(str(find_model(task="inpaint")))
