"""Networks that take a picture and a mask: rewritten to take both as one picture of four channels.

What the two have to be is found by trying: where the supposition is right, all comes back but what is masked.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from onnx import TensorProto

from ganfx.engine.findings import BYTES, SIGNED, UNIT, ModelFact, Said, range_text
from ganfx.engine.graph_tensors import NUMBERS
from ganfx.engine.measured_values import doubtful, psnr
from ganfx.engine.probe_picture import probe_picture
from ganfx.engine.runtime import quiet_options, runtime
from ganfx.engine.tiles import Floats
from ganfx.errors import ContractError
from ganfx.foreign.rewriting import Rewriter, is_channels_last, kind_of, shape_of

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

_SIDE = 128
# The color under the mask, which must not come back.
_SPOILED = (1.0, 0.0, 1.0)
# Decibels: the least at which what is not masked comes back, and by how much the best must be better than the next.
_FAITHFUL, _CLEARLY = 20.0, 2.0
# With so few decibels between them, two forms are the same to the network.
_SAME = 0.5


class _Form(NamedTuple):
    """What picture, mask and result may be: ranges, and the mask's value where the picture is to be filled."""

    picture: tuple[float, float]
    result: tuple[float, float]
    hole: float
    kept: float


class _Inputs(NamedTuple):
    picture: ValueInfoProto
    mask: ValueInfoProto


def inputs_of(model: ModelProto) -> _Inputs | None:
    """The picture and the mask among the inputs of `model`, where it takes just these two."""
    values = Rewriter(model).inputs
    if len(values) != 2 or any(len(shape_of(value)) != 4 for value in values):
        return None
    by_channels = {_channels(value): value for value in values}
    if set(by_channels) == {1, 3}:
        return _Inputs(by_channels[3], by_channels[1])
    named = [value for value in values if "mask" in value.name.lower()]
    if len(named) != 1:
        return None
    return _Inputs(next(value for value in values if value.name != named[0].name), named[0])


def _channels(value: ValueInfoProto) -> int | str | None:
    shape = shape_of(value)
    return shape[3] if is_channels_last(shape) else shape[1]


def join_inputs(model: ModelProto, said: Said) -> tuple[ModelFact, ...]:
    """Rewrite `model` in place: RGB and a mask, 1 where it is to be filled, in one picture in [0, 1]; so the result.

    Raises ContractError where what it wants cannot be told.
    """
    inputs = inputs_of(model)
    assert inputs is not None
    form, decibels, margin = _tried(model, inputs, said)
    _rewrite(model, inputs, form)
    why = f"what is not masked comes back at {decibels:.0f} dB, {margin:.0f} dB better than otherwise"
    where = f"{form.hole:g} is filled, {form.kept:g} is kept"
    return (
        ModelFact("range", f"{range_text(form.picture)} to {range_text(form.result)}", "certain", why),
        ModelFact("mask", where, "certain", why),
    )


