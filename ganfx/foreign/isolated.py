"""What is done to files of others in a process of its own (`ganfx.isolation`): plain JSON in and out, and files.

Every function writes the model in the file `path` to the ONNX file `out`, with a contract, and returns how that was
found. It raises ContractError where the file holds no model that ganfx can use.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ganfx.engine.findings import UNIT, ModelFact, Said
from ganfx.errors import ContractError, ExportError
from ganfx.foreign.adopt import Wish, adopt_graph, adopt_onnx
from ganfx.foreign.checkpoints import State, is_scripted, read_state
from ganfx.foreign.checkpoints.scripted import HINT
from ganfx.foreign.families import write_graph
from ganfx.foreign.ncnn import read_network

if TYPE_CHECKING:
    from onnx import ModelProto

_PROGRAM = ModelFact("program", "not run", "certain", "of TorchScript the weights alone are read")
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
    state, scripted = read_state(path), is_scripted(path)
    try:
        model, said, label = _by_family(state, wish.said) or _by_torch(state, wish.said)
    except ContractError as error:
        what = "TorchScript, whose code is never run: " if scripted else ""
        raise ContractError(f"{path}: {what}{error.message}", hint=HINT if scripted else error.hint) from error
    except ExportError as error:
        raise ExportError(f"{path}: {error.message}", hint=error.hint) from error
    found = adopt_graph(model, out, path, wish._replace(said=said), label)
    return (*([_PROGRAM] if scripted else []), *found)


class _Converted(NamedTuple):
    """A graph that takes and gives RGB in [0, 1], what is known of it, and what network it is."""

    model: ModelProto
    said: Said
    label: str


def _by_family(state: State, said: Said) -> _Converted | None:
    written = write_graph(state)
    return _Converted(written.model, _of_units(said), written.label) if written else None


def _of_units(said: Said) -> Said:
    return dataclasses.replace(said, range=said.range or UNIT, made=UNIT, order=said.order or "RGB")


def _by_torch(state: State, said: Said) -> _Converted:
    missing = [module for module in _CONVERTERS if not importlib.util.find_spec(module)]
    if missing:
        raise ExportError(
            f"converting a checkpoint of its kind needs {', '.join(missing)}", hint='pip install "ganfx[import]"'
        )
    from ganfx.exporters.foreign import convert_state

    model, known = convert_state(state)
    said = dataclasses.replace(_of_units(said), task=said.task or known.task, multiple=known.multiple_of)
    return _Converted(model, dataclasses.replace(said, least=known.min_size), known.description)


_IMPORTERS: dict[str, Callable[[Path, Path, Wish], tuple[ModelFact, ...]]] = {
    "onnx": adopt_onnx,
    "ncnn": _ncnn,
    "checkpoint": _checkpoint,
}
