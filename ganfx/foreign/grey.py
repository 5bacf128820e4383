"""Networks that turn one plane into one: rewritten to work on each color by itself, as filters are fed with colors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from ganfx.engine.findings import ModelFact
from ganfx.engine.graph_tensors import NUMBERS
from ganfx.engine.runtime import quiet_options, runtime
from ganfx.engine.tiles import Floats
from ganfx.errors import ContractError
from ganfx.foreign.rewriting import Rewriter, kind_of, shape_of

if TYPE_CHECKING:
    from onnx import ModelProto

# Of the picture that it is tried on, where the network takes any: a multiple of what most want.
_SIDE = 128
_TOLERANCE = 1e-4


def spread_over_colors(model: ModelProto) -> tuple[ModelFact, ...]:
    """Rewrite `model`, in plain form, in place where it turns one plane into one.

    Raises ContractError where it cannot work on several planes at once.
    """
    value = Rewriter(model).inputs[0]
    if shape_of(value)[1] != 1:
        return ()
    side = next((axis for axis in shape_of(value)[2:] if isinstance(axis, int)), _SIDE)
    planes = np.random.default_rng(0).random((1, 3, side, side), np.float32).astype(NUMBERS[kind_of(value)])
    single = _run(model, planes[:, :1])
    if single is None or single.ndim != 4 or single.shape[1] != 1:
        return ()
    spread = type(model)()
    spread.CopyFrom(model)
    _rewrite(spread)
    made = _run(spread, planes.astype(np.float32))
    if made is None or made.shape[1] != 3 or np.abs(made[:, :1] - single).max() > _TOLERANCE * max(1, single.max()):
        raise ContractError("takes one grey picture at a time, and cannot work on the colors of a picture")
    model.CopyFrom(spread)
    return (ModelFact("colors", "each by itself", "certain", "it takes one plane and gives one"),)


def _rewrite(model: ModelProto) -> None:
    rewriter = Rewriter(model)
    value = rewriter.take(rewriter.inputs[0])
    x = rewriter.give(shape_of(value)[2:], 3)
    sides = rewriter.before("Gather", rewriter.before("Shape", x), rewriter.constant([2, 3], np.int64))
    shape = rewriter.before("Concat", rewriter.constant([-1, 1], np.int64), sides, axis=0)
    rewriter.feed(value.name, rewriter.as_type(rewriter.before("Reshape", x, shape), kind_of(value)))
    rewriter.finish()
    x = rewriter.after("Cast", model.graph.output[0].name, to=TensorProto.FLOAT)
    sides = rewriter.after("Gather", rewriter.after("Shape", x), rewriter.constant([2, 3], np.int64))
    shape = rewriter.after("Concat", rewriter.constant([-1, 3], np.int64), sides, axis=0)
    rewriter.result(rewriter.after("Reshape", x, shape))
    del model.graph.value_info[:]


def _run(model: ModelProto, planes: Floats) -> Floats | None:
    """The output for `planes`; None where it does not run."""
    try:
        session = runtime().InferenceSession(
            model.SerializeToString(), quiet_options(), providers=["CPUExecutionProvider"]
        )
        return np.asarray(session.run(None, {Rewriter(model).inputs[0].name: planes})[0], np.float32)
    except Exception:  # onnxruntime's classes share no public base
        return None
