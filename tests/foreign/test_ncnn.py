"""Networks of ncnn become models by one command: equal to their ONNX twins, and broken ones are refused in a line."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ganfx.engine import EngineOptions, open_engine
from ganfx.errors import ContractError, GanfxError
from ganfx.foreign.ncnn.network import network_of
from ganfx.hub import import_model
from ganfx.spec.model_file import read_spec
from tests.foreign.networks import convolution, plain, stored, text_of

Floats = NDArray[np.float32]


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def picture(height: int = 26, width: int = 34, channels: int = 3) -> Floats:
    return np.random.default_rng(1).random((height, width, channels), np.float32)


def decibels(one: Floats, other: Floats) -> float:
    return -10 * math.log10(float(np.square(one - other).mean()) + 1e-20)


def outputs(text: str, content: bytes, given: Floats) -> Floats:
    session = onnxruntime.InferenceSession(
        network_of(text, content).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, {"input": given})[0])


@pytest.mark.parametrize(
    ("file", "twin", "scale"),
    [
        ("4xLSDIRCompactC3.param", "4xLSDIRCompactC3_fp32.onnx", 4),
        ("4xLSDIRCompactC3.bin", "4xLSDIRCompactC3_fp32.onnx", 4),
        ("2x_ModernSpanimationV1-fp16.param", "2x_ModernSpanimationV1_fp16_op17.onnx", 2),
    ],
)
def test_real_networks_equal_their_twins_in_onnx(file, twin, scale, shared_data):
    made = import_model(shared_data / "models" / "ncnn" / file)
    spec = read_spec(made)
    assert spec is not None
    assert (spec.name, spec.task, spec.scale) == (Path(file).stem, "upscale", scale)
    session = onnxruntime.InferenceSession(shared_data / "models" / twin, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    kind = np.float16 if "16" in given.type else np.float32
    planes = picture().transpose(2, 0, 1)[None].astype(kind)
    wanted = session.run(None, {given.name: planes})[0][0].transpose(1, 2, 0).astype(np.float32)
    output = open_engine(made, EngineOptions(provider="cpu")).run(picture())
    # The twin of the second computes in fp16, and clips.
    output = output if kind == np.float32 else np.clip(output, 0, 1)
    assert decibels(output, wanted) > (60 if kind == np.float32 else 50)


def test_a_real_network_without_a_twin_enlarges(shared_data):
    made = import_model(shared_data / "models" / "ncnn" / "RealESRGAN_General_WDN_x4_v3.param")
    slope = np.add.outer(np.linspace(0.1, 0.5, 24), np.linspace(0, 0.4, 24)).astype(np.float32)
    given = np.stack([slope, slope[::-1], np.full_like(slope, 0.5)], 2)
    output = open_engine(made, EngineOptions(provider="cpu")).run(given)
    assert np.abs(output.reshape(24, 4, 24, 4, 3).mean((1, 3)) - given)[3:-3, 3:-3].mean() < 0.03


WEIGHTS = np.random.default_rng(4).normal(0, 0.2, 640)


def torch_weights(*shape: int) -> torch.Tensor:
    return torch.from_numpy(WEIGHTS[: math.prod(shape)].astype(np.float32).reshape(shape))


# What ncnn's layers compute, said in torch: x has 8 channels.
LAYERS: dict[str, tuple[str, bytes, Callable[[torch.Tensor], torch.Tensor]]] = {
    "deconvolution": (
        "Deconvolution d 1 1 x y 0=5 1=4 3=2 4=3 5=1 6=640 9=2 -23310=1,0.1",
        stored(WEIGHTS) + plain(WEIGHTS[:5]),
        lambda x: F.leaky_relu(
            F.conv_transpose2d(x, torch_weights(5, 8, 4, 4).transpose(0, 1), torch_weights(5), 2, 3), 0.1
        ),
    ),
    "depthwise": (
        "ConvolutionDepthWise d 1 1 x y 0=8 1=3 4=1 6=144 7=4",
        stored(WEIGHTS[:144]),
        lambda x: F.conv2d(x, torch_weights(8, 2, 3, 3), padding=1, groups=4),
    ),
    "slopes": ("PReLU p 1 1 x y 0=8", plain(WEIGHTS[:8]), lambda x: F.prelu(x, torch_weights(8))),
    "norm": (
        "BatchNorm b 1 1 x y 0=8 1=0.001",
        plain(WEIGHTS[:16]) + plain(np.abs(WEIGHTS[16:24])) + plain(WEIGHTS[:8]),
        lambda x: F.batch_norm(
            x,
            torch_weights(16)[8:],
            torch_weights(24)[16:].abs(),
            torch_weights(8),
            torch_weights(8),
            eps=0.001,
        ),
    ),
    "shuffle": ("PixelShuffle s 1 1 x y 0=2", b"", lambda x: F.pixel_shuffle(x, 2)),
    "unshuffle": ("Reorg r 1 1 x y 0=2", b"", lambda x: F.pixel_unshuffle(x, 2)),
    "nearest": ("Interp i 1 1 x y 0=1 1=2 2=2", b"", lambda x: F.interpolate(x, scale_factor=2)),
    "bilinear": (
        "Interp i 1 1 x y 0=2 1=2 2=2",
        b"",
        lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
    ),
    "bicubic": (
        "Interp i 1 1 x y 0=3 1=2 2=2",
        b"",
        lambda x: F.interpolate(x, scale_factor=2, mode="bicubic", align_corners=False),
    ),
    "crop": ("Crop c 1 1 x y 0=2 1=3 3=-233 4=-233 5=-233 6=4 7=1", b"", lambda x: x[:, :, 3:-1, 2:-4]),
    "pooling": ("Pooling p 1 1 x y 0=0 1=2 2=2", b"", lambda x: F.max_pool2d(x, 2)),
    "leaky": ("ReLU r 1 1 x y 0=0.2", b"", lambda x: F.leaky_relu(x, 0.2)),
    "reversed": ("BinaryOp b 1 1 x y 0=7 1=1 2=1.5", b"", lambda x: 1.5 - x),
    "swish": ("Swish s 1 1 x y", b"", F.silu),
    "gelu": ("GELU g 1 1 x y", b"", F.gelu),
    "mish": ("Mish m 1 1 x y", b"", F.mish),
    "hard": ("HardSwish h 1 1 x y 0=0.16666667 1=0.5", b"", F.hardswish),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_compute_what_ncnn_computes(name):
    line, weights, wanted = LAYERS[name]
    first, content = convolution()
    given = picture(12, 16).transpose(2, 0, 1)[None]
    before = torch.from_numpy(outputs(text_of(first), content, given))
    after = wanted(before).numpy()
    assert np.abs(outputs(text_of(first, line), content + weights, given) - after).max() < 1e-5


def test_half_precision_stays_in_the_file():
    weights = np.random.default_rng(0).normal(0, 0.2, 27 * 64)
    text = text_of("Convolution c 1 1 data y 0=64 1=3 4=1 6=1728")
    half, full = (network_of(text, stored(weights, half=half)) for half in (True, False))
    assert half.ByteSize() < 0.7 * full.ByteSize()


def test_grey_networks_take_one_channel():
    line, content = convolution(inside=1)
    model = network_of(text_of(line), content)
    assert model.graph.input[0].type.tensor_type.shape.dim[1].dim_value == 1


LINE, CONTENT = convolution()
BROKEN = {
    "no layers": ("7767517\n", b"", "truncated"),
    "fewer layers than said": (text_of(LINE).replace("2 3", "9 9"), CONTENT, "has 2 layers, and says 9"),
    "weights cut": (text_of(LINE), CONTENT[:-9], "end too early"),
    "weights left": (text_of(LINE), CONTENT + b"more", "more weights than layers"),
    "no numbers": (text_of(LINE), CONTENT[:4] + b"\xff" * (len(CONTENT) - 4), "no numbers"),
    "8 bits": (text_of(LINE), (0x000D4B38).to_bytes(4, "little") + CONTENT[4:], "in 8 bits"),
    "unknown layer": (text_of("Embellish e 1 1 data x"), b"", "does not write as ONNX"),
    "from nowhere": (text_of("ReLU r 1 1 nothing x"), b"", "no layer before it makes"),
    "of itself": (text_of("ReLU r 1 1 x x"), b"", "no layer before it makes"),
    "too wide": (text_of(LINE.replace("0=8", "0=800000000")), CONTENT, "turns 3 channels into 800000000"),
    "not whole": (text_of(LINE.replace("0=8", "0=8.5")), CONTENT, "whole number"),
    "infinite": (text_of(LINE.replace("0=8", "0=1e999")), CONTENT, "damaged at the line"),
    "long list": (text_of("ReLU r 1 1 data x -23300=99999999,1"), b"", "damaged at the line"),
    "many names": (text_of("Split s 1 99999 data x"), b"", "damaged at the line"),
    "huge shuffle": (text_of(LINE, "PixelShuffle s 1 1 x y 0=100000"), CONTENT, "100000 times larger"),
    "two outputs": (text_of(LINE, "Split s 1 2 x y z"), CONTENT, "gives 2 outputs"),
    "two inputs": (text_of("Input i 0 1 more", LINE), CONTENT, "takes 2 inputs"),
    "control characters": (text_of("Emb\x1b[31mellish e 1 1 data x"), b"", "does not write as ONNX"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_networks_are_refused_in_one_line(name, tmp_path, models):
    text, content, words = BROKEN[name]
    (tmp_path / "net.param").write_text(text)
    (tmp_path / "net.bin").write_bytes(content)
    with pytest.raises(ContractError, match=words) as caught:
        import_model(tmp_path / "net.param")
    assert caught.value.message.startswith(f"{tmp_path / 'net.param'}: ")
    assert caught.value.message.isprintable()
    assert not models.exists()


def test_a_missing_half_is_named(shared_data, tmp_path):
    shutil.copy(shared_data / "models" / "ncnn" / "4xLSDIRCompactC3.param", tmp_path / "net.param")
    with pytest.raises(GanfxError, match=r"two files, and net\.bin is missing"):
        import_model(tmp_path / "net.param")


def test_a_binary_list_of_layers_is_refused_with_the_way_out(tmp_path):
    (tmp_path / "net.param").write_bytes((7767517).to_bytes(4, "little") + bytes(40))
    with pytest.raises(ContractError, match="no names") as caught:
        import_model(tmp_path / "net.param")
    assert "plain text" in (caught.value.hint or "")
