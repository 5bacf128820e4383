"""What is done to files of others in a process of its own (`ganfx.isolation`): plain texts in, files out.

Every function writes the model in the file `path` to the ONNX file `out`, with a contract, and raises ContractError
where it is no model that ganfx can use.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from ganfx.errors import ContractError, ExportError
from ganfx.foreign.adopt import adopt_graph, adopt_onnx
from ganfx.foreign.checkpoints import State, read_state
from ganfx.foreign.families import write_graph
from ganfx.foreign.ncnn import read_network

_CONVERTERS = ("torch", "onnxscript", "spandrel")


def adopt(path: str, out: str, name: str, task: str | None, license: str) -> None:
    """An ONNX file."""
    adopt_onnx(Path(path), Path(out), name=name, task=task, license=license)


def write_ncnn(path: str, out: str, name: str, task: str | None, license: str) -> None:
    """A network of ncnn."""
    try:
        content = read_network(Path(path)).SerializeToString()
    except ContractError as error:
        raise ContractError(f"{path}: {error.message}", hint=error.hint) from error
    adopt_graph(content, Path(out), Path(path), name=name, task=task, license=license, label="ncnn")


def convert(path: str, out: str, name: str, task: str | None, license: str) -> None:
    """A checkpoint of PyTorch; where its network is not written here, torch and spandrel rebuild it.

    Raises ExportError where they are needed and missing.
    """
    state = read_state(Path(path))
    try:
        written = write_graph(state)
        if written is None:
            _convert_by_torch(state, Path(path), Path(out), name, license)
            return
    except (ContractError, ExportError) as error:
        raise type(error)(f"{path}: {error.message}", hint=error.hint) from error
    content = written.model.SerializeToString()
    adopt_graph(content, Path(out), Path(path), name=name, task=task, license=license, label=written.label)


def _convert_by_torch(state: State, path: Path, out: Path, name: str, license: str) -> None:
    missing = [module for module in _CONVERTERS if not importlib.util.find_spec(module)]
    if missing:
        raise ExportError(
            f"converting a checkpoint of its kind needs {', '.join(missing)}", hint='pip install "ganfx[import]"'
        )
    from ganfx.exporters.foreign import convert_state

    convert_state(state, out, name=name, license=license, source=path.name)
