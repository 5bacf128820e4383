"""What is done to files of others in a process of its own (`ganfx.isolation`): plain JSON in and out, and files.

Every function writes the model in the file `path` to the ONNX file `out`, with a contract, and returns how that was
found. It raises ContractError where the file holds no model that ganfx can use.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganfx.engine.findings import UNIT, ModelFact, Said
from ganfx.errors import ContractError, ExportError
from ganfx.foreign.adopt import Wish, adopt_graph, adopt_onnx
from ganfx.foreign.checkpoints import State, read_state
from ganfx.foreign.families import write_graph
from ganfx.foreign.ncnn import read_network

_CONVERTERS = ("torch", "onnxscript", "spandrel")


def import_file(path: str, kind: str, out: str, wish: dict[str, Any]) -> list[dict[str, str]]:
    """The file of this kind: onnx, ncnn or checkpoint. wish is a `Wish` as JSON."""
    preview = Path(wish["preview"]) if wish["preview"] else None
    wished = Wish(wish["name"], wish["license"], Said.of(wish["said"]), preview)
    return [dataclasses.asdict(finding) for finding in _IMPORTERS[kind](Path(path), Path(out), wished)]


def _ncnn(path: Path, out: Path, wish: Wish) -> tuple[ModelFact, ...]:
    try:
        model = read_network(path)
    except ContractError as error:
        raise ContractError(f"{path}: {error.message}", hint=error.hint) from error
    return adopt_graph(model, out, path, wish, "ncnn")


def _checkpoint(path: Path, out: Path, wish: Wish) -> tuple[ModelFact, ...]:
    """Where its network is not written here, torch and spandrel rebuild it.

    Raises ExportError where they are needed and missing.
    """
    state = read_state(path)
    try:
        written = write_graph(state)
        if written is None:
            return _by_torch(state, path, out, wish)
    except (ContractError, ExportError) as error:
        raise type(error)(f"{path}: {error.message}", hint=error.hint) from error
    known = dataclasses.replace(wish.said, range=wish.said.range or UNIT, made=UNIT, order=wish.said.order or "RGB")
    return adopt_graph(written.model, out, path, wish._replace(said=known), written.label)


def _by_torch(state: State, path: Path, out: Path, wish: Wish) -> tuple[ModelFact, ...]:
    missing = [module for module in _CONVERTERS if not importlib.util.find_spec(module)]
    if missing:
        raise ExportError(
            f"converting a checkpoint of its kind needs {', '.join(missing)}", hint='pip install "ganfx[import]"'
        )
    from ganfx.exporters.foreign import convert_state

    model, known = convert_state(state)
    said = wish.said
    said = dataclasses.replace(
        said,
        task=said.task or known.task,
        range=said.range or UNIT,
        made=UNIT,
        order=said.order or "RGB",
        multiple=known.multiple_of,
        least=known.min_size,
    )
    return adopt_graph(model, out, path, wish._replace(said=said), known.description)


_IMPORTERS: dict[str, Callable[[Path, Path, Wish], tuple[ModelFact, ...]]] = {
    "onnx": adopt_onnx,
    "ncnn": _ncnn,
    "checkpoint": _checkpoint,
}
