"""Reading the weights of PyTorch checkpoints. Code inside a checkpoint is never run."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganfx.errors import ContractError

State = dict[str, Tensor]

# Keys of state dicts inside checkpoints; the averaged weights (EMA) before the raw ones.
_WRAPPERS = ("params_ema", "params", "generator", "model_state_dict", "state_dict", "model", "net")
_MAX_WRAPPINGS = 8
_PREFIXES = ("_orig_mod.", "module.", "netG.", "generator.")


def read_state(path: Path) -> State:
    """The state dict in a .pth, .pt, .pth.tar or .safetensors file, unwrapped, on the CPU. Raises ContractError."""
    state = _unwrapped(_loaded(path))
    tensors = {name: value for name, value in state.items() if isinstance(name, str) and isinstance(value, Tensor)}
    if not tensors:
        raise ContractError(f"{path}: no weights found", hint="ganfx imports state dicts of upscalers")
    return _unprefixed(tensors)


def _loaded(path: Path) -> Mapping[str, Any]:
    with path.open("rb") as file:
        header = file.read(9)
    if header[8:] == b"{":
        return _safetensors(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickle protocols
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ContractError(
            f"{path}: holds Python objects or damaged data, not only weights; nothing in it was run",
            hint="ask for its state dict, or a .safetensors file",
        ) from error
    except Exception as error:  # a damaged file can make torch raise anything
        raise ContractError(f"{path}: not a checkpoint of weights, or damaged") from error
    return found if isinstance(found, Mapping) else {}


def _safetensors(path: Path) -> Mapping[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise ContractError(f"{path}: a damaged .safetensors file") from error


def _unwrapped(state: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_MAX_WRAPPINGS):  # a pickle may hold itself
        inner = next((state[key] for key in _WRAPPERS if isinstance(state.get(key), Mapping)), None)
        if inner is None:
            break
        state = inner
    return state


def _unprefixed(state: State) -> State:
    for _ in range(_MAX_WRAPPINGS):
        found = next((prefix for prefix in _PREFIXES if all(name.startswith(prefix) for name in state)), None)
        if found is None:
            break
        state = {name.removeprefix(found): value for name, value in state.items()}
    return state
