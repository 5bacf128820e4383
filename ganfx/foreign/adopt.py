"""Importing graphs: the same graph, with a contract that is measured by running it."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import onnx

from ganfx.engine.examination import examine
from ganfx.errors import ContractError
from ganfx.exporters.store import write_model
from ganfx.foreign.ncnn import read_network
from ganfx.spec import ModelSpec
from ganfx.spec.model_file import read_model
from ganfx.text import printable


def adopt_onnx(path: Path, out: Path, *, name: str, task: str | None = None, license: str = "unknown") -> ModelSpec:
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
        description=printable(f"imported from {path.name}"),
    )
    try:
        model = onnx.load_from_string(read_model(path))
    except Exception as error:  # onnx and protobuf share no public base class
        raise ContractError(f"{path}: cannot be loaded: {error}") from error
    write_model(model, spec, out)
    return spec


def adopt_ncnn(path: Path, out: Path, *, name: str, task: str | None = None, license: str = "unknown") -> ModelSpec:
    """Write the ncnn network `path` as ONNX to `out` with a measured contract, as `adopt_onnx` does.

    Raises the same errors, and ContractError where the network cannot be written as ONNX.
    """
    try:
        model = read_network(path)
    except ContractError as error:
        raise ContractError(f"{path}: {error.message}", hint=error.hint) from error
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / path.name
        written.write_bytes(model.SerializeToString())
        return adopt_onnx(written, out, name=name, task=task, license=license)
