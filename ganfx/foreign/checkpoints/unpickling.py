"""A pickle as plain data: dictionaries, lists, numbers and tensors. Nothing that it names is imported or called.

Whatever else it names becomes an `Unknown`, which remembers what was given to it and does nothing.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, BinaryIO

from ganfx.errors import ContractError
from ganfx.foreign.checkpoints.tensors import Storage, View, number_type, storage_type

OBJECTS = "holds Python objects, not only weights; nothing in it was run"
OBJECTS_HINT = "ask for its state dict, or a .safetensors file"
_MAX_NAMES = 100_000


class Unknown:
    """Stands for an object of a class that is never imported; `state` is what the pickle gave it."""

    def __init__(self, *arguments: object) -> None:
        self.state: Any = None

    def __call__(self, *arguments: object) -> Unknown:
        return Unknown()

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def append(self, value: object) -> None:
        """Forgets it."""

    def extend(self, values: object) -> None:
        """Forgets them."""


class ScriptedModule(Unknown):
    """A module of TorchScript; `state` has its attributes. What it does stands in code that nobody reads."""


class TensorType(str):
    """The name of a type of numbers, as numpy says it."""

    __slots__ = ()


def unpickled(file: BinaryIO, storage: Callable[[Storage, tuple[Any, ...]], Storage]) -> Any:
    """The next pickle in `file`. `storage` is called for each storage that it refers to, with all that is said of it.

    Raises ContractError where it is damaged.
    """
    unpickler = _Unpickler(file, storage)
    try:
        return unpickler.load()
    except ContractError:
        raise
    except MemoryError as error:
        raise ContractError("asks for more memory than any checkpoint needs") from error
    except Exception as error:  # a damaged pickle can make it raise anything
        if unpickler.is_of_objects:
            raise ContractError(OBJECTS, hint=OBJECTS_HINT) from error
        raise ContractError("not a checkpoint of weights, or damaged") from error


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, storage: Callable[[Storage, tuple[Any, ...]], Storage]) -> None:
        super().__init__(file, encoding="utf-8", errors="replace")
        self._storage, self._names = storage, 0
        self.is_of_objects = False

    def find_class(self, module: str, name: str) -> Any:
        self._names += 1
        if self._names > _MAX_NAMES:
            raise ContractError("names more objects than any checkpoint needs")
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        if module in ("torch", "torch.storage"):
            kind = storage_type(name) or number_type(name)
            if kind is not None:
                return TensorType(kind)
        if module.partition(".")[0] == "__torch__":
            return ScriptedModule
        self.is_of_objects = True
        return type("Unknown", (Unknown,), {})

    def persistent_load(self, stored: Any) -> Any:
        if stored[0] == "module":  # a class, with its source code, which nobody reads
            return stored[1]
        kind, type_, key, _, count = stored[:5]
        if kind != "storage" or not isinstance(type_, TensorType) or not isinstance(count, int) or count < 0:
            raise ContractError("refers to something else than weights")
        return self._storage(Storage(str(key), str(type_), count), tuple(stored[5:]))


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> Any:
    if not isinstance(storage, Storage):
        return Unknown()
    kind = next((str(value) for value in rest if isinstance(value, TensorType)), None)
    return View(storage, offset, tuple(shape), tuple(strides), kind)


def _parameter(data: Any, *rest: Any) -> Any:
    return data


def _unwrapped_storage(storage: Any, *rest: Any) -> Any:
    return storage


_KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "Size"): tuple,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch.storage", "TypedStorage"): _unwrapped_storage,
}
