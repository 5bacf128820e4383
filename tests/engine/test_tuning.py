"""Tuning tries ways to run a model, remembers the fastest, and the engine uses it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganfx.engine import EngineOptions, network, open_engine, providers, runner, tuning, tuning_cache
from ganfx.engine.session import Session
from ganfx.engine.tuning_cache import Tuned
from ganfx.errors import DeviceMemoryError
from tests import graphs


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tuning, "PICTURE", 200)

    def forget() -> None:
        runner.NETWORKS.clear()
        for findings in (tuning_cache.SETTINGS_FOUND, tuning_cache.PROVIDERS_FOUND, tuning_cache.PROOFS):
            findings.forget()

    forget()
    return forget


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of the batches that sessions run."""
    run, seen = Session.run, []

    def watched(session: Session, batch: np.ndarray, *rest: object) -> np.ndarray:
        seen.append(batch.shape)
        return run(session, batch, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "run", watched)
    return seen


def rated(rates: dict[tuple[str, int], float]) -> Callable[..., tuning.Trial | None]:
    """Instead of a clock: the rate of each provider with each side of tiles."""

    def timed(engine: runner.Engine, settings: Tuned) -> tuning.Trial:
        network = engine.network
        rate = rates.get((network.provider.name, settings.side), 1.0)
        return tuning.Trial(network.provider.name, network.device, network.precision, settings, rate)

    return timed


def test_the_fastest_tile_is_used_from_then_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shapes: list[tuple[int, ...]],
    fresh_process: Callable[[], None],
) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3)
    monkeypatch.setattr(tuning, "_timed", rated({("cpu", 128): 2.0}))
    best = tuning.tune(path, EngineOptions(provider="cpu"))[0]
    assert (best.settings.side, best.mp_per_s) == (128, 2.0)
    fresh_process()
    shapes.clear()
    open_engine(path, EngineOptions(provider="cpu")).run(np.zeros((300, 300, 3), np.float32))
    assert max(max(shape[2:]) for shape in shapes) <= 128
    shapes.clear()
    open_engine(path, EngineOptions(provider="cpu", tile=300)).run(np.zeros((300, 300, 3), np.float32))
    assert max(max(shape[2:]) for shape in shapes) == 300, "what the user says goes before what was found"


def test_auto_takes_the_provider_that_was_fastest_not_the_first_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_process: Callable[[], None]
) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3)
    cpu = providers.candidates("cpu")[0]
    monkeypatch.setattr(providers, "PROVIDERS", (dataclasses.replace(cpu, name="other"), cpu))
    assert open_engine(path).provider == "other"
    monkeypatch.setattr(tuning, "_timed", rated({("cpu", 256): 3.0}))
    tuning.tune(path, EngineOptions())
    fresh_process()
    assert open_engine(path).provider == "cpu"
    assert open_engine(path, EngineOptions(provider="other")).provider == "other"


def test_every_way_is_really_timed_and_what_does_not_fit_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shapes: list[tuple[int, ...]]
) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3)
    told: list[tuning.Trial] = []
    run = runner.Engine.run

    def scarce(engine: runner.Engine, *rest: object) -> np.ndarray:
        if engine.options.tile > 256:
            raise DeviceMemoryError("out of memory")
        return run(engine, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(runner.Engine, "run", scarce)
    trials = tuning.tune(path, EngineOptions(provider="cpu"), told.append)
    assert {trial.settings.side for trial in trials} == {side for side in tuning.SIDES if side <= 256}
    assert trials == sorted(told, key=lambda trial: trial.mp_per_s, reverse=True)
    assert all(trial.mp_per_s > 0 for trial in trials)


def test_as_many_threads_as_were_fastest_are_used_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_process: Callable[[], None]
) -> None:
    path, started = graphs.convolutions(tmp_path / "m.onnx", layers=3), list[int]()
    start = network.start_session

    def watched(*given: Any, threads: int = 0) -> Any:
        started.append(threads)
        return start(*given, threads=threads)

    def timed(engine: runner.Engine, settings: Tuned) -> tuning.Trial:
        rate = 5.0 if settings == Tuned(128, 1, 3) else 1.0
        return tuning.Trial("cpu", "CPU", "fp32", settings, rate)

    cpu = dataclasses.replace(providers.candidates("cpu")[0], threads=lambda: (2, 3))
    monkeypatch.setattr(providers, "PROVIDERS", (cpu,))
    monkeypatch.setattr(network, "start_session", watched)
    monkeypatch.setattr(tuning, "_timed", timed)
    trials = tuning.tune(path, EngineOptions(provider="cpu"))
    assert {trial.settings.threads for trial in trials} == {2, 3} == set(started)
    fresh_process()
    started.clear()
    open_engine(path, EngineOptions(provider="cpu"))
    assert started == [3]
    fresh_process()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    open_engine(path, EngineOptions(provider="cpu"))
    assert started == [3, 1], "what the user says goes before what was found"


@pytest.mark.parametrize("text", ["", "many", "5 1", "99999999 1", None])
def test_a_damaged_memory_is_no_memory(text: str | None) -> None:
    assert Tuned.read(text).side == 0
