"""Graphs of others with a contract, which is measured by running them."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import onnx

from ganfx.engine.examination import examine
from ganfx.errors import ContractError
from ganfx.exporters.store import write_model
from ganfx.spec import ModelSpec
from ganfx.spec.model_file import read_model
from ganfx.text import printable


def adopt_graph(
    content: bytes,
    out: Path,
    source: Path,
    *,
    name: str,
    task: str | None = None,
    license: str = "unknown",
    label: str = "",
) -> ModelSpec:
    """Write the graph `content` that was made of the file `source` to `out`, as `adopt_onnx` does.

    label says what network it is.
    """
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / source.name
        written.write_bytes(content)
        return adopt_onnx(written, out, name=name, task=task, license=license, label=label)


def adopt_onnx(
    path: Path, out: Path, *, name: str, task: str | None = None, license: str = "unknown", label: str = ""
) -> ModelSpec:
    """Copy the ONNX model `path` to `out` with a measured contract. Loads and runs it: for a process with limits.

    `task` and `license` override what is measured or stored in the file. Returns the contract written. Raises
    ContractError where the graph is no picture filter or fails its examination, and ExportError where `out` cannot be
    written.
    """
    found = ModelSpec.from_json(examine(str(path))["contract"])
    spec = dataclasses.replace(
        found,
        name=name,
        task=task or found.task,
        license=found.license if license == "unknown" else license,
        description=printable(", ".join(filter(None, (label, f"imported from {path.name}")))),
    )
    try:
        model = onnx.load_from_string(read_model(path))
    except Exception as error:  # onnx and protobuf share no public base class
        raise ContractError(f"{path}: cannot be loaded: {error}") from error
    write_model(model, spec, out)
    return spec
