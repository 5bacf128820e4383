"""A network that ships computes what was trained, everywhere, and can be trained on."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganfx.engine import EngineOptions, open_engine, verify
from ganfx.engine.self_test import decode_pair
from ganfx.errors import ContractError, ExportError
from ganfx.exporters.export import ExportReport, export_generator
from ganfx.exporters.receptive_field import receptive_field
from ganfx.exporters.weights import generator_state
from ganfx.spec import KEY, Control, ModelSpec, Port
from ganfx.spec.model_file import read_metadata
from ganfx.training.generators import ResidualUpscaler

pytestmark = pytest.mark.slow

X4 = ModelSpec("tiny-x4", "upscale", 4, receptive_field=5, license="MIT", description="a tiny network")
X2 = ModelSpec("tiny-x2", "upscale", 2, multiple_of=2, receptive_field=10, license="MIT")


def trained(spec: ModelSpec, channels: int = 8) -> ResidualUpscaler:
    """A network with weights everywhere, as after training."""
    torch.manual_seed(1)
    network = ResidualUpscaler(spec.scale, channels, 1, unshuffle=spec.multiple_of)
    for parameter in network.parameters():
        parameter.data += 0.03 * torch.randn_like(parameter)
    return network.eval()


def run(path: Path, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["output"], {"input": batch})[0])


def noise(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(5).random(shape, dtype=np.float32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Callable[[ModelSpec, str], ExportReport]:
    """The report of `trained(spec)` exported, made once per contract and storage."""
    folder = tmp_path_factory.mktemp("exported")

    @functools.cache
    def make(name: str, stored: str) -> ExportReport:
        spec = {X4.name: X4, X2.name: X2}[name]
        return export_generator(trained(spec), spec, folder / f"{name}-{stored}.onnx", stored=stored)

    return lambda spec, stored: make(spec.name, stored)


@pytest.mark.parametrize("spec", [X4, X2], ids=lambda spec: spec.name)
@pytest.mark.parametrize(("stored", "limit"), [("fp32", 1e-4), ("fp16", 1 / 255)])
def test_file_computes_what_torch_does_at_sizes_it_never_saw(spec, stored, limit, exported):
    report = exported(spec, stored)
    assert report.max_error_fp32 <= 1e-4
    assert report.max_error_stored <= limit
    for shape in [(3, 3, 18, 62), (1, 3, 2, 2), (1, 3, 64, 64)]:
        batch = noise(*shape)
        wanted = trained(spec)(torch.from_numpy(batch)).detach().numpy()
        assert np.abs(run(report.path, batch) - wanted).max() <= limit


def test_axes_are_named_and_operators_are_plain(exported):
    model = onnx.load(exported(X4, "fp16").path)
    onnx.checker.check_model(model, full_check=True)
    (given,), (made,) = model.graph.input, model.graph.output
    assert (given.name, made.name) == ("input", "output")
    assert [axis.dim_param for axis in given.type.tensor_type.shape.dim] == ["batch", "", "height", "width"]
    assert [axis.dim_param for axis in made.type.tensor_type.shape.dim] == ["batch", "", "4*height", "4*width"]
    assert [opset.domain for opset in model.opset_import] == [""]
    assert model.opset_import[0].version >= 17


def test_same_network_gives_same_bytes_which_name_no_place(exported, tmp_path):
    first, second = exported(X2, "fp16").path, tmp_path / "again.onnx"
    export_generator(trained(X2), X2, second)
    content = first.read_bytes()
    assert content == second.read_bytes()
    for place in (Path(__file__).parents[2], Path(torch.__file__).parents[2], tmp_path):
        assert str(place).encode() not in content
    assert b".py" not in content


def test_file_carries_its_contract_and_passes_its_own_test(exported):
    report = exported(X2, "fp16")
    session = onnxruntime.InferenceSession(report.path, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    spec = ModelSpec.from_json(metadata[KEY])
    assert spec == report.spec
    assert (metadata["license"], spec.scale, spec.multiple_of) == ("MIT", 2, 2)
    test = spec.self_test
    assert test is not None
    given = np.random.default_rng(test.seed).random((1, 3, test.size, test.size), dtype=np.float32)
    output = run(report.path, given)
    assert output.mean() == pytest.approx(test.mean, abs=test.tolerance)
    assert output.std() == pytest.approx(test.std, abs=test.tolerance)


def test_file_carries_a_picture_to_test_itself_by(exported):
    result = verify(open_engine(exported(X4, "fp16").path, EngineOptions("cpu")))
    assert result is not None
    assert result.passed
    (pair,) = exported(X4, "fp16").spec.pairs
    text = read_metadata(exported(X4, "fp16").path)[pair.key]
    given, made = decode_pair(text, pair, X4)
    wanted = trained(X4)(torch.from_numpy(given)).detach().numpy()
    assert np.abs(made - wanted).max() < 1 / 255
    assert np.ptp(given) > 0.5


class Dimmer(nn.Module):
    """A picture network with a convolution to store, steered by two scalars."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor, strength: Tensor, offset: Tensor) -> Tensor:
        return x + strength * self.conv(x) + offset


DIMMER = ModelSpec(
    "dimmer",
    "stylize",
    inputs=(Port("photo"),),
    outputs=(Port("result"),),
    controls=(Control("strength", 0, 1, 0.5), Control("offset", -1, 1)),
    receptive_field=1,
)


