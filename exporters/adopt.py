"""ONNX files from elsewhere: the same graph, with a contract."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import onnx

from ganfx.engine.contract import read_contract
from ganfx.spec import ModelSpec

from .store import write_model


def adopt_onnx(path: Path, out: Path, *, name: str, task: str | None = None, license: str = "unknown") -> ModelSpec:
    """Copy the ONNX model `path` to `out` with a contract, learnt by running it once, and its weights all inside.

    `task` and `license` overrule what the file itself tells. Returns the contract written. Raises ContractError
    where the graph is no picture filter, and ExportError where `out` cannot be written.
    """
    found = read_contract(path)
    spec = dataclasses.replace(
        found,
        name=name,
        task=task or found.task,
        license=found.license if license == "unknown" else license,
        description=f"imported from {path.name}",
    )
    write_model(onnx.load(path), spec, out)
    return spec
