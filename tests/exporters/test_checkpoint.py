"""Checkpoints of others: their weights are found, nothing in them is run, and what cannot be used is told in a line."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import save_file

from ganfx.errors import ContractError
from ganfx.exporters.checkpoint import read_state
from ganfx.exporters.foreign import import_checkpoint

pytestmark = pytest.mark.slow


class Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_a_pickle_is_never_executed(tmp_path):
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"params": Bomb(tmp_path / "executed")}))
    torch.save({"params": Bomb(tmp_path / "executed")}, tmp_path / "evil-zip.pth")
    for name in ("evil.pth", "evil-zip.pth"):
        with pytest.raises(ContractError, match="nothing in it was run"):
            read_state(tmp_path / name)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"params": {"old": torch.zeros(1)}, "params_ema": state},
        lambda state: {"model": state, "optim": {"state": {}}},
        lambda state: {"net": {f"_orig_mod.{key}": value for key, value in state.items()}, "epoch": 3},
        lambda state: {"state_dict": {f"module.{key}": value for key, value in state.items()}},
    ],
    ids=["bare", "ema", "model", "compiled", "parallel"],
)
def test_weights_are_found_in_every_common_wrapping(wrap, tmp_path):
    state = {"conv.weight": torch.rand(2, 3), "conv.bias": torch.rand(2)}
    torch.save(wrap(state), tmp_path / "net.pth")
    found = read_state(tmp_path / "net.pth")
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], state[key]) for key in state)


def test_safetensors_and_legacy_files_are_read(tmp_path):
    state = {"conv.weight": torch.rand(2, 3)}
    save_file(state, tmp_path / "net.safetensors")
    torch.save(state, tmp_path / "legacy.pth", _use_new_zipfile_serialization=False)
    for name in ("net.safetensors", "legacy.pth"):
        assert torch.equal(read_state(tmp_path / name)["conv.weight"], state["conv.weight"])


@pytest.mark.parametrize(
    ("file", "description"),
    [
        ("leftthomas_srgan_x4.pth", "SRGAN, 5 residual blocks"),
        ("realesr-animevideov3_rezipped-deflate.pth", "Compact"),
    ],
)
def test_real_checkpoints_become_models_that_enlarge(file, description, shared_data, tmp_path):
    spec = import_checkpoint(shared_data / "models" / file, tmp_path / "made.onnx", license="MIT")
    assert (spec.name, spec.scale, spec.license) == ("made", 4, "MIT")
    assert description in spec.description
    ramp = np.linspace(0.1, 0.9, 40, dtype=np.float32)
    picture = np.stack([np.tile(ramp, (30, 1)), np.tile(ramp[:30, None], (1, 40)), np.full((30, 40), 0.5, np.float32)])
    session = onnxruntime.InferenceSession(tmp_path / "made.onnx", providers=["CPUExecutionProvider"])
    (enlarged,) = session.run(["output"], {"input": picture[None]})[0]
    back = enlarged.reshape(3, 30, 4, 40, 4).mean((2, 4))
    # Range, channel order and orientation are right: on average the picture is the same.
    assert np.abs(back - picture)[:, 4:-4, 4:-4].mean() < 0.03


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("anmol42_idp_generator.pth", "does not know"),
        ("ntire24_team00_rlfn.pth", "does not know"),
        ("broken/espcn_x4.UTF8-MANGLED.pt", "damaged"),
        ("broken/gimpml_deblurganv2_mymodel.WHOLE-OBJECT-PICKLE.pt", "nothing in it was run"),
        ("broken/RealESRGANv2-animevideo-xsx2.LFS-POINTER.pth", "damaged"),
    ],
)
def test_other_checkpoints_get_one_clear_line(file, words, shared_data, tmp_path):
    with pytest.raises(ContractError, match=words) as caught:
        import_checkpoint(shared_data / "models" / file, tmp_path / "made.onnx")
    assert "\n" not in caught.value.message
    assert Path(file).name in caught.value.message
    assert not list(tmp_path.iterdir())
