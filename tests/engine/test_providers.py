"""Providers and precisions: what is said is what runs, and half precision is believed only when it holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from ganfx.engine import (
    Engine,
    EngineOptions,
    faster_precision,
    open_engine,
    probe_providers,
    providers,
    runner,
    tuning_cache,
)
from ganfx.errors import DeviceMemoryError, ProviderError
from tests import graphs

OPTIONS = EngineOptions(provider="cpu")


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    """Forget what this process has learnt; the cache folder stays, as between two processes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def forget() -> None:
        runner.NETWORKS.clear()
        tuning_cache._tiles.clear()
        tuning_cache.PRECISIONS.forget()

    forget()
    return forget


@pytest.fixture
def like_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU's row with a GPU's ways: fp16 graphs first, and buffers bound on the device."""
    row = dataclasses.replace(
        providers.candidates("cpu")[0],
        precisions=("fp32", "fp16"),
        fastest=lambda: "fp16",
        memory="cpu",
        compiles_per_shape=True,
        runs_beside_cpu=True,
    )
    monkeypatch.setattr(providers, "PROVIDERS", (row,))
    monkeypatch.setattr(faster_precision, "LEAST_GAIN", 0.0)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(3).random((height, width, 3), dtype=np.float32)


def test_auto_ends_on_a_provider_that_works(tmp_path: Path) -> None:
    engine = open_engine(graphs.identity(tmp_path / "m.onnx"))
    assert engine.provider in {status.name for status in probe_providers() if status.usable}
    assert engine.network._session.handle.get_providers()[0] == engine.network.provider.ort_name
    assert engine.network.provider.ort_name in engine.device


def test_a_provider_that_does_not_load_is_an_error_and_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = graphs.identity(tmp_path / "m.onnx")
    for status in probe_providers():
        if status.usable:
            assert open_engine(path, EngineOptions(provider=status.name)).provider == status.name
            continue
        assert status.detail
        with pytest.raises(ProviderError, match=status.name) as caught:
            open_engine(path, EngineOptions(provider=status.name))
        assert caught.value.hint == status.hint
    assert capfd.readouterr() == ("", "")


def test_a_session_on_another_provider_than_asked_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = graphs.identity(tmp_path / "m.onnx")
    cuda, cpu = providers.candidates("cuda")[0], providers.candidates("cpu")[0]
    silent = dataclasses.replace(cuda, missing=cpu.missing, configure=cpu.configure)
    monkeypatch.setattr(providers, "PROVIDERS", (silent, cpu))
    with pytest.raises(ProviderError, match="cuda: its libraries do not load here") as caught:
        open_engine(path, EngineOptions(provider="cuda"))
    assert "ganfx[cuda]" in (caught.value.hint or "")
    assert open_engine(path).provider == "cpu"


def test_the_cpu_says_that_it_runs_fp32_only(tmp_path: Path) -> None:
    path = graphs.identity(tmp_path / "m.onnx")
    assert open_engine(path, OPTIONS).precision == "fp32"
    with pytest.raises(ProviderError, match="cpu runs fp32, not fp16"):
        open_engine(path, EngineOptions(provider="cpu", precision="fp16"))


@pytest.mark.usefixtures("like_a_gpu")
def test_bound_buffers_give_what_unbound_ones_give(tmp_path: Path) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=4, scale=2)
    network = open_engine(path, EngineOptions(precision="fp32")).network
    (whole,) = network._session.handle.run(None, {"input": noise(250, 210).transpose(2, 0, 1)[None]})
    for batch in (1, 2, 3):
        tiled = Engine(network, EngineOptions(tile=96, batch=batch)).run(noise(250, 210))
        np.testing.assert_allclose(tiled, whole[0].transpose(1, 2, 0), atol=1e-5)


@pytest.mark.usefixtures("like_a_gpu")
def test_threads_that_share_bound_buffers_get_their_own_results(tmp_path: Path) -> None:
    engine = open_engine(graphs.identity(tmp_path / "m.onnx"), EngineOptions(precision="fp32", tile=64))
    pictures = [np.full((64, 64 * (1 + number % 2), 3), number / 60, np.float32) for number in range(60)]
    with ThreadPoolExecutor(6) as pool:
        for picture, result in zip(pictures, pool.map(engine.run, pictures), strict=True):
            np.testing.assert_allclose(result, picture, atol=1e-6)


@pytest.mark.usefixtures("like_a_gpu")
def test_the_device_is_free_while_a_result_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine(graphs.identity(tmp_path / "m.onnx"), EngineOptions(precision="fp32", tile=64))
    fetch, taken = onnxruntime.OrtValue.numpy, []

    def watched(value: onnxruntime.OrtValue) -> np.ndarray:
        taken.append(engine.network._device_lock.locked())
        return fetch(value)

    monkeypatch.setattr(onnxruntime.OrtValue, "numpy", watched)
    engine.run(noise(200, 64))
    assert taken
    assert not any(taken)


@pytest.mark.usefixtures("like_a_gpu")
def test_fp16_is_kept_where_it_holds(tmp_path: Path, fresh_process: Callable[[], None]) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=4, scale=2)
    exact = open_engine(path, EngineOptions(precision="fp32")).run(noise(90, 90))
    engine = open_engine(path)
    apart = np.abs(engine.run(noise(90, 90)) - exact).max()
    assert engine.precision == "fp16"
    assert 0 < apart < 0.02
    assert set(tuning_cache.PRECISIONS.stored().values()) == {"fp16"}


@pytest.mark.usefixtures("like_a_gpu")
def test_fp16_is_made_and_unmade_by_the_device(tmp_path: Path) -> None:
    handle = open_engine(graphs.convolutions(tmp_path / "m.onnx", layers=2)).network._session.handle
    assert [end.type for end in (*handle.get_inputs(), *handle.get_outputs())] == ["tensor(float)", "tensor(float)"]


@pytest.mark.usefixtures("like_a_gpu")
def test_threads_agree_on_a_precision_that_does_not_hold(tmp_path: Path) -> None:
    engine = open_engine(graphs.overflowing(tmp_path / "m.onnx"), EngineOptions(tile=64))
    pictures = [noise(64, 64 + side) for side in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for picture, result in zip(pictures, pool.map(engine.run, pictures), strict=True):
            np.testing.assert_allclose(result, picture, atol=1e-5)
    assert engine.precision == "fp32"


@pytest.mark.usefixtures("like_a_gpu")
def test_fp16_that_overflows_becomes_fp32_for_good(tmp_path: Path, fresh_process: Callable[[], None]) -> None:
    path = graphs.overflowing(tmp_path / "m.onnx")
    engine = open_engine(path, EngineOptions(tile=64))
    assert engine.precision == "fp16"
    np.testing.assert_allclose(engine.run(noise(150, 90)), noise(150, 90), atol=1e-5)
    assert engine.precision == "fp32"
    fresh_process()
    assert open_engine(path).precision == "fp32", "the next process must not try again"


@pytest.mark.usefixtures("like_a_gpu")
def test_fp16_that_overflows_only_later_leaves_no_black_tile(tmp_path: Path) -> None:
    path = graphs.overflowing(tmp_path / "m.onnx")
    picture = np.concatenate([noise(64, 64) * 0.1, noise(200, 64)])
    engine = open_engine(path, EngineOptions(tile=64))
    result = engine.run(picture)
    np.testing.assert_allclose(result, picture, atol=2e-3)
    assert engine.precision == "fp32"


@pytest.mark.usefixtures("like_a_gpu")
def test_a_cache_folder_that_cannot_be_written_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    engine = open_engine(graphs.overflowing(tmp_path / "m.onnx"))
    np.testing.assert_allclose(engine.run(noise(20, 20)), noise(20, 20), atol=1e-5)


@pytest.mark.usefixtures("like_a_gpu")
def test_auto_goes_without_fp16_where_the_graph_cannot_have_it(tmp_path: Path) -> None:
    nodes = [
        graphs.helper.make_node("Mul", ["input", "huge"], ["larger"]),
        graphs.helper.make_node("Div", ["larger", "huge"], ["output"]),
    ]
    path = graphs.write(tmp_path / "m.onnx", nodes, {"huge": np.array(1e6, np.float32)})
    assert open_engine(path).precision == "fp32"
    with pytest.raises(ProviderError, match="do not fit into fp16"):
        open_engine(path, EngineOptions(precision="fp16"))


@pytest.mark.usefixtures("like_a_gpu")
def test_a_real_network_survives_the_conversion_to_fp16(shared_data: Path) -> None:
    path = shared_data / "models" / "2xNomosUni_span_multijpg_ldl.onnx"
    exact = open_engine(path, EngineOptions(precision="fp32")).run(noise(24, 24) * 0.5)
    engine = open_engine(path)
    apart = np.abs(engine.run(noise(24, 24) * 0.5) - exact)
    assert engine.precision == "fp16"
    assert apart.mean() < 1 / 255


@pytest.mark.parametrize("compiles", [False, True])
def test_a_provider_that_compiles_per_shape_gets_few_shapes_and_several_tiles_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiles: bool
) -> None:
    row = dataclasses.replace(providers.candidates("cpu")[0], compiles_per_shape=compiles)
    monkeypatch.setattr(providers, "PROVIDERS", (row,))
    engine = open_engine(graphs.identity(tmp_path / "m.onnx"), EngineOptions(tile=256, overlap=8))
    picture = noise(300, 700)
    np.testing.assert_allclose(engine.run(picture), picture, atol=1e-6)
    shapes = set(engine.network.batch_counts)
    assert len(shapes) == 1
    ((count, _, height, width),) = shapes
    assert (count > 1, (height, width) == (256, 256)) == (compiles, compiles)


@pytest.mark.parametrize("beside", [False, True])
def test_only_where_the_cpu_is_another_device_is_it_proposed_when_memory_runs_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: bool
) -> None:
    row = dataclasses.replace(providers.candidates("cpu")[0], runs_beside_cpu=beside)
    monkeypatch.setattr(providers, "PROVIDERS", (row,))
    engine = open_engine(graphs.identity(tmp_path / "m.onnx", size=(1, 64, 64)))
    assert engine.runs_beside_cpu == beside
    monkeypatch.setattr(engine.network._session, "run", lambda *_: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(DeviceMemoryError) as caught:
        engine.run(noise(64, 64))
    assert ("--provider cpu" in (caught.value.hint or "")) == beside