def test_controls_become_inputs_and_are_proved_over_their_range(tmp_path):
    network = Dimmer()
    report = export_generator(network, DIMMER, tmp_path / "dimmer.onnx")
    engine = open_engine(report.path, EngineOptions("cpu"))
    picture = noise(40, 30, 3)
    planes = torch.from_numpy(picture.transpose(2, 0, 1).copy())[None]
    for controls in ({}, {"strength": 0.9, "offset": -0.3}):
        scalars = [torch.full((1,), value) for value in DIMMER.control_values(controls).values()]
        wanted = network(planes, *scalars)[0].permute(1, 2, 0).detach().numpy()
        np.testing.assert_allclose(engine.run(picture, controls=controls), wanted, atol=1 / 255)
    result = verify(engine)
    assert result is not None
    assert result.passed


def test_fp16_storage_nearly_halves_the_weights(exported):
    full, half = (exported(X4, stored) for stored in ("fp32", "fp16"))
    assert half.size_bytes == half.path.stat().st_size
    assert full.size_bytes - half.size_bytes > 1.8 * full.parameters


@pytest.mark.parametrize(("stored", "tolerance"), [("fp32", 0), ("fp16", 1e-3)])
def test_shipped_weights_can_be_trained_on(stored, tolerance, exported):
    state = generator_state(exported(X2, stored).path)
    again = ResidualUpscaler(2, 8, 1, unshuffle=2)
    again.load_state_dict(state)
    for name, value in trained(X2).state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, rtol=tolerance, atol=tolerance)


def test_biases_of_zero_come_back_too(tmp_path):
    fresh = ResidualUpscaler(4, 8, 1)
    export_generator(fresh, X4, tmp_path / "fresh.onnx")
    assert generator_state(tmp_path / "fresh.onnx").keys() == fresh.state_dict().keys()


def test_channels_are_filled_up_to_fours_and_weights_come_back_without(exported):
    """GPUs fetch four channels at a time; 8 + 8 + 3 channels go into the last convolution here."""
    report = exported(X4, "fp16")
    model = onnx.load(report.path)
    sizes = {tensor.name.removesuffix(".fp16"): tensor.dims for tensor in model.graph.initializer}
    channels = {sizes[node.input[1]][1] for node in model.graph.node if node.op_type == "Conv"}
    assert channels == {3, 8, 20}
    wanted = {name: tensor.shape for name, tensor in trained(X4).state_dict().items()}
    assert {name: tensor.shape for name, tensor in generator_state(report.path).items()} == wanted


def test_weights_of_other_files_are_refused(tmp_path):
    class Enlarger(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.interpolate(x, scale_factor=4.0)

    export_generator(Enlarger(), X4, tmp_path / "other.onnx")
    with pytest.raises(ContractError, match="not a network that ganfx trains"):
        generator_state(tmp_path / "other.onnx")
    (tmp_path / "page.onnx").write_text("<html>")
    with pytest.raises(ContractError, match="not an ONNX model"):
        generator_state(tmp_path / "page.onnx")


class Sensitive(nn.Module):
    """Correct in fp32; its weights do not survive fp16, in which 1.0003 is 1."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.eye(3)[:, :, None, None] * 1.0003)

    def forward(self, x: Tensor) -> Tensor:
        return (nn.functional.conv2d(x, self.weight) - x) * 100


class Fixed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(2, 3, 24, 34)


class Branching(nn.Module):
    """Works in torch at any size, but asks Python about the pixels."""

    def forward(self, x: Tensor) -> Tensor:
        return x if x.mean() > 0.5 else x / 2


class Infinite(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / 0


@pytest.mark.parametrize(
    ("network", "scale", "words"),
    [
        (Fixed(), 1, "fails at"),
        (Branching(), 1, "cannot be written as ONNX"),
        (Infinite(), 1, "not finite"),
        (nn.Identity(), 2, "its contract says"),
    ],
    ids=["fixed-size", "branching", "infinite", "wrong-scale"],
)
def test_a_file_that_would_not_keep_its_promise_is_not_written(network, scale, words, tmp_path):
    target = tmp_path / "made.onnx"
    target.write_bytes(b"the model before")
    with pytest.raises(ExportError, match=words) as caught:
        export_generator(network, ModelSpec("bad", "upscale", scale), target)
    assert "\n" not in caught.value.message
    assert target.read_bytes() == b"the model before"
    assert os.listdir(tmp_path) == ["made.onnx"]


def test_a_network_that_fp16_would_harm_ships_in_fp32(tmp_path):
    report = export_generator(Sensitive(), ModelSpec("full", "upscale"), tmp_path / "made.onnx")
    assert report.stored == "fp32"
    assert report.max_error_stored <= 1e-4
    with pytest.raises(ExportError, match="stored as fp16"):
        export_generator(Sensitive(), ModelSpec("half", "upscale"), tmp_path / "half.onnx", stored="fp16")
    assert not (tmp_path / "half.onnx").exists()


def test_receptive_field_is_measured():
    convs = [nn.Conv2d(3, 3, 3, padding=1) for _ in range(4)]
    for conv in convs:
        nn.init.constant_(conv.weight, 0.1)
    assert receptive_field(nn.Sequential(*convs), ModelSpec("stack", "upscale")) == 4
