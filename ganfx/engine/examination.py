"""Trying a model for the first time: loaded, measured and run, in a process that may not come back.

Only `ganfx.engine.acceptance` and the importers call this, through `ganfx.isolation`.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from ganfx.engine.contract import Measured, measured_contract, plain_name
from ganfx.engine.findings import Said
from ganfx.engine.graph_rules import check_graph
from ganfx.engine.ort_errors import first_line, is_out_of_memory, loading
from ganfx.engine.runtime import quiet_options, runtime
from ganfx.engine.self_test import worst_result
from ganfx.engine.session import Session
from ganfx.engine.tiles import Floats, ceil_to
from ganfx.errors import ContractError, GanfxError
from ganfx.spec import KEY, ModelSpec
from ganfx.spec.model_file import read_model

_LEAST_SIDE = 16


def examine(path: str) -> dict[str, str]:
    """The SHA-256 (`digest`, in hex) and the `contract` of the model at `path`, once it has proved that it works.

    Raises ContractError where it keeps data elsewhere, may not end, does not load on the processor, breaks its own
    contract, fails its own test, or makes values that are no numbers; where what it wants cannot be told for certain;
    and as `read_model` does.
    """
    content = read_model(Path(path))
    measured = examined(content, Path(path))
    return {"digest": hashlib.sha256(content).hexdigest(), "contract": measured.spec.to_json()}


def examined(content: bytes, path: Path, said: Said = Said()) -> Measured:  # noqa: B008
    """The contract of the model with the bytes `content`, from the file `path`, once it has proved that it works; and
    how it was found, where it carries none. Raises ContractError as `examine` does."""
    with loading(path):
        model = onnx.load_from_string(content)
        check_graph(model)
        stored = {entry.key: entry.value for entry in model.metadata_props}
        del model
        handle = runtime().InferenceSession(content, quiet_options(), providers=["CPUExecutionProvider"])
        if KEY in stored:
            measured = Measured(ModelSpec.from_json(stored[KEY]), ())
        else:
            measured = measured_contract(handle, plain_name(path), said)
        _prove(handle, measured.spec, stored)
        return measured


def _prove(handle: Any, spec: ModelSpec, stored: Mapping[str, str]) -> None:
    session = Session(handle, spec)

    def run(batch: Floats, controls: Mapping[str, float]) -> Floats:
        count, _, height, width = batch.shape
        shape = (count, spec.out_channels, height * spec.scale, width * spec.scale)
        with _running(width, height):
            output = session.run(batch, controls, shape, contextlib.nullcontext())
        if not np.isfinite(output).all():
            raise ContractError("the network gives values that are no numbers")
        return output

    least = spec.fixed_size or ceil_to(max(spec.min_size, _LEAST_SIDE), spec.multiple_of)
    run(np.full((1, spec.in_channels, least, least), 0.5, np.float32), spec.control_values())
    result = worst_result(spec, stored, run)
    if result is not None and not result.passed:
        raise ContractError(
            f"fails its own self-test: {result.error:.1e} off, {result.tolerance:.1e} is allowed",
            hint="download it again, or ask its author",
        )


@contextlib.contextmanager
def _running(width: int, height: int) -> Iterator[None]:
    try:
        yield
    except GanfxError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise ContractError(f"the network fails on {width}x{height} pixels: {first_line(error)}") from error
