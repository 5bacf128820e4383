"""Writing an ONNX file with its contract inside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ganfx.atomic import write_atomic
from ganfx.errors import ExportError
from ganfx.spec import KEY, ModelSpec

if TYPE_CHECKING:
    from onnx import ModelProto


def write_model(model: ModelProto, spec: ModelSpec, path: Path, pairs: Mapping[str, str] | None = None) -> int:
    """Store `spec` in `model`, write it whole or not at all, and return its size in bytes. Raises ExportError.

    pairs are the stored pictures that `spec.pairs` names, by key.
    """
    facts = {KEY: spec.to_json(), "license": spec.license, "description": spec.description} | dict(pairs or {})
    kept = [(entry.key, entry.value) for entry in model.metadata_props if entry.key not in facts]
    del model.metadata_props[:]
    for key, value in [*kept, *facts.items()]:
        model.metadata_props.add(key=key, value=value)
    try:
        content = model.SerializeToString(deterministic=True)
    except Exception as error:  # protobuf's errors share no public base; the usual one is a model of more than 2 GiB
        raise ExportError(f"{path}: the model cannot be serialized: {error}") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, content)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror}") from error
    return len(content)
