"""Any graph of a filter brought to the plain form that the engine feeds: one picture (N, C, H, W) in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto

from ganfx.engine.findings import ModelFact, Said
from ganfx.engine.graph_tensors import NUMBERS
from ganfx.engine.runtime import quiet_options, runtime
from ganfx.errors import ContractError
from ganfx.foreign.inpainters import inputs_of, join_inputs
from ganfx.foreign.rewriting import Rewriter, free_size, is_channels_last, kind_of, make_plain, shape_of
from ganfx.text import printable

if TYPE_CHECKING:
    from onnx import ModelProto

# Sides of the pictures that a network without margins is tried on, and the widest margin that is added.
_SIDES = (96, 160)
_MOST_MARGIN = 128
_TYPES: dict[int, str] = {
    TensorProto.FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.UINT8: "8-bit numbers",
}


def bring_to_plain(model: ModelProto, said: Said) -> tuple[ModelFact, ...]:
    """Rewrite `model` in place where it needs that. Raises ContractError where it takes or gives something else."""
    inputs = Rewriter(model).inputs
    findings = _single_output(model)
    if inputs_of(model) is not None:
        return (*findings, *join_inputs(model, said))
    if len(inputs) != 1:
        names = ", ".join(printable(value.name) for value in inputs)
        raise ContractError(f"takes {len(inputs)} inputs ({names}), which ganfx does not know how to feed")
    shape, kind = shape_of(inputs[0]), kind_of(inputs[0])
    if kind not in NUMBERS or len(shape) != 4:
        raise ContractError(f"takes {_described(shape, kind)}, and no picture of 1, 3 or 4 channels")
    channels_last, layout = _layout(model, said)
    margin = 0 if channels_last or kind == TensorProto.UINT8 else _margin(model)
    if channels_last or kind == TensorProto.UINT8 or margin or kind_of(model.graph.output[0]) not in _FLOAT_KINDS:
        make_plain(model, channels_last=channels_last, margin=margin)
    if margin:
        layout = (
            *layout,
            ModelFact("margin", f"{margin} pixels", "certain", "so much smaller is its output than its input"),
        )
    return (*findings, *layout)


_FLOAT_KINDS = (TensorProto.FLOAT, TensorProto.FLOAT16)


def _described(shape: list[int | str | None], kind: int) -> str:
    axes = ", ".join(str(axis or "?") for axis in shape)
    return f"{_TYPES.get(kind, 'other numbers')} of shape ({axes})"


def _single_output(model: ModelProto) -> tuple[ModelFact, ...]:
    """Leave the first picture among the outputs alone."""
    outputs = list(model.graph.output)
    pictures = [value for value in outputs if len(shape_of(value)) in (0, 4) and kind_of(value) in NUMBERS]
    if not pictures:
        raise ContractError("gives no picture")
    if len(outputs) == 1:
        return ()
    del model.graph.output[:]
    model.graph.output.append(pictures[0])
    name = printable(pictures[0].name)
    return (ModelFact("outputs", f"{name}, the first of {len(outputs)}", "likely", "the others are not used"),)


def _layout(model: ModelProto, said: Said) -> tuple[bool, tuple[ModelFact, ...]]:
    """Whether channels come last."""
    if said.layout:
        return said.layout == "NHWC", (ModelFact("layout", said.layout, "said"),)
    shape = shape_of(Rewriter(model).inputs[0])
    if any(isinstance(axis, int) for axis in (shape[1], shape[3])):
        last = is_channels_last(shape)
        return last, (ModelFact("layout", "NHWC" if last else "NCHW", "certain", "the graph says it"),)
    for last in (False, True):
        if _output_side(model, 96, channels_last=last):
            return last, (ModelFact("layout", "NHWC" if last else "NCHW", "certain", "it takes no other"),)
    return False, ()


def _margin(model: ModelProto) -> int:
    """By how many pixels the input has to be larger on each side so that the output is a multiple of the picture."""
    shape = shape_of(Rewriter(model).inputs[0])
    if any(isinstance(axis, int) for axis in shape[2:]):
        return 0
    small, large = (_output_side(model, side, channels_last=False) for side in _SIDES)
    if not small or not large:
        return 0
    scale, rest = divmod(large - small, _SIDES[1] - _SIDES[0])
    missing = scale * _SIDES[0] - small
    if rest or scale < 1 or missing <= 0 or missing % (2 * scale) or missing // (2 * scale) > _MOST_MARGIN:
        return 0
    return missing // (2 * scale)


def _output_side(model: ModelProto, side: int, *, channels_last: bool) -> int:
    """Rows of the output for a square picture; 0 where it fails."""
    value = Rewriter(model).inputs[0]
    stated = shape_of(value)[3 if channels_last else 1]
    channels = stated if isinstance(stated, int) else 3
    shape = (1, side, side, channels) if channels_last else (1, channels, side, side)
    try:
        made = _run(model, value.name, np.zeros(shape, NUMBERS[kind_of(value)]))
    except Exception:  # onnxruntime's classes share no public base
        return 0
    return int(made.shape[1 if channels_last else 2]) if made.ndim == 4 else 0


def _run(model: ModelProto, name: str, given: Any) -> Any:
    session = runtime().InferenceSession(model.SerializeToString(), quiet_options(), providers=["CPUExecutionProvider"])
    return session.run([model.graph.output[0].name], {name: given})[0]


def freed(model: ModelProto) -> ModelProto | None:
    """A copy of `model`, which has a fixed size, that takes others too and computes the same; None where none is."""
    value = Rewriter(model).inputs[0]
    shape = shape_of(value)
    if not all(isinstance(axis, int) for axis in shape[1:]):
        return None
    channels, height, width = (int(str(axis)) for axis in shape[1:])
    random = np.random.default_rng(0)
    given, other = (
        random.random((1, channels, height + more, width + more), np.float32).astype(NUMBERS[kind_of(value)])
        for more in (0, 64)
    )
    before = _run(model, value.name, given)
    scale = before.shape[2] // height
    for padded in (False, True):
        copy = type(model)()
        copy.CopyFrom(model)
        free_size(copy, padded=padded)
        try:
            after, larger = (_run(copy, value.name, one) for one in (given, other))
        except Exception:  # onnxruntime's classes share no public base
            continue
        fits = larger.shape[2:] == (before.shape[2] + 64 * scale, before.shape[3] + 64 * scale)
        if fits and np.array_equal(before, after):
            return copy
    return None
