"""TorchScript files, which are programs with their weights: the weights are read, the program never."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ganfx.errors import ContractError
from ganfx.foreign.checkpoints.tensors import View
from ganfx.foreign.checkpoints.unpickling import ScriptedModule
from ganfx.spec.model_file import open_file

HINT = "where you trust it, load it with torch.jit.load and write it with torch.onnx.export"
_MAX_MODULES, _MAX_NAME = 20_000, 1000


def is_scripted(path: Path) -> bool:
    """Whether the file is TorchScript: an archive with code in it. Raises OSError."""
    with open_file(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return any(name.partition("/")[2].startswith("code/") for name in archive.namelist())
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            return False


def weights_of(module: ScriptedModule) -> dict[str, View]:
    """The tensors of a module and of those inside it, under the names of its state dict. Raises ContractError."""
    found: dict[str, View] = {}
    waiting, seen = [("", module)], 0
    while waiting:
        prefix, inner = waiting.pop()
        seen += 1
        if seen > _MAX_MODULES or len(prefix) > _MAX_NAME:  # a pickle may hold itself
            raise ContractError("has more modules than any network needs")
        for name, value in _attributes(inner):
            if isinstance(value, ScriptedModule):
                waiting.append((f"{prefix}{name}.", value))
            elif isinstance(value, View):
                found[f"{prefix}{name}"] = value
    return found


def _attributes(module: ScriptedModule) -> Iterator[tuple[str, Any]]:
    attributes = module.state if isinstance(module.state, Mapping) else {}
    return ((name, value) for name, value in attributes.items() if isinstance(name, str))
