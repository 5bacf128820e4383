"""Checkpoints of others: their weights are found, nothing in them is run, and what cannot be used is told in a line."""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ganfx.errors import ContractError
from ganfx.foreign.checkpoints import read_state


class Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_a_pickle_is_never_executed(tmp_path):
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"params": Bomb(tmp_path / "executed")}))
    torch.save({"params": Bomb(tmp_path / "executed")}, tmp_path / "evil-zip.pth")
    torch.save(Bomb(tmp_path / "executed"), tmp_path / "evil-old.pth", _use_new_zipfile_serialization=False)
    for name in ("evil.pth", "evil-zip.pth", "evil-old.pth"):
        with pytest.raises(ContractError, match="nothing in it was run"):
            read_state(tmp_path / name)
    assert not (tmp_path / "executed").exists()


def test_weights_beside_objects_are_read_and_the_objects_are_not(tmp_path):
    options = argparse.Namespace(scale=4)
    torch.save(
        {"model": {"w": torch.ones(2)}, "args": options, "bomb": Bomb(tmp_path / "executed")}, tmp_path / "a.pth"
    )
    assert read_state(tmp_path / "a.pth")["w"].tolist() == [1, 1]
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"params": {"old": torch.zeros(1)}, "params_ema": state},
        lambda state: {"params-ema": state, "params": {"old": torch.zeros(1)}},
        lambda state: {"model": state, "optim": {"state": {}}},
        lambda state: {"net_g": state, "net_d": {"old": torch.zeros(1)}},
        lambda state: {"anything": state, "epoch": 3},
        lambda state: {"net": {f"_orig_mod.{key}": value for key, value in state.items()}, "epoch": 3},
        lambda state: {"state_dict": {f"module.{key}": value for key, value in state.items()}},
    ],
    ids=["bare", "ema", "dashed", "model", "pair", "any", "compiled", "parallel"],
)
@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_weights_are_found_in_every_common_wrapping(wrap, is_zip, tmp_path):
    state = {"conv.weight": torch.rand(2, 3), "conv.bias": torch.rand(2), "number": torch.tensor(7)}
    torch.save(wrap(state), tmp_path / "net.pth", _use_new_zipfile_serialization=is_zip)
    found = read_state(tmp_path / "net.pth")
    assert found.keys() == state.keys()
    assert all(np.array_equal(found[key], state[key].numpy()) for key in state)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool])
@pytest.mark.parametrize("file", ["net.pth", "legacy.pth", "net.safetensors"])
def test_every_type_of_numbers_is_read(kind, file, tmp_path):
    values = (torch.rand(4, 5) * 3).to(kind)
    if file.endswith("safetensors"):
        save_file({"w": values}, tmp_path / file)
    else:
        torch.save({"w": values}, tmp_path / file, _use_new_zipfile_serialization=file == "net.pth")
    found = read_state(tmp_path / file)["w"]
    assert np.array_equal(found, (values.float() if kind == torch.bfloat16 else values).numpy())


def test_views_are_read_as_torch_sees_them(tmp_path):
    whole = torch.arange(24.0).reshape(4, 6)
    views = {"part": whole[1:3, ::2], "turned": whole.T, "same": torch.nn.Parameter(whole)}
    for is_zip in (True, False):
        torch.save(views, tmp_path / "net.pth", _use_new_zipfile_serialization=is_zip)
        found = read_state(tmp_path / "net.pth")
        assert all(np.array_equal(found[name], view.detach().numpy()) for name, view in views.items())


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("broken/espcn_x4.UTF8-MANGLED.pt", "damaged"),
        ("broken/gimpml_deblurganv2_mymodel.WHOLE-OBJECT-PICKLE.pt", "nothing in it was run"),
        ("broken/RealESRGANv2-animevideo-xsx2.LFS-POINTER.pth", "damaged"),
    ],
)
def test_broken_checkpoints_get_one_clear_line(file, words, shared_data):
    with pytest.raises(ContractError, match=words) as caught:
        read_state(shared_data / "models" / file)
    assert caught.value.message.isprintable()
    assert Path(file).name in caught.value.message


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_truncated_checkpoints_are_refused(share, is_zip, tmp_path):
    path = tmp_path / "net.pth"
    torch.save({"a": torch.rand(50, 50), "b": torch.rand(50)}, path, _use_new_zipfile_serialization=is_zip)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ContractError, match="damaged"):
        read_state(path)
