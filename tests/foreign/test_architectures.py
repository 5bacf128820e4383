"""Networks that only torch knows are written as ONNX that was compared with torch, at free sizes, fit for tiles."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganfx.engine import EngineOptions, open_engine
from ganfx.errors import GanfxError
from ganfx.exporters.spandrel_nets import import_torchvision
from ganfx.hub import import_model
from ganfx.spec.model_file import read_spec
from tests.foreign.architectures import tiny

import_torchvision()

import spandrel  # noqa: E402

pytestmark = pytest.mark.slow

# By architecture: the multiple that sizes have to be.
WRITTEN = {"MoESR": 2, "MoSR": 1, "NAFNet": 4, "PLKSR": 1, "SAFMN": 8, "SeemoRe": 1}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_tiny_instance_is_imported_and_equals_torch(name, tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    torch.manual_seed(0)
    state = tiny(name).state_dict()
    torch.save(state, tmp_path / "net.pth")
    path = import_model(tmp_path / "net.pth")
    spec = read_spec(path)
    assert spec is not None
    assert (spec.multiple_of, spec.fixed_size) == (WRITTEN[name], None)
    picture = np.random.default_rng(2).random((72, 88, 3), np.float32)
    descriptor = spandrel.ModelLoader("cpu").load_from_state_dict(state)
    descriptor.eval()
    with torch.no_grad():
        wanted = descriptor(torch.from_numpy(picture.transpose(2, 0, 1)[None]))[0].numpy().transpose(1, 2, 0)
    # The descriptor clips.
    whole = np.clip(open_engine(path, EngineOptions(provider="cpu")).run(picture), 0, 1)
    assert -10 * np.log10(np.square(whole - wanted).mean() + 1e-20) > 60


@pytest.mark.usefixtures("real_processes")
def test_what_cannot_be_used_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    torch.save({"model.model.1.ffc.convl2l.weight": torch.zeros(4, 4, 3, 3)}, tmp_path / "net.pth")
    with pytest.raises(GanfxError) as caught:
        import_model(tmp_path / "net.pth")
    assert caught.value.message.isprintable()
    assert not (tmp_path / "models").exists()
