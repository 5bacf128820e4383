"""A checkpoint that is made to do harm is refused in one sentence: it runs no code, and fills no memory for long."""

from __future__ import annotations

import json
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ganfx.errors import GanfxError
from ganfx.hub import import_model, importer
from ganfx.isolation import CallLimits

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("real_processes")]


class Command:
    """Runs a command of the shell once it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


def code(path: Path) -> None:
    torch.save({"params": Command(f"touch {path.parent / 'ran'}")}, path)


def bare_code(path: Path) -> None:
    path.write_bytes(pickle.dumps(Command(f"touch {path.parent / 'ran'}")))


def of_itself(path: Path) -> None:
    state: dict[str, object] = {"x": torch.zeros(1)}
    state["params"] = state
    torch.save(state, path)


def many_prefixes(path: Path) -> None:
    torch.save({"module." * 20_000 + "weight": torch.zeros(1)}, path)


def zip_bomb(path: Path) -> None:
    """Three gigabytes of zeros in some megabytes."""
    plain = path.with_suffix(".plain")
    torch.save({"w": torch.zeros(4)}, plain)
    with zipfile.ZipFile(plain) as given, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for entry in given.namelist():
            with made.open(entry, "w", force_zip64=True) as file:
                file.write(given.read(entry))
                if entry.endswith("data/0"):
                    for _ in range(192):
                        file.write(bytes(16 << 20))


def tensor_of_a_petabyte(path: Path) -> None:
    state = OrderedDict(weight=torch.zeros(1).expand(1 << 20, 1 << 28))
    torch.save(state, path)


def huge_upscaler(path: Path) -> None:
    """Views of one number that pose as an upscaler with a convolution of many gigabytes."""
    shapes = {"block1.0.weight": (1 << 14, 3, 9, 9), "block2.bn1.running_mean": (1 << 14,)}
    shapes["block3.conv1.weight"] = (1 << 14, 1 << 14, 3, 3)
    torch.save({name: torch.zeros(1).expand(shape) for name, shape in shapes.items()}, path)


def beyond_the_end(path: Path) -> None:
    """A view of a hundred numbers that begins far behind them."""
    torch.save({"weight": torch.zeros(100)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    at = content.index(b"QK\x00K\x64\x85")  # offset 0, shape (100,)
    path.write_bytes(content[:at] + b"QK\x63K\x64\x85" + content[at + 6 :])


def lying_safetensors(path: Path) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def safetensors_without_an_end(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 1 << 62) + b"{")


@pytest.mark.parametrize(
    "make",
    [
        code,
        bare_code,
        of_itself,
        many_prefixes,
        zip_bomb,
        tensor_of_a_petabyte,
        huge_upscaler,
        beyond_the_end,
        lying_safetensors,
        safetensors_without_an_end,
    ],
    ids=lambda make: make.__name__,
)
def test_it_is_refused_in_one_sentence(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(importer, "_limits", lambda path, seconds, gigabytes: CallLimits(60, 1 << 30))
    path = tmp_path / "net.pth"
    make(path)
    with pytest.raises(GanfxError) as caught:
        import_model(path)
    assert caught.value.message.startswith(f"{path}: ")
    assert caught.value.message.isprintable()
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "models").exists()
