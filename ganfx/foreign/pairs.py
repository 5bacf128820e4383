"""The self-test of an imported network: a picture with what the network made of it, which can be shown too."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ganfx.engine.graph_tensors import FLOATS
from ganfx.engine.probe_picture import probe_picture
from ganfx.engine.runtime import quiet_options, runtime
from ganfx.engine.self_test import encode_pair
from ganfx.engine.tiles import Floats, ceil_to
from ganfx.engine.values import restore, to_planes, value_span
from ganfx.errors import ExportError
from ganfx.spec import ModelSpec, SelfTest, StoredPair

if TYPE_CHECKING:
    from onnx import ModelProto

_SIDE, _LARGEST = 64, 256
_SEED = 20
# The largest error of mean and deviation, as a share of the range.
_TOLERANCE = 2e-3
# float16 holds no larger values.
_MOST_SPAN = 4096


def with_tests(model: ModelProto, spec: ModelSpec, preview: Path | None) -> tuple[ModelSpec, dict[str, str]]:
    """`spec` with a self-test, and the pictures to store with it, by key; `preview` is written, where it is given.

    Raises ExportError where that fails.
    """
    session = runtime().InferenceSession(model.SerializeToString(), quiet_options(), providers=["CPUExecutionProvider"])
    side = spec.fixed_size or ceil_to(max(_SIDE, spec.min_size), spec.multiple_of)
    picture = _picture(side, spec.in_channels)
    given = to_planes(picture, spec.inputs[0]).astype(np.float16).astype(np.float32)
    made = _run(session, given[None])[0]
    if preview is not None:
        _show(picture, made, spec, preview)
    if side <= _LARGEST and value_span(spec.outputs[0]) <= _MOST_SPAN:
        pair = StoredPair("ganfx.pair.0", side, side)
        return dataclasses.replace(spec, pairs=(pair,)), {pair.key: encode_pair(given, made)}
    noise = np.random.default_rng(_SEED).random((1, spec.in_channels, side, side), dtype=np.float32)
    output: Any = _run(session, noise).astype(np.float64)
    tolerance = _TOLERANCE * value_span(spec.outputs[0])
    test = SelfTest(_SEED, side, round(float(output.mean()), 6), round(float(output.std()), 6), tolerance)
    return dataclasses.replace(spec, self_test=test), {}


def _picture(side: int, channels: int) -> Floats:
    """A picture; of a mask, the fourth channel, a square is 1."""
    picture = probe_picture(side, side, channels)
    if channels == 4:
        picture[..., 3] = 0
        picture[side // 3 : side // 2, side // 3 : side // 2, 3] = 1
    return picture


def _run(session: Any, batch: Floats) -> Floats:
    given = session.get_inputs()[0]
    return np.asarray(session.run(None, {given.name: batch.astype(FLOATS[given.type])})[0], np.float32)


def _show(picture: Floats, made: Floats, spec: ModelSpec, path: Path) -> None:
    """The picture enlarged plainly beside the result, as a PNG."""
    result = np.ascontiguousarray(made.transpose(1, 2, 0))
    if spec.outputs[0].color_order == "BGR":
        result = np.ascontiguousarray(result[..., ::-1])
    restore(result, spec.outputs[0])
    height, width = result.shape[:2]
    enlarged = cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST)
    source = np.asarray(enlarged, np.float32).reshape(height, width, -1)
    both = np.concatenate([_as_rgb(source), _as_rgb(result)], axis=1)
    pixels = np.rint(np.clip(both, 0, 1) * 255).astype(np.uint8)
    if not cv2.imwrite(str(path), pixels[..., ::-1]):
        raise ExportError(f"{path}: cannot be written")


def _as_rgb(pixels: Floats) -> Floats:
    """Three channels: colors as they are, one channel as grey, two as red and green."""
    if pixels.shape[2] == 1:
        return np.repeat(pixels, 3, axis=2)
    if pixels.shape[2] == 2:
        return np.concatenate([pixels, np.full_like(pixels[..., :1], 0.5)], axis=2)
    return pixels[..., :3]
