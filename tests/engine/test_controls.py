"""Networks that a scalar steers: its default, what is asked for, and every way that a value takes to the graph."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ganfx.engine import Engine, EngineOptions, faster_precision, open_engine, providers, tuning_cache, verify
from ganfx.engine.runner import NETWORKS
from ganfx.errors import ContractError, OptionError
from ganfx.spec import ModelSpec, SelfTest
from tests import graphs

PICTURE = np.random.default_rng(3).random((90, 70, 3), dtype=np.float32)


def opened(path: Path, **options: int) -> Engine:
    return open_engine(path, EngineOptions("cpu", **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("scalar", [False, True])
def test_a_control_has_its_default_until_another_value_is_asked_for(tmp_path: Path, scalar: bool) -> None:
    engine = opened(graphs.controlled(tmp_path / "m.onnx", scalar=scalar))
    np.testing.assert_allclose(engine.run(PICTURE), PICTURE * 0.5)
    np.testing.assert_allclose(engine.run(PICTURE, controls={"strength": 1.5}), PICTURE * 1.5)
    np.testing.assert_allclose(engine.run(PICTURE), PICTURE * 0.5)


def test_every_tile_and_batch_gets_the_value(tmp_path: Path) -> None:
    engine = opened(graphs.controlled(tmp_path / "m.onnx"), tile=32, batch=3, overlap=4)
    rows = engine.stream(lambda top, bottom: PICTURE[top:bottom], 90, 70, controls={"strength": 2})
    np.testing.assert_allclose(np.concatenate(list(rows)), PICTURE * 2, atol=1e-6)


@pytest.fixture
def like_a_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The CPU's row with fp16 graphs and buffers bound on the device."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
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
    NETWORKS.clear()
    tuning_cache.PRECISIONS.forget()


@pytest.mark.usefixtures("like_a_gpu")
def test_bound_buffers_and_half_precision_get_the_value(tmp_path: Path) -> None:
    engine = opened(graphs.controlled(tmp_path / "m.onnx"))
    for value in (0.25, 1.75, 0.0):
        np.testing.assert_allclose(engine.run(PICTURE, controls={"strength": value}), PICTURE * value, atol=2e-3)
    assert engine.precision == "fp16"


def test_the_self_test_feeds_the_defaults(tmp_path: Path) -> None:
    noise = np.random.default_rng(5).random((1, 3, 32, 32), dtype=np.float32) * 0.5
    test = SelfTest(5, 32, float(noise.mean()), float(noise.std()))
    spec = dataclasses.replace(opened(graphs.controlled(tmp_path / "a.onnx")).spec, self_test=test)
    result = verify(opened(graphs.controlled(tmp_path / "b.onnx", spec)))
    assert result is not None
    assert result.passed


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"strenght": 1.0}, "strenght: controlled has no such control"),
        ({"strength": 2.5}, "strength: 2.5 is not within 0 to 2"),
        ({"strength": float("nan")}, "strength: nan is not within"),
    ],
)
def test_a_wrong_control_is_refused_before_anything_is_read(
    tmp_path: Path, asked: dict[str, float], words: str
) -> None:
    engine = opened(graphs.controlled(tmp_path / "m.onnx"))
    with pytest.raises(OptionError, match=words) as caught:
        engine.stream(lambda top, bottom: pytest.fail("was read"), 90, 70, controls=asked)
    assert caught.value.hint or "within" in words
    with pytest.raises(OptionError, match="has no such control"):
        opened(graphs.identity(tmp_path / "plain.onnx")).run(PICTURE, controls={"strength": 1})


def test_a_graph_without_the_control_that_its_contract_names_is_refused(tmp_path: Path) -> None:
    spec = opened(graphs.controlled(tmp_path / "m.onnx")).spec
    with pytest.raises(ContractError, match="no input for the control strength"):
        opened(graphs.controlled(tmp_path / "other.onnx", spec, name="power"))
    untold = ModelSpec("untold", "stylize")
    with pytest.raises(ContractError, match="does not tell of the inputs strength"):
        opened(graphs.controlled(tmp_path / "untold.onnx", untold))
