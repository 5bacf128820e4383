"""Networks that take the background away, by their form: u2net, isnet and BiRefNet, and what has their inputs.

How their input is normalized cannot be measured, since they give back nothing of the picture. Their form tells it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ganfx.engine.findings import IMAGENET, UNIT, ModelFact, Said
from ganfx.engine.graph_tensors import NUMBERS
from ganfx.engine.measured_values import Normalization, doubtful
from ganfx.engine.probe_picture import probe_picture
from ganfx.engine.runtime import quiet_options, runtime
from ganfx.engine.tiles import Floats
from ganfx.foreign.rewriting import Rewriter, kind_of, shape_of

if TYPE_CHECKING:
    from onnx import ModelProto

TASK = "matte"
_CENTERED: Normalization = ((0.5, 0.5, 0.5), (1.0, 1.0, 1.0))
# The sides that such networks are published with, and the one that is tried where any is taken.
_SIDES, _FREE_SIDE = (320, 1024), 320
# The largest side of the small form, and how many outputs both have at the least: one for each step on the way.
_SMALL_SIDE, _STEPS = 512, 6
# Outputs of the small form, which the large one has not.
_SMALL_STEPS = 7
# By so much opacities may lie beyond 0 to 1 through rounding.
_ROUNDING = 0.01


class _Form(NamedTuple):
    name: str
    normalization: Normalization
    why: str


def recognize_matte(model: ModelProto, outputs: int, said: Said) -> tuple[Said, tuple[ModelFact, ...]]:
    """What is known of `model`, in plain form, which had so many outputs, where it takes the background away.

    Its result becomes opacity, 0 to 1. Raises ContractError where only its normalization is in doubt.
    """
    side = _square(model)
    if side is None or said.task not in (None, TASK):
        return said, ()
    if said.task is None and outputs < _STEPS and side not in _SIDES:
        return said, ()
    made = _made(model, side or _FREE_SIDE)
    if made is None or made.shape != (1, 1, side or _FREE_SIDE, side or _FREE_SIDE):
        return said, ()
    facts: list[ModelFact] = []
    if made.min() < -_ROUNDING or made.max() > 1 + _ROUNDING:
        rewriter = Rewriter(model)
        rewriter.result(rewriter.after("Sigmoid", model.graph.output[0].name))
        facts.append(
            ModelFact("result", "logits, made opacity", "certain", f"they are {made.min():.2g} to {made.max():.2g}")
        )
    known = dataclasses.replace(said, task=TASK, made=UNIT)
    if said.range or said.normalise:
        return known, (_task("likely" if said.task is None else "said", "a picture becomes one plane"), *facts)
    form = _form(model, side, outputs)
    facts.append(ModelFact("range", _text(form.normalization), "likely", f"{form.name} takes it: {form.why}"))
    known = dataclasses.replace(known, normalise=form.normalization)
    return known, (_task("said" if said.task else "likely", f"the form of {form.name}: {form.why}"), *facts)


def _task(sure: str, why: str) -> ModelFact:
    return ModelFact("task", TASK, sure, "" if sure == "said" else why)  # type: ignore[arg-type]


def _text(normalization: Normalization) -> str:
    if normalization == IMAGENET:
        return "ImageNet's mean and deviation"
    return "mean {}, deviation {}".format(*(f"{numbers[0]:g}" for numbers in normalization))


def _square(model: ModelProto) -> int | None:
    """The side of the only square that it takes, 0 where it takes any; None where it takes no colors."""
    _, channels, height, width = shape_of(Rewriter(model).inputs[0])
    if channels != 3 or (height != width and isinstance(height, int)):
        return None
    return height if isinstance(height, int) else 0


def _form(model: ModelProto, side: int, outputs: int) -> _Form:
    if any(node.op_type == "Softmax" for node in model.graph.node):
        return _Form("BiRefNet", IMAGENET, "it has attention")
    what = f"{outputs} outputs" + (f" at {side}x{side}" if side else "")
    if (side and side <= _SMALL_SIDE) or (not side and outputs == _SMALL_STEPS):
        return _Form("u2net", IMAGENET, what)
    if side:
        return _Form("isnet", _CENTERED, what)
    raise doubtful(
        "it takes the background away, in a form that is not known",
        "say --normalise imagenet, or 0.5,0.5,0.5/1,1,1",
    )


def _made(model: ModelProto, side: int) -> Floats | None:
    """The output for a picture; None where it does not run."""
    session = runtime().InferenceSession(model.SerializeToString(), quiet_options(), providers=["CPUExecutionProvider"])
    value = Rewriter(model).inputs[0]
    picture = probe_picture(side, side, 3).transpose(2, 0, 1)[None].astype(NUMBERS[kind_of(value)])
    try:
        return np.asarray(session.run(None, {value.name: np.ascontiguousarray(picture)})[0], np.float32)
    except Exception:  # onnxruntime's classes share no public base
        return None
