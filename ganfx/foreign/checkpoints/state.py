"""The state dict in a checkpoint: found in whatever it is wrapped in, under plain names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganfx.errors import ContractError
from ganfx.foreign.checkpoints.files import stored_object
from ganfx.foreign.checkpoints.scripted import HINT, weights_of
from ganfx.foreign.checkpoints.tensors import Array, View
from ganfx.foreign.checkpoints.unpickling import OBJECTS, OBJECTS_HINT, ScriptedModule, Unknown
from ganfx.spec.model_file import open_file, unreadable

# The weights by their names.
State = dict[str, Array]

# Keys of state dicts inside checkpoints; the averaged weights (EMA) before the raw ones.
_WRAPPERS = (
    "params_ema",
    "params-ema",
    "ema",
    "params",
    "net_g",
    "generator",
    "model_state_dict",
    "state_dict",
    "model",
    "net",
    "network",
)
_MAX_WRAPPINGS = 8
_PREFIXES = ("_orig_mod.", "module.", "netG.", "net_g.", "generator.")
_MAX_TENSORS = 100_000


def read_state(path: Path) -> State:
    """The state dict in a .pth, .pt, .pth.tar or .safetensors file, unwrapped; bfloat16 as float32.

    Raises ContractError, and ModelError where the file cannot be read.
    """
    try:
        with open_file(path) as file:
            found = stored_object(file, os.fstat(file.fileno()).st_size)
        state = tensors_in(found)
    except OSError as error:
        raise unreadable(path, error) from error
    except ContractError as error:
        raise ContractError(f"{path}: {error.message}", hint=error.hint) from error
    if not state and isinstance(found, ScriptedModule):
        raise ContractError(f"{path}: TorchScript without named weights; its code is never run", hint=HINT)
    if not state:
        what = OBJECTS if _is_object(found) else "no weights found"
        raise ContractError(f"{path}: {what}", hint=OBJECTS_HINT)
    return state


def tensors_in(found: Any) -> State:
    """The state dict in what a checkpoint holds, unwrapped; empty where there is none. Raises ContractError.

    TorchScript is not unwrapped: what is around a network there may do anything to the picture.
    """
    if isinstance(found, ScriptedModule):
        return dict(_tensors(weights_of(found)))
    return _unprefixed(dict(_tensors(_unwrapped(found))))


def _is_object(found: Any) -> bool:
    values = found.values() if isinstance(found, Mapping) else [found]
    return any(isinstance(value, Unknown) for value in values)


def _unwrapped(found: Any) -> Any:
    for _ in range(_MAX_WRAPPINGS):  # a pickle may hold itself
        if not isinstance(found, Mapping) or any(_is_tensor(value) for value in found.values()):
            break
        inner = next((found[key] for key in _WRAPPERS if isinstance(found.get(key), Mapping)), None)
        mappings = [value for value in found.values() if isinstance(value, Mapping)]
        if inner is None and len(mappings) == 1:
            inner = mappings[0]
        if inner is None:
            break
        found = inner
    return found


def _is_tensor(value: Any) -> bool:
    return isinstance(value, View | np.ndarray)


def _tensors(found: Any) -> Iterator[tuple[str, Array]]:
    if not isinstance(found, Mapping):
        return
    for number, (name, value) in enumerate(found.items()):
        if number > _MAX_TENSORS:
            raise ContractError("has more tensors than any network needs")
        if isinstance(name, str) and _is_tensor(value):
            yield name, value.array() if isinstance(value, View) else value


def _unprefixed(state: State) -> State:
    for _ in range(_MAX_WRAPPINGS):
        found = next((prefix for prefix in _PREFIXES if all(name.startswith(prefix) for name in state)), None)
        if found is None or not state:
            break
        state = {name.removeprefix(found): value for name, value in state.items()}
    return state
