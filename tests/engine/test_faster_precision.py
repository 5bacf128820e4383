"""Where the precision is left open, the faster of those that are right is taken, and timed once."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from ganfx.engine import EngineOptions, open_engine, providers, runner, tuning_cache
from ganfx.engine.network import Network
from tests import graphs


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The precisions of what a device that may take both computes; the slow ones are in the fixture `slow`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cpu = providers.candidates("cpu")[0]
    row = dataclasses.replace(cpu, name="other", precisions=("fp32", "fp16"), fastest=lambda: "fp16")
    monkeypatch.setattr(providers, "PROVIDERS", (row, cpu))
    forget()
    return []


def forget() -> None:
    """Forget what this process has learnt; the cache folder stays, as between two processes."""
    runner.NETWORKS.clear()
    for findings in (tuning_cache.PROOFS, tuning_cache.PRECISIONS, tuning_cache.FASTER_PRECISIONS):
        findings.forget()


def slow_in(precision: str, computed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    compute = Network.compute

    def late(network: Network, batch: np.ndarray, controls: Mapping[str, float]) -> np.ndarray:
        computed.append(network.precision)
        time.sleep(0.1 if network.precision == precision and network.provider.name == "other" else 0)
        return compute(network, batch, controls)

    monkeypatch.setattr(Network, "compute", late)


@pytest.mark.parametrize(("slow", "taken"), [("fp16", "fp32"), ("fp32", "fp16")])
def test_the_faster_precision_is_taken_and_timed_once(
    slow: str, taken: str, computed: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow_in(slow, computed, monkeypatch)
    path = graphs.convolutions(tmp_path / "m.onnx", layers=2)
    assert open_engine(path).precision == taken
    forget()
    computed.clear()
    assert open_engine(path).precision == taken
    assert computed == []


def test_a_precision_that_is_asked_for_is_taken_however_slow(
    computed: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow_in("fp16", computed, monkeypatch)
    path = graphs.convolutions(tmp_path / "m.onnx", layers=2)
    assert open_engine(path, EngineOptions(precision="fp16")).precision == "fp16"
