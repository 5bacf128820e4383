"""Checkpoints of the usual upscalers become models without torch, and compute what torch computes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from ganfx.engine import EngineOptions, open_engine
from ganfx.errors import ContractError
from ganfx.exporters.spandrel_nets import import_torchvision
from ganfx.foreign.checkpoints import State, read_state
from ganfx.foreign.families import write_graph
from ganfx.hub import import_model
from ganfx.spec.model_file import read_spec
from tests.foreign.srgan import Srgan

import_torchvision()

from spandrel import ModelLoader  # noqa: E402
from spandrel.architectures import ESRGAN, PLKSR, SPAN, Compact, SwiftSRGAN  # noqa: E402

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "esrgan x1": lambda: ESRGAN.ESRGAN(num_filters=16, num_blocks=2, scale=1),
    "esrgan x2 by unshuffling": lambda: ESRGAN.ESRGAN(
        in_nc=12, num_filters=16, num_blocks=2, scale=4, shuffle_factor=2
    ),
    "esrgan x4": lambda: ESRGAN.ESRGAN(num_filters=16, num_blocks=2, scale=4),
    "esrgan x8": lambda: ESRGAN.ESRGAN(num_filters=16, num_blocks=1, scale=8),
    "compact x2": lambda: Compact.Compact(num_feat=16, num_conv=3, upscale=2),
    "compact x1, grey": lambda: Compact.Compact(num_in_ch=1, num_out_ch=1, num_feat=16, num_conv=3, upscale=1),
    "span x2": lambda: SPAN.SPAN(num_in_ch=3, num_out_ch=3, feature_channels=16, upscale=2),
    "span x4 as it is": lambda: SPAN.SPAN(num_in_ch=3, num_out_ch=3, feature_channels=16, upscale=4, norm=False),
    "plksr x4": lambda: PLKSR.PLKSR(dim=16, n_blocks=3, upscaling_factor=4, kernel_size=7),
    "plksr x2": lambda: PLKSR.PLKSR(dim=16, n_blocks=2, upscaling_factor=2, ccm_type="DCCM", use_ea=False),
    "realplksr x4": lambda: PLKSR.RealPLKSR(dim=16, n_blocks=3, upscaling_factor=4),
    "realplksr x4 dysample": lambda: PLKSR.RealPLKSR(dim=16, n_blocks=2, upscaling_factor=4, dysample=True),
    "realplksr x3 dysample": lambda: PLKSR.RealPLKSR(dim=12, n_blocks=2, upscaling_factor=3, dysample=True),
    "swift-srgan x2": lambda: SwiftSRGAN.SwiftSRGAN(num_channels=16, num_blocks=2, upscale_factor=2),
    "srgan x8": lambda: Srgan(8, 8, 2),
}


def trained(network: nn.Module) -> nn.Module:
    """The network with weights and statistics everywhere, as after training."""
    random = torch.Generator().manual_seed(0)
    for name, value in network.state_dict().items():
        if value.ndim == 1 and value.is_floating_point():
            noise = torch.rand(value.shape, generator=random)
            value += noise if name.endswith("running_var") else 0.2 * (noise - 0.5)
    return network.eval()


def state_of(network: nn.Module) -> State:
    return {name: value.numpy() for name, value in network.state_dict().items()}


def apart(state: State, network: nn.Module, channels: int) -> float:
    """The largest difference between the graph of `state` and the network, at two sizes."""
    written = write_graph(state)
    assert written is not None
    session = onnxruntime.InferenceSession(written.model.SerializeToString(), providers=["CPUExecutionProvider"])
    random, worst = np.random.default_rng(3), 0.0
    for shape in ((2, channels, 24, 32), (1, channels, 36, 28)):
        given = random.random(shape, np.float32)
        with torch.no_grad():
            wanted = network(torch.from_numpy(given.copy())).numpy()
        (output,) = session.run(None, {"input": given})
        assert output.shape == wanted.shape
        worst = max(worst, float(np.abs(output - wanted).max() / max(1, np.abs(wanted).max())))
    return worst


@pytest.mark.parametrize("name", NETWORKS)
def test_graphs_compute_what_torch_computes(name):
    torch.manual_seed(0)
    network = trained(NETWORKS[name]())
    assert apart(state_of(network), network, 1 if "grey" in name else 3) < 1e-5


@pytest.mark.parametrize("naming", ["newer", "middle"])
def test_every_naming_of_esrgan_is_read(naming):
    network = trained(ESRGAN.ESRGAN(num_filters=16, num_blocks=2, scale=4))
    first, dense, body, up, high = {
        "newer": ("conv_first", r"body.\1.rdb\2.conv\3", "conv_body", "conv_up{}", "conv_hr"),
        "middle": ("conv_first", r"RRDB_trunk.\1.RDB\2.conv\3", "trunk_conv", "upconv{}", "HRconv"),
    }[naming]
    ends = {"0": first, "3": up.format(1), "6": up.format(2), "8": high, "10": "conv_last"}
    state = {}
    for name, value in state_of(network).items():
        renamed = re.sub(r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0", dense, name)
        renamed = re.sub(r"model\.1\.sub\.2\.", f"{body}.", renamed)
        state[re.sub(r"model\.(\d+)\.", lambda found: f"{ends[found[1]]}.", renamed)] = value
    assert apart(state, network, 3) < 1e-5


@pytest.mark.parametrize(
    "file",
    [
        "realesr-animevideov3_rezipped-deflate.pth",
        "RealESRGAN_General_x4_v3.from-ncnn-fp16.pth",
        "swift_srgan_4x.pth.tar",
    ],
)
def test_real_checkpoints_equal_torch(file, shared_data, tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    made = import_model(shared_data / "models" / file)
    found = torch.load(shared_data / "models" / file, map_location="cpu", weights_only=True)
    network: Any = ModelLoader("cpu").load_from_state_dict(found.get("model", found)).model.eval()
    picture = np.random.default_rng(1).random((30, 42, 3), np.float32)
    with torch.no_grad():
        wanted = network(torch.from_numpy(picture.transpose(2, 0, 1)[None]))[0].numpy().transpose(1, 2, 0)
    output = open_engine(made, EngineOptions(provider="cpu")).run(picture)
    assert -10 * np.log10(np.square(output - wanted).mean()) > 60
    spec = read_spec(made)
    assert spec is not None
    assert (spec.task, spec.scale, spec.picture and spec.picture.value_range) == ("upscale", 4, (0.0, 1.0))


def test_the_real_legacy_checkpoint_of_srgan_equals_torch(shared_data, tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    made = import_model(shared_data / "models" / "leftthomas_srgan_x4.pth")
    network = Srgan(4, 64, 5)
    network.load_state_dict(torch.load(shared_data / "models" / "leftthomas_srgan_x4.pth", map_location="cpu"))
    picture = np.random.default_rng(1).random((30, 42, 3), np.float32)
    with torch.no_grad():
        wanted = network.eval()(torch.from_numpy(picture.transpose(2, 0, 1)[None]))[0].numpy().transpose(1, 2, 0)
    output = open_engine(made, EngineOptions(provider="cpu")).run(picture)
    assert -10 * np.log10(np.square(output - wanted).mean()) > 60


def test_variants_that_have_more_than_is_known_are_left_to_torch():
    network = PLKSR.RealPLKSR(dim=16, n_blocks=2, upscaling_factor=4, layer_norm=True)
    assert write_graph(state_of(network)) is None
    state = state_of(Compact.Compact(num_feat=16, num_conv=3, upscale=2))
    assert write_graph(state | {"extra.weight": np.zeros(3, np.float32)}) is None


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("body.0.weight", (16, 3, 3)),
        ("body.1.weight", (9,)),
        ("body.2.weight", (16, 9, 3, 3)),
        ("body.8.weight", (7, 16, 3, 3)),
    ],
)
def test_weights_that_do_not_fit_are_refused(name, shape, tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    state = Compact.Compact(num_feat=16, num_conv=3, upscale=2).state_dict()
    torch.save(state | {name: torch.zeros(shape)}, tmp_path / "net.pth")
    with pytest.raises(ContractError, match=r"net\.pth: "):
        import_model(tmp_path / "net.pth")
    assert not (tmp_path / "models").exists()


def test_no_torch_is_loaded(shared_data, tmp_path):
    path = shared_data / "models" / "realesr-animevideov3_rezipped-deflate.pth"
    code = f"""
import sys
sys.modules["torch"] = None
from ganfx.foreign.isolated import import_file
wish = dict(name="made", license="BSD-3-Clause", said=dict(), preview=None)
import_file({str(path)!r}, "checkpoint", {str(tmp_path / "made.onnx")!r}, wish)
"""
    subprocess.run([sys.executable, "-c", code], check=True, env={"HOME": str(tmp_path), "PATH": ""})
    spec = read_spec(tmp_path / "made.onnx")
    assert spec is not None
    assert spec.license == "BSD-3-Clause"


@pytest.mark.parametrize("file", ["anmol42_idp_generator.pth", "ntire24_team00_rlfn.pth"])
def test_unknown_networks_are_refused_in_a_line(file, shared_data, tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    assert write_graph(read_state(shared_data / "models" / file)) is None
    with pytest.raises(ContractError, match="does not know") as caught:
        import_model(shared_data / "models" / file)
    assert caught.value.message.startswith(str(shared_data / "models" / file))
    assert not Path(tmp_path / "models").exists()
