"""Colorizers of others are fed in the units that they know, or refused: 0..1, 0..100 or -1..1 of lightness."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, numpy_helper

from ganfx.engine import EngineOptions, open_engine
from ganfx.engine.findings import AB, LIGHTNESS, SIGNED, SIGNED_AB, UNIT, Said
from ganfx.errors import ContractError
from ganfx.foreign.rewriting import Rewriter
from ganfx.hub import WEIGHTS, import_model
from ganfx.spec.model_file import read_spec
from tests.foreign.graphs import graph, node, scalars


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))


def imported(path, **wishes):
    found = {}
    made = import_model(path, report=lambda fact: found.update({fact.what: fact}), **wishes)
    return made, read_spec(made), found


def zhang(path, *, side=None, opaque=False):
    """Like siggraph17 and eccv16: lightness of 0 to 100 becomes a* and b*; opaque: no step shows that."""
    random = np.random.default_rng(3)
    kernels = {"first": random.normal(0, 1.5, (8, 1, 5, 5)), "last": random.normal(0, 0.06, (2, 8, 1, 1))}
    begin = [node("Sub", "input fifty", "off"), node("Div", "off hundred", "small")]
    if opaque:
        begin = [node("Conv", "input hundredth half", "small")]
    nodes = [
        *begin,
        node("Conv", "small first", "wide", pads=[2, 2, 2, 2]),
        node("Tanh", "wide", "bent"),
        node("Conv", "bent last", "colors"),
        node("Mul", "colors most", "output"),
    ]
    weights = {name: value.astype(np.float32) for name, value in kernels.items()}
    weights |= scalars(fifty=50, hundred=100, most=110)
    weights |= {"hundredth": np.full((1, 1, 1, 1), 0.01, np.float32), "half": np.full(1, -0.5, np.float32)}
    sides = (side or "height", side or "width")
    ports = ([("input", TensorProto.FLOAT, (1, 1, *sides))], [("output", TensorProto.FLOAT, (1, 2, *sides))])
    return graph(path, nodes, *ports, weights)


def lightness(side):
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    return np.clip(0.2 + 0.5 * x + 0.3 * (y > 0.5), 0, 1).astype(np.float32)[..., None]


def fed(path, values):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {session.get_inputs()[0].name: values.transpose(2, 0, 1)[None]})
    return made[0].transpose(1, 2, 0)


@pytest.mark.parametrize(
    ("side", "opaque", "why"), [(None, False, "of 100 by itself"), (256, False, "of 100"), (256, True, "less contrast")]
)
def test_lightness_of_0_to_100_becomes_units_of_cielab(side, opaque, why, tmp_path):
    path = zhang(tmp_path / "net.onnx", side=side, opaque=opaque)
    made, spec, found = imported(path)
    assert (spec.task, spec.inputs[0].value_range, spec.outputs[0].value_range) == ("colorize", LIGHTNESS, AB)
    assert found["range"].sure == "certain"
    assert why in found["range"].why
    given = lightness(side or 128)
    wanted = (fed(path, 100 * given) + 128) / 255
    assert np.abs(open_engine(made, EngineOptions(provider="cpu")).run(given) - wanted).max() < 1e-5


def shipped(path, units):
    """The shipped colorizer without its contract, with other values: in ones, signed, or in units of CIELAB."""
    model = onnx.load(WEIGHTS / "photo-color.onnx")
    del model.metadata_props[:]
    rewriter = Rewriter(model)
    value = rewriter.take(rewriter.inputs[0])
    (low, high), (least, most) = {"ones": (UNIT, UNIT), "units": (LIGHTNESS, AB), "signed": (SIGNED, SIGNED_AB)}[units]
    x = rewriter.give(["height", "width"], 1)
    # As a convolution, in which nobody reads a range.
    gain = rewriter.constant(np.full((1, 1, 1, 1), 1 / (high - low)))
    rewriter.feed(value.name, rewriter.before("Conv", x, gain, rewriter.constant([-low / (high - low)])))
    rewriter.finish()
    x = rewriter.after("Mul", model.graph.output[0].name, rewriter.constant(most - least))
    rewriter.result(rewriter.after("Add", x, rewriter.constant(least)))
    onnx.save(model, path)
    return path


@pytest.mark.weights
@pytest.mark.parametrize(
    ("units", "given", "made"), [("ones", UNIT, UNIT), ("units", LIGHTNESS, AB), ("signed", SIGNED, SIGNED_AB)]
)
def test_a_trained_colorizer_is_understood_in_every_form(units, given, made, tmp_path):
    path, spec, _ = imported(shipped(tmp_path / "net.onnx", units))
    assert (spec.inputs[0].value_range, spec.outputs[0].value_range) == (given, made)
    wanted = open_engine(WEIGHTS / "photo-color.onnx", EngineOptions(provider="cpu")).run(lightness(128))
    assert np.abs(open_engine(path, EngineOptions(provider="cpu")).run(lightness(128)) - wanted).max() < 2e-3


def test_colors_that_may_be_either_stop_and_ask(tmp_path):
    weights = {"w": np.full((2, 1, 1, 1), 0.1, np.float32), "b": np.full(2, 0.45, np.float32)}
    ports = ([("input", TensorProto.FLOAT, (1, 1, "h", "w"))], [("output", TensorProto.FLOAT, (1, 2, "h", "w"))])
    path = graph(tmp_path / "net.onnx", [node("Conv", "input w b", "output")], *ports, weights)
    with pytest.raises(ContractError, match="cannot be told") as caught:
        imported(path)
    assert "0..100" in (caught.value.hint or "")
    _, spec, _ = imported(path, said=Said(range=UNIT))
    assert (spec.inputs[0].value_range, spec.outputs[0].value_range) == (UNIT, UNIT)


def test_no_colors_at_all_stop(tmp_path):
    weights = {"w": np.zeros((2, 1, 1, 1), np.float32), "b": np.full(2, 0.9, np.float32)}
    ports = ([("input", TensorProto.FLOAT, (1, 1, "h", "w"))], [("output", TensorProto.FLOAT, (1, 2, "h", "w"))])
    with pytest.raises(ContractError, match="cannot be told"):
        imported(graph(tmp_path / "net.onnx", [node("Conv", "input w b", "output")], *ports, weights))


def test_the_range_of_a_stored_number_is_read_from_constants_too(tmp_path):
    path = zhang(tmp_path / "net.onnx")
    model = onnx.load(path)
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    for name in ("fifty", "hundred"):
        model.graph.initializer.remove(stored[name])
        value = numpy_helper.from_array(numpy_helper.to_array(stored[name]))
        model.graph.node.insert(0, onnx.helper.make_node("Constant", [], [name], value=value))
    onnx.save(model, path)
    assert "of 100 by itself" in imported(path)[2]["range"].why
