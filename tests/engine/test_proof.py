"""A provider is believed for a model once it has computed what the processor computes; planted faults are caught."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganfx.engine import Engine, EngineOptions, network, open_engine, plugins, providers, runner, tuning_cache
from ganfx.engine.proof import EXACT, decibels
from ganfx.engine.session import Session
from ganfx.errors import ProviderError
from tests import graphs

Fault = Callable[[np.ndarray], np.ndarray]
LAYOUTS = ("NHWC", "NCHW")


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    """Forget what this process has learnt; the cache folder stays, as between two processes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def forget() -> None:
        runner.NETWORKS.clear()
        tuning_cache.PROOFS.forget()
        tuning_cache.PRECISIONS.forget()

    forget()
    return forget


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Adds a provider `other`, which is the processor but for a fault, before the processor itself.

    Returns the layouts of its sessions as they run.
    """

    def planted(fault: Fault, layouts: tuple[str, ...] = LAYOUTS, **row: object) -> list[str]:
        cpu = providers.candidates("cpu")[0]
        other = dataclasses.replace(cpu, name="other", layouts=LAYOUTS, **row)  # type: ignore[arg-type]
        monkeypatch.setattr(providers, "PROVIDERS", (other, cpu))
        run, ran = Session.run, []

        def start(
            model: bytes, provider: providers.Provider, precision: str, device_id: int, layout: str = "", **rest: int
        ) -> object:
            handle = providers.start_session(model, provider, precision, device_id, layout, **rest)
            faulty[id(handle)] = layout if provider.name == "other" else ""
            kept.append(handle)
            return handle

        def wrong(session: Session, batch: np.ndarray, *rest: object) -> np.ndarray:
            output = run(session, batch, *rest)  # type: ignore[arg-type]
            layout = faulty.get(id(session.handle), "")
            ran.extend([layout] if layout else [])
            return fault(output) if layout in layouts else output

        faulty: dict[int, str] = {}
        kept: list[object] = []
        monkeypatch.setattr(network, "start_session", start)
        monkeypatch.setattr(Session, "run", wrong)
        return ran

    return planted


def darker(output: np.ndarray) -> np.ndarray:
    return output * 0.99


def test_a_layout_that_computes_wrongly_is_left_for_the_next(plant: Callable[..., list[str]], tmp_path: Path) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3)
    plant(darker, layouts=("NHWC",))
    engine = open_engine(path)
    assert (engine.provider, engine.network.layout) == ("other", "NCHW")
    (said,) = engine.remarks
    assert said.startswith("other computes convolutions wrongly in fp32 NHWC")
    assert "60 are needed" in said


def test_a_provider_that_is_wrong_in_every_way_is_left_for_the_next(
    plant: Callable[..., list[str]], tmp_path: Path
) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3)
    plant(darker)
    engine = open_engine(path)
    assert engine.provider == "cpu"
    assert len(engine.remarks) == 2


def test_a_provider_that_was_asked_for_and_is_wrong_is_an_error(
    plant: Callable[..., list[str]], tmp_path: Path
) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3)
    plant(darker)
    with pytest.raises(ProviderError, match="other computes convolutions wrongly") as caught:
        open_engine(path, EngineOptions(provider="other"))
    assert caught.value.hint


def test_what_was_found_is_remembered_and_said_once(
    plant: Callable[..., list[str]], tmp_path: Path, fresh_process: Callable[[], None]
) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3)
    ran = plant(darker, layouts=("NHWC",))
    open_engine(path)
    assert set(ran) == set(LAYOUTS)
    ran.clear()
    fresh_process()
    engine = open_engine(path)
    assert (engine.network.layout, engine.remarks, ran) == ("NCHW", (), [])


def test_a_new_version_is_proved_anew(
    plant: Callable[..., list[str]], tmp_path: Path, fresh_process: Callable[[], None]
) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3)
    plant(darker, version=lambda: "1.0")
    assert open_engine(path).provider == "cpu"
    fresh_process()
    plant(darker, layouts=(), version=lambda: "1.1")
    assert open_engine(path).provider == "other"


def _second_of_a_batch(output: np.ndarray) -> np.ndarray:
    return output if len(output) < 2 else np.stack([output[0]] * len(output))


def _upright(output: np.ndarray) -> np.ndarray:
    return output if output.shape[2] < output.shape[3] else output + 0.01


def _not_a_number(output: np.ndarray) -> np.ndarray:
    output = output.copy()
    output[0, 0, 3, 3] = np.nan
    return output


@pytest.mark.parametrize("fault", [_second_of_a_batch, _upright, _not_a_number])
def test_faults_of_batches_of_shapes_and_of_single_pixels_are_caught(
    plant: Callable[..., list[str]], tmp_path: Path, fault: Fault
) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3)
    plant(fault)
    assert open_engine(path).provider == "cpu"


def test_numbers_that_vanish_where_a_picture_is_even_are_caught(
    plant: Callable[..., list[str]], tmp_path: Path
) -> None:
    plant(lambda output: output * np.nan if np.ptp(output) == 0 else output)
    assert open_engine(graphs.identity(tmp_path / "m.onnx")).provider == "cpu"


def test_what_a_provider_cannot_run_is_left_for_the_next(plant: Callable[..., list[str]], tmp_path: Path) -> None:
    def fails(output: np.ndarray) -> np.ndarray:
        raise RuntimeError("device lost")

    plant(fails)
    assert open_engine(graphs.convolutions(tmp_path / "m.onnx", layers=3)).provider == "cpu"


def test_a_provider_that_is_right_is_used_without_a_word(plant: Callable[..., list[str]], tmp_path: Path) -> None:
    plant(lambda output: output)
    engine: Engine = open_engine(graphs.convolutions(tmp_path / "m.onnx", layers=3))
    assert (engine.provider, engine.network.layout, engine.remarks) == ("other", "NHWC", ())


def test_a_device_that_is_the_processor_in_disguise_is_never_chosen_by_itself(
    plant: Callable[..., list[str]], tmp_path: Path
) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3)
    plant(lambda output: output, is_real=lambda: False)
    assert open_engine(path).provider == "cpu"
    assert open_engine(path, EngineOptions(provider="other")).provider == "other"


def test_decibels_are_of_the_range_of_values() -> None:
    grey = np.full((1, 3, 8, 8), 0.5, np.float32)
    assert decibels(grey, grey, 1.0) == EXACT
    assert decibels(grey + np.float32(0.1), grey, 1.0) == pytest.approx(20, abs=0.01)
    assert decibels(grey + np.float32(0.1), grey, 10.0) == pytest.approx(40, abs=0.01)
    assert decibels(grey * np.nan, grey, 1.0) == -math.inf


def test_a_number_of_no_device_is_an_error_and_gpus_come_before_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    software, gpu = "the processor", "a GPU"
    monkeypatch.setattr(plugins, "_offered", lambda package, prefix: [software, gpu])
    monkeypatch.setattr(plugins, "is_software", lambda device: device == software)
    plugin = plugins.Plugin("a_plugin", "nothing")
    assert [plugin.device(0), plugin.device(1)] == [gpu, software]
    with pytest.raises(ProviderError, match="a-plugin offers no device 2") as caught:
        plugin.device(2)
    assert caught.value.hint
