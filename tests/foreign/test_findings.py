"""Importing a model guesses nothing silently: what it wants is measured, told with how sure it is, or asked for."""

from __future__ import annotations

import cv2
import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper

from ganfx.cli import cli
from ganfx.engine import EngineOptions, open_engine, verify
from ganfx.engine.findings import BYTES, IMAGENET, SIGNED, UNIT, ModelFact, Said
from ganfx.errors import ContractError
from ganfx.hub import import_model
from ganfx.spec import ModelSpec
from ganfx.spec.model_file import read_spec
from tests.foreign.graphs import FREE, birefnet, graph, isnet, lama, matte, migan, node, scalars, u2net
from tests.graphs import by_twos, nearest

CENTERED = ((0.5,) * 3, (1.0,) * 3)
FLOAT, HALF, UINT8 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def imported(path, **wishes):
    """The contract, and the findings by what they are about."""
    found: dict[str, ModelFact] = {}
    made = import_model(path, report=lambda finding: found.update({finding.what: finding}), **wishes)
    spec = read_spec(made)
    assert isinstance(spec, ModelSpec)
    return made, spec, found


def picture(height=40, width=56, channels=3):
    """Slopes with an edge: (H, W, channels)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / 64
    planes = [0.1 + 0.6 * x, 0.2 + 0.5 * y, np.where(x > 0.4, 0.8, 0.3)]
    return np.stack([planes[channel % 3] for channel in range(channels)], 2).astype(np.float32)


def made_of(path, given=None):
    return open_engine(path, EngineOptions(provider="cpu")).run(picture() if given is None else given)


def test_an_upscaler_is_measured_and_its_pair_is_its_self_test(tmp_path):
    path, spec, found = imported(nearest(tmp_path / "net.onnx", 2), preview=tmp_path / "shown.png")
    assert (spec.task, spec.scale, spec.tiling.rule) == ("upscale", 2, "free")
    assert {name: finding.sure for name, finding in found.items()} == {
        "layout": "certain",
        "task": "certain",
        "scale": "certain",
        "sizes": "certain",
        "range": "likely",  # it does the same in every range
        "order": "assumed",
        "tiling": "certain",
    }
    result = verify(open_engine(path, EngineOptions(provider="cpu")))
    assert result is not None
    assert result.passed
    assert cv2.imread(str(tmp_path / "shown.png")).shape == (128, 256, 3)


def test_a_network_in_255s_is_certain(tmp_path):
    nodes = [node("Max", "input floor", "output")]
    path, spec, found = imported(graph(tmp_path / "net.onnx", nodes, weights=scalars(floor=16)))
    assert (spec.inputs[0].value_range, spec.outputs[0].value_range) == (BYTES, BYTES)
    assert (spec.task, found["task"].sure, found["range"].sure) == ("restore", "likely", "certain")
    assert np.abs(made_of(path) - np.maximum(picture(), 16 / 255)).max() < 1e-5


def test_a_network_in_255s_that_answers_in_ones_is_certain(tmp_path):
    nodes = [node("Max", "input floor", "light"), node("Div", "light most", "output")]
    path, spec, _ = imported(graph(tmp_path / "net.onnx", nodes, weights=scalars(floor=16, most=255)))
    assert (spec.inputs[0].value_range, spec.outputs[0].value_range) == (BYTES, UNIT)
    assert np.abs(made_of(path) - np.maximum(picture(), 16 / 255)).max() < 1e-5


def test_a_network_from_minus_one_to_one_is_certain(tmp_path):
    nodes = [node("Div", "input two", "half"), node("Add", "half mid", "output")]
    path, spec, _ = imported(graph(tmp_path / "net.onnx", nodes, weights=scalars(two=2, mid=0.5)))
    assert (spec.inputs[0].value_range, spec.outputs[0].value_range) == (SIGNED, UNIT)
    assert np.abs(made_of(path) - picture()).max() < 1e-5


def test_mean_and_deviation_are_found(tmp_path):
    mean, deviation = (np.array(numbers, np.float32).reshape(1, 3, 1, 1) for numbers in IMAGENET)
    nodes = [node("Mul", "input deviation", "scaled"), node("Add", "scaled mean", "output")]
    path, spec, _ = imported(graph(tmp_path / "net.onnx", nodes, weights={"mean": mean, "deviation": deviation}))
    assert (spec.inputs[0].mean, spec.inputs[0].std) == IMAGENET
    assert np.abs(made_of(path) - picture()).max() < 1e-5


def test_colors_that_come_back_exchanged_are_found(tmp_path):
    nodes = [node("Gather", "input order", "output", axis=1)]
    path, spec, found = imported(graph(tmp_path / "net.onnx", nodes, weights={"order": np.array([2, 1, 0])}))
    assert (spec.inputs[0].color_order, spec.outputs[0].color_order) == ("RGB", "BGR")
    assert found["order"].sure == "certain"
    assert np.array_equal(made_of(path), picture())


@pytest.mark.parametrize("kind", [FLOAT, HALF, UINT8])
@pytest.mark.parametrize("last", [False, True])
def test_every_layout_and_type_is_fed(kind, last, tmp_path):
    shape = (1, "h", "w", 3) if last else (1, 3, "h", "w")
    ports = [[(name, kind, shape)] for name in ("photo", "result")]
    path, _, found = imported(graph(tmp_path / "net.onnx", [node("Identity", "photo", "result")], *ports))
    assert (found["layout"].value, found["layout"].sure) == ("NHWC" if last else "NCHW", "certain")
    assert np.abs(made_of(path) - picture()).max() < (0.6 / 255 if kind == UINT8 else 1e-3)


def test_axes_without_lengths_are_tried(tmp_path):
    shape = (None, None, None, None)
    nodes = [
        node("Conv", "turned kernel", "made", pads=[0, 0, 0, 0]),
        node("Transpose", "made", "output", perm=[0, 2, 3, 1]),
    ]
    nodes.insert(0, node("Transpose", "input", "turned", perm=[0, 3, 1, 2]))
    weights = {"kernel": np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)}
    ports = [[(name, FLOAT, shape)] for name in ("input", "output")]
    path, _, found = imported(graph(tmp_path / "net.onnx", nodes, *ports, weights=weights))
    assert found["layout"].value == "NHWC"
    assert np.abs(made_of(path) - picture()).max() < 1e-5


def test_what_sees_the_whole_picture_is_never_cut(tmp_path):
    nodes = [
        node("GlobalAveragePool", "input", "mean"),
        node("Sub", "mean half", "off"),
        node("Mul", "off share", "more"),
    ]
    path, spec, found = imported(
        graph(
            tmp_path / "net.onnx", [*nodes, node("Add", "input more", "output")], weights=scalars(half=0.5, share=0.4)
        )
    )
    assert (spec.tiling.rule, found["tiling"].sure) == ("whole", "certain")
    given = picture()
    assert np.abs(made_of(path) - given - 0.4 * (given.mean((0, 1)) - 0.5)).max() < 1e-5
    _, spec, found = imported(path.parent.parent / "net.onnx", replace=True, said=Said(tile="free"))
    assert (spec.tiling.rule, found["tiling"].sure) == ("free", "said")


def test_a_network_without_margins_gets_them(tmp_path):
    kernel = np.zeros((3, 3, 5, 5), np.float32)
    kernel[range(3), range(3), 2, 2] = 1
    path, spec, found = imported(
        graph(tmp_path / "net.onnx", [node("Conv", "input w", "output")], weights={"w": kernel})
    )
    assert (spec.scale, found["margin"].value) == (1, "2 pixels")
    assert np.array_equal(made_of(path), picture())


def test_multiples_are_found(tmp_path):
    _, spec, found = imported(by_twos(tmp_path / "net.onnx"))
    assert spec.multiple_of == 2
    assert "multiples of 2" in found["sizes"].value


def test_a_doubtful_range_stops_and_says_what_to_say(tmp_path):
    path = graph(tmp_path / "net.onnx", [node("Sub", "one input", "output")], weights=scalars(one=1))
    with pytest.raises(ContractError, match="cannot be told") as caught:
        imported(path)
    assert "--range" in (caught.value.hint or "")
    made, spec, found = imported(path, said=Said(range=UNIT))
    assert (spec.task, found["range"].sure) == ("stylize", "said")
    assert np.abs(made_of(made) - (1 - picture())).max() < 1e-6


def test_a_style_that_does_the_same_in_every_range_needs_no_word(tmp_path):
    nodes = [node("InstanceNormalization", "input gain shift", "plain"), node("Sigmoid", "plain", "output")]
    weights = {"gain": np.full(3, -2, np.float32), "shift": np.zeros(3, np.float32)}
    _, spec, found = imported(graph(tmp_path / "net.onnx", nodes, weights=weights))
    assert (spec.task, spec.tiling.rule, found["range"].sure) == ("stylize", "whole", "certain")


def test_other_channels_stop_and_ask_for_the_task(tmp_path):
    weights = {"w": np.full((1, 3, 1, 1), 1 / 3, np.float32)}
    path = graph(tmp_path / "net.onnx", [node("Conv", "input w", "output")], weights=weights)
    with pytest.raises(ContractError, match="cannot be told"):
        imported(path)
    _, spec, _ = imported(path, said=Said(task="scratches", range=UNIT))
    assert (spec.task, spec.out_channels) == ("scratches", 1)


def test_a_scale_that_is_not_its_own_is_refused(tmp_path):
    with pytest.raises(ContractError, match="enlarges 2 times, not 4 times"):
        imported(nearest(tmp_path / "net.onnx", 2), said=Said(scale=4))


@pytest.mark.parametrize(
    "make",
    [
        lambda path: lama(path),
        lambda path: lama(path, largest=1.0),
        lambda path: lama(path, side=512),
        lambda path: migan(path),
        lambda path: migan(path, channels_last=True),
    ],
    ids=["lama", "lama in ones", "lama of 512", "migan", "migan, channels last"],
)
def test_foreign_inpainters_become_one_input(make, tmp_path):
    path, spec, found = imported(make(tmp_path / "net.onnx"))
    assert (spec.task, spec.in_channels, spec.out_channels) == ("inpaint", 4, 3)
    assert (found["mask"].sure, found["range"].sure) == ("certain", "certain")
    given = np.concatenate([picture(), np.zeros((40, 56, 1), np.float32)], 2)
    given[10:20, 10:30, 3] = 1
    output = made_of(path, given)
    hole = given[..., 3] > 0
    assert np.abs(output[hole] - 0.5).max() < 0.01
    assert np.abs(output - given[..., :3])[~hole].max() < 0.6 / 255


def test_a_network_of_several_outputs_gives_the_first_picture(tmp_path):
    nodes = [node("Identity", "input", "output"), node("Neg", "input", "more")]
    outputs = [("output", FLOAT, FREE), ("more", FLOAT, FREE)]
    path, _, found = imported(graph(tmp_path / "net.onnx", nodes, outputs=outputs))
    assert found["outputs"].value == "output, the first of 2"
    assert np.array_equal(made_of(path), picture())


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([("a", FLOAT, FREE), ("b", FLOAT, FREE), ("c", FLOAT, FREE)], r"takes 3 inputs \(a, b, c\)"),
        ([("a", FLOAT, (1, 512))], r"takes float32 of shape \(1, 512\)"),
        ([("a", TensorProto.INT64, FREE)], "takes other numbers of shape"),
    ],
)
def test_what_cannot_be_fed_is_refused_with_the_reason(inputs, words, tmp_path, models):
    path = graph(tmp_path / "net.onnx", [node("Cast", "a", "output", to=FLOAT)], inputs)
    with pytest.raises(ContractError, match=words):
        imported(path)
    assert not models.exists()


@pytest.mark.parametrize("file", ["winml_mosaic.onnx", "winml_udnie.onnx"])
def test_real_styles_of_a_stored_size_equal_the_original_and_take_any(file, shared_data):
    path, spec, found = imported(shared_data / "models" / file)
    assert (spec.task, found["range"].value, found["order"].value) == ("stylize", "0..255", "BGR")
    # Their statistics are those of the whole picture.
    assert (spec.tiling.rule, spec.fixed_size) == ("whole", None)
    given = np.tile(picture(60, 60), (12, 12, 1))
    session = onnxruntime.InferenceSession(shared_data / "models" / file, providers=["CPUExecutionProvider"])
    (wanted,) = session.run(["outputImage"], {"inputImage": 255 * given[..., ::-1].transpose(2, 0, 1)[None]})
    output = made_of(path, given)
    assert -10 * np.log10(np.square(output - wanted[0].transpose(1, 2, 0)[..., ::-1] / 255).mean() + 1e-20) > 60
    assert made_of(path, picture(301, 222)).shape == (301, 222, 3)


@pytest.mark.parametrize(
    "file", ["2x.StarSample.V1.0.fp32.opset17.onnx", "2xNomosUni_span_multijpg_ldl.onnx", "4xLSDIRCompactC3_fp32.onnx"]
)
def test_real_upscalers_equal_the_original(file, shared_data):
    path, spec, _ = imported(shared_data / "models" / file)
    assert (spec.task, spec.picture and spec.picture.value_range) == ("upscale", UNIT)
    session = onnxruntime.InferenceSession(shared_data / "models" / file, providers=["CPUExecutionProvider"])
    (wanted,) = session.run(None, {session.get_inputs()[0].name: picture().transpose(2, 0, 1)[None]})
    assert -10 * np.log10(np.square(made_of(path) - wanted[0].transpose(1, 2, 0)).mean() + 1e-20) > 60


def test_the_command_prints_what_was_found_and_takes_what_is_said(tmp_path):
    path = graph(tmp_path / "net.onnx", [node("Sub", "one input", "output")], weights=scalars(one=1))
    done = CliRunner().invoke(
        cli, ["models", "import", str(path), "--range", "0..1", "--order", "bgr", "--task", "stylize"]
    )
    assert done.exit_code == 0, done.output
    assert "range    0..1  (said)" in done.stderr
    assert "order    BGR  (said)" in done.stderr
    assert "ready: ganfx stylize -n net photo.jpg" in done.stdout


@pytest.mark.parametrize("wrong", [("--range", "1"), ("--range", "5..1"), ("--normalise", "x"), ("--tile", "some")])
def test_wrong_words_are_refused(wrong, tmp_path):
    done = CliRunner().invoke(cli, ["models", "import", str(nearest(tmp_path / "n.onnx", 2)), *wrong])
    assert done.exit_code == 2


def test_a_task_that_no_filter_has_is_refused(tmp_path):
    done = CliRunner().invoke(cli, ["models", "import", str(nearest(tmp_path / "n.onnx", 2)), "--task", "depth"])
    assert "no filter is for that" in str(done.exception)


@pytest.mark.parametrize(
    ("form", "side", "normalization"), [(u2net, 320, IMAGENET), (isnet, 1024, CENTERED), (birefnet, 1024, IMAGENET)]
)
def test_networks_that_cut_out_are_known_by_their_form(form, side, normalization, tmp_path):
    path, spec, found = imported(form(tmp_path / "net.onnx"))
    assert (spec.task, spec.fixed_size, found["task"].sure) == ("matte", side, "likely")
    assert (spec.inputs[0].mean, spec.inputs[0].std) == normalization
    given = cv2.resize(picture(), (side, side))
    wanted = 1 / (1 + np.exp(-80 * (given[..., 0] - given[..., 2])))
    assert np.abs(made_of(path, given)[..., 0] - wanted).max() < 1e-3


def test_a_matte_of_any_size_needs_to_be_told_its_normalization(tmp_path):
    path = matte(tmp_path / "net.onnx", side=None, outputs=8)
    with pytest.raises(ContractError, match="form that is not known") as caught:
        imported(path)
    assert "--normalise" in (caught.value.hint or "")
    _, spec, found = imported(path, said=Said(normalise=IMAGENET))
    assert (spec.task, spec.inputs[0].mean, found["task"].sure) == ("matte", IMAGENET[0], "likely")


def test_one_plane_of_any_size_is_no_matte_unless_that_is_said(tmp_path):
    path = matte(tmp_path / "net.onnx", side=None, outputs=1)
    with pytest.raises(ContractError, match="cannot be told"):
        imported(path)
    _, spec, _ = imported(path, said=Said(task="matte", normalise=IMAGENET))
    assert spec.task == "matte"


def test_what_works_in_windows_is_cut_between_them_alone(tmp_path):
    """It takes any size, since it fills pictures up by itself, but does something else where they begin elsewhere."""
    nodes = [
        node("AveragePool", "input", "small", kernel_shape=[8, 8], strides=[8, 8], ceil_mode=1),
        helper.make_node("Resize", ["small", "", "scales"], ["large"], mode="nearest", nearest_mode="floor"),
        node("Shape", "input", "sides", start=2),
        node("Slice", "large zeros sides axes", "cut"),
        node("Sub", "input cut", "detail"),
        node("Mul", "detail half", "less"),
        node("Add", "cut less", "output"),
    ]
    nodes[1].attribute.append(helper.make_attribute("coordinate_transformation_mode", "asymmetric"))
    weights = {"scales": np.array([1, 1, 8, 8], np.float32), "zeros": np.zeros(2, int), "axes": np.array([2, 3])}
    path, spec, _ = imported(graph(tmp_path / "net.onnx", nodes, weights=weights | scalars(half=0.5)))
    assert spec.multiple_of == 8
    given = np.random.default_rng(0).random((96, 200, 3), np.float32)
    whole, tiled = (open_engine(path, EngineOptions(provider="cpu", tile=tile)).run(given) for tile in (256, 48))
    assert np.abs(whole - tiled).max() < 1e-6


@pytest.mark.parametrize("kind", [FLOAT, HALF])
def test_a_network_for_one_plane_works_on_each_color(kind, tmp_path):
    ports = [[(name, kind, ("batch", 1, "height", "width"))] for name in ("input", "output")]
    weights = {"floor": np.array(16, np.float32 if kind == FLOAT else np.float16)}
    path, spec, found = imported(graph(tmp_path / "net.onnx", [node("Max", "input floor", "output")], *ports, weights))
    assert (spec.task, spec.in_channels, spec.out_channels) == ("restore", 3, 3)
    assert found["colors"].value == "each by itself"
    assert np.abs(made_of(path) - np.maximum(picture(), 16 / 255)).max() < 2e-3


def test_a_network_for_just_one_plane_at_a_time_is_refused_with_the_reason(tmp_path):
    nodes = [node("Reshape", "input shape", "flat"), node("Reshape", "flat back", "output")]
    ports = [[(name, FLOAT, (1, 1, 64, 64))] for name in ("input", "output")]
    weights = {"shape": np.array([1, 4096]), "back": np.array([1, 1, 64, 64])}
    with pytest.raises(ContractError, match="one grey picture at a time"):
        imported(graph(tmp_path / "net.onnx", nodes, *ports, weights))
