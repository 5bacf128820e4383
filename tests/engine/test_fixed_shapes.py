"""Providers that move pixels unless all sizes stand in the graph are given graphs with sizes only."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from ganfx.engine import Engine, EngineOptions, fixed_shapes, network, open_engine, providers, runner, tuning_cache
from ganfx.engine.fixed_shapes import MOST_SESSIONS, of_shape
from ganfx.engine.session import Session
from ganfx.errors import ProviderError
from ganfx.hub import ModelEntry, list_models
from tests import graphs

BUNDLED = [entry for entry in list_models() if entry.origin == "bundled"]
COREML = providers.candidates("coreml")[0]


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    runner.NETWORKS.clear()
    tuning_cache.PROOFS.forget()


@pytest.fixture
def like_coreml(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """CoreML's row, computed by the processor with CoreML's fault: it moves pixels where a size is open.

    Returns the shapes that its sessions take, in the order in which they were started.
    """
    cpu = providers.candidates("cpu")[0]
    row = dataclasses.replace(
        COREML, ort_name=cpu.ort_name, missing=cpu.missing, configure=cpu.configure, fastest=lambda: "fp32"
    )
    monkeypatch.setattr(providers, "PROVIDERS", (row, cpu))
    start, run = providers.start_session, Session.run
    ours: dict[int, object] = {}
    taken: list[tuple[object, ...]] = []

    def started(model: bytes, provider: providers.Provider, *rest: object, threads: int) -> object:
        handle = start(model, provider, *rest, threads=threads)  # type: ignore[arg-type]
        if provider is not cpu:
            ours[id(handle)] = handle
            taken.append(tuple(handle.get_inputs()[0].shape))
        return handle

    def moving(session: Session, batch: np.ndarray, *rest: object) -> np.ndarray:
        output = run(session, batch, *rest)  # type: ignore[arg-type]
        is_open = not all(isinstance(size, int) for size in session.handle.get_inputs()[0].shape)
        return np.roll(output, 1, axis=3) if is_open and id(session.handle) in ours else output

    monkeypatch.setattr(network, "start_session", started)
    monkeypatch.setattr(Session, "run", moving)
    return taken


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(3).random((height, width, 3), dtype=np.float32)


@pytest.mark.parametrize("scale", [1, 2])
def test_pictures_of_any_size_come_out_as_the_processor_makes_them(
    tmp_path: Path, like_coreml: list[tuple[object, ...]], scale: int
) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3, scale=scale)
    engine = open_engine(path, EngineOptions(tile=64))
    assert engine.provider == "coreml"
    expected = open_engine(path, EngineOptions(provider="cpu", tile=64))
    for height, width in ((64, 64), (150, 90), (70, 200)):
        picture = noise(height, width)
        np.testing.assert_allclose(engine.run(picture), expected.run(picture), atol=1e-5)
    assert like_coreml
    assert all(isinstance(size, int) for shape in like_coreml for size in shape), "an open size moves pixels"


@pytest.mark.usefixtures("like_coreml")
def test_a_provider_that_moves_pixels_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = providers.PROVIDERS
    monkeypatch.setattr(providers, "PROVIDERS", (dataclasses.replace(first, fixed_shapes=False), *others))
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3)
    engine = open_engine(path)
    assert engine.provider == "cpu"
    assert "coreml computes" in engine.remarks[0]
    with pytest.raises(ProviderError, match="coreml computes"):
        open_engine(path, EngineOptions(provider="coreml"))


def test_sessions_for_shapes_are_used_again_and_do_not_pile_up(
    tmp_path: Path, like_coreml: list[tuple[object, ...]]
) -> None:
    engine = open_engine(graphs.identity(tmp_path / "m.onnx"), EngineOptions(tile=256))
    like_coreml.clear()
    for _ in range(3):
        engine.run(noise(70, 70))
    assert len(like_coreml) == 1
    for side in range(1, 2 * MOST_SESSIONS):
        Engine(engine.network, EngineOptions(tile=64 + 16 * side)).run(noise(300, 300))
    sessions = engine.network._session
    assert isinstance(sessions, fixed_shapes.SessionPerShape)
    assert len(sessions._sessions) == MOST_SESSIONS


def test_coreml_is_asked_for_programs_of_fixed_sizes() -> None:
    (name, settings), (last, _) = COREML.configure(None, "fp16", 0, "")
    assert (name, last) == ("CoreMLExecutionProvider", "CPUExecutionProvider")
    assert (settings["ModelFormat"], settings["RequireStaticInputShapes"]) == ("MLProgram", "1")
    assert COREML.fixed_shapes


@pytest.mark.weights
@pytest.mark.parametrize("entry", BUNDLED, ids=lambda entry: entry.name)
def test_all_sizes_in_the_shipped_networks_follow_from_that_of_the_tile(entry: ModelEntry, tmp_path: Path) -> None:
    assert entry.path is not None
    content = entry.path.read_bytes()
    channels = onnx.load_from_string(content).graph.input[0].type.tensor_type.shape.dim[1].dim_value
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(tmp_path / "folded.onnx")
    onnxruntime.InferenceSession(of_shape(content, (1, channels, 256, 256)), options)
    model = onnx.shape_inference.infer_shapes(onnx.load(options.optimized_model_filepath), strict_mode=True)
    known = {value.name: value.type.tensor_type.shape.dim for value in (*model.graph.value_info, *model.graph.output)}
    for node in model.graph.node:
        for made in filter(None, node.output):
            assert all(axis.HasField("dim_value") for axis in known[made]), f"{node.op_type} {made}"
