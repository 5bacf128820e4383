"""TorchScript files: where the network is known its weights are read; their code is never run."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganfx.engine import EngineOptions, open_engine
from ganfx.errors import ContractError
from ganfx.exporters.spandrel_nets import import_torchvision
from ganfx.foreign.checkpoints import read_state
from ganfx.foreign.checkpoints.scripted import is_scripted
from ganfx.hub import import_model

import_torchvision()

from spandrel.architectures import Compact  # noqa: E402


class _Darker(nn.Module):
    """A network with work of its own around another."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.generator = network

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.generator(x) / 2
        return made


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return Compact.Compact(num_feat=8, num_conv=2, upscale=2).eval()


def traced(network: nn.Module, path: Path) -> Path:
    torch.jit.save(torch.jit.trace(network, torch.rand(1, 3, 16, 16)), path)
    return path


def test_weights_have_the_names_of_the_state_dict(network, tmp_path):
    path = traced(network, tmp_path / "net.pt")
    found, state = read_state(path), network.state_dict()
    assert found.keys() == state.keys()
    assert all(np.array_equal(found[name], value.numpy()) for name, value in state.items())
    assert is_scripted(path)


def test_a_known_network_runs_and_its_code_is_not_read(network, tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    plain, path = traced(network, tmp_path / "plain.pt"), tmp_path / "net.pt"
    with zipfile.ZipFile(plain) as given, zipfile.ZipFile(path, "w") as made:
        for entry in given.namelist():
            made.writestr(entry, b"no program" if "/code/" in entry else given.read(entry))
    told = []
    imported = import_model(path, report=told.append)
    picture = np.random.default_rng(0).random((40, 48, 3), np.float32)
    with torch.no_grad():
        wanted = network(torch.from_numpy(picture.transpose(2, 0, 1)[None]))[0].numpy().transpose(1, 2, 0)
    assert np.abs(open_engine(imported, EngineOptions(provider="cpu")).run(picture) - wanted).max() < 1e-5
    assert ("program", "not run") in [(fact.what, fact.value) for fact in told]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda network: torch.jit.trace(_Darker(network), torch.rand(1, 3, 16, 16)), "does not know"),
        (lambda network: torch.jit.freeze(torch.jit.trace(network, torch.rand(1, 3, 16, 16))), "without named weights"),
        (lambda _: torch.jit.script(nn.Sequential(nn.Conv2d(3, 3, 3)).eval()), "does not know"),
    ],
    ids=["wrapped", "frozen", "unknown"],
)
def test_what_only_its_code_could_say_is_refused_in_a_line(make, words, network, tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    torch.jit.save(make(network), tmp_path / "net.pt")
    with pytest.raises(ContractError, match=words) as caught:
        import_model(tmp_path / "net.pt")
    assert "code is never run" in caught.value.message
    assert "torch.onnx.export" in (caught.value.hint or "")


def test_a_module_that_holds_itself_is_refused(tmp_path):
    pickled = b"\x80\x02c__torch__\nNet\nq\x00)\x81q\x01}q\x02(X\x01\x00\x00\x00aq\x03h\x01ub."
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", pickled)
        archive.writestr("net/code/__torch__.py", b"")
    with pytest.raises(ContractError, match="more modules"):
        read_state(tmp_path / "net.pt")