def _tried(model: ModelProto, inputs: _Inputs, said: Said) -> tuple[_Form, float, float]:
    try:
        session = runtime().InferenceSession(
            model.SerializeToString(), quiet_options(), providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise ContractError(f"cannot be loaded: {str(error).splitlines()[0][:200]}") from error
    scores = {form: _score(session, inputs, form) for form in _forms(inputs, said)}
    best = max(scores, key=lambda form: scores[form])
    if scores[best] == -math.inf:
        raise ContractError("the network does not run on a picture and a mask of 128 or 512 pixels")
    same = [form for form, score in scores.items() if score > scores[best] - _SAME and form.hole == best.hole]
    best = same[0]
    margin = scores[best] - max((score for form, score in scores.items() if form not in same), default=0.0)
    if scores[best] < _FAITHFUL or margin < _CLEARLY:
        raise doubtful("what is not masked does not come back in any of the usual forms", "say --range 0..1 or 0..255")
    return best, scores[best], margin


def _forms(inputs: _Inputs, said: Said) -> list[_Form]:
    whole = kind_of(inputs.picture) == TensorProto.UINT8
    pictures = [said.range] if said.range else [BYTES] if whole else [UNIT, BYTES, SIGNED]
    largest = 255.0 if kind_of(inputs.mask) == TensorProto.UINT8 else 1.0
    return [
        _Form(picture, result, hole, largest - hole)
        for picture, result, hole in itertools.product(pictures, (UNIT, BYTES, SIGNED), (largest, 0.0))
    ]


def _score(session: Any, inputs: _Inputs, form: _Form) -> float:
    """Decibels of what is not masked, less those of the wrong colors under the mask; minus infinity if it fails."""
    side = next((axis for axis in shape_of(inputs.picture)[1:] if isinstance(axis, int) and axis > 4), None)
    for length in [side] if side else [_SIDE, 512]:
        picture = probe_picture(length, length, 3)
        hole = np.zeros((length, length), bool)
        hole[length // 3 : length // 2, length // 3 : length // 2] = True
        spoiled = np.where(hole[..., None], np.array(_SPOILED, np.float32), picture)
        try:
            output = _run(session, inputs, form, spoiled, hole)
        except Exception:  # onnxruntime's classes share no public base
            continue
        if output.shape != picture.shape or not np.isfinite(output).all():
            continue
        changed = np.abs(output[hole] - spoiled[hole]).mean() > 0.1
        return psnr(output[~hole], picture[~hole]) if changed else 0.0
    return -math.inf


def _run(session: Any, inputs: _Inputs, form: _Form, picture: Floats, hole: Any) -> Floats:
    low, high = form.picture
    mask = np.where(hole, form.hole, form.kept)[..., None]
    feed = {
        inputs.picture.name: _tensor(picture * (high - low) + low, inputs.picture),
        inputs.mask.name: _tensor(mask, inputs.mask),
    }
    output = np.asarray(session.run(None, feed)[0][0], np.float32)
    output = output if output.shape[2] == 3 else output.transpose(1, 2, 0)
    low, high = form.result
    return np.asarray((output - low) / (high - low), np.float32)


def _tensor(pixels: Any, value: ValueInfoProto) -> Any:
    kind = NUMBERS[kind_of(value)]
    pixels = np.rint(pixels) if kind == np.uint8 else pixels
    pixels = pixels if is_channels_last(shape_of(value)) else pixels.transpose(2, 0, 1)
    return np.ascontiguousarray(pixels[None].astype(kind))


def _rewrite(model: ModelProto, inputs: _Inputs, form: _Form) -> None:
    rewriter = Rewriter(model)
    picture, mask = rewriter.take(inputs.picture), rewriter.take(inputs.mask)
    shape = shape_of(picture)
    sides = shape[1:3] if is_channels_last(shape) else shape[2:4]
    whole = rewriter.give(sides, 4)
    low, high = form.picture
    for value, channels, gain, shift in (
        (picture, [0, 1, 2], high - low, low),
        (mask, [3], form.hole - form.kept, form.kept),
    ):
        x = rewriter.before("Gather", whole, rewriter.constant(channels, np.int64), axis=1)
        x = rewriter.before("Add", rewriter.before("Mul", x, rewriter.constant(gain)), rewriter.constant(shift))
        x = rewriter.as_type(x, kind_of(value))
        if is_channels_last(shape_of(value)):
            x = rewriter.before("Transpose", x, perm=[0, 2, 3, 1])
        rewriter.feed(value.name, x)
    rewriter.finish()
    made = model.graph.output[0]
    x = rewriter.after("Cast", made.name, to=TensorProto.FLOAT)
    if is_channels_last(shape_of(made)):
        x = rewriter.after("Transpose", x, perm=[0, 3, 1, 2])
    low, high = form.result
    x = rewriter.after("Add", x, rewriter.constant(-low))
    rewriter.result(rewriter.after("Mul", x, rewriter.constant(1 / (high - low))))
