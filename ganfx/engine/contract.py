"""The contract of an ONNX file that carries none: what its graph and a few small runs show."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganfx.engine.graph_tensors import FLOATS
from ganfx.engine.ort_errors import is_out_of_memory
from ganfx.engine.tiles import Floats, ceil_to
from ganfx.errors import ContractError
from ganfx.spec import ModelSpec
from ganfx.spec.parts import MAX_NAME
from ganfx.text import printable

_MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
_MOST_SCALE = 64
# Image.NominalPixelRange and Image.BitmapPixelFormat are the metadata of Windows ML; without a range it means 0..255.
_WINML_RANGES = {"Normalized_0_1": (0.0, 1.0), "Normalized_1_1": (-1.0, 1.0), "NominalRange_0_255": (0.0, 255.0)}


def measured_contract(session: Any, name: str) -> ModelSpec:
    """The contract of the graph in `session`, as it shows itself in a few runs on small pictures.

    Raises ContractError where it is no filter of pictures.
    """
    channels, side = _picture_input(session)
    return _probed(name, session, channels, side, session.get_modelmeta().custom_metadata_map)


def plain_name(path: Path) -> str:
    """The name of the file at `path`, without its suffix, as a contract may have it."""
    return re.sub(r"[/\\:]", "_", printable(path.stem).lstrip("."))[:MAX_NAME] or "model"


def _picture_input(session: Any) -> tuple[int, int | None]:
    """(channels, the only side it accepts or None) of the graph's input. Raises ContractError."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if not outputs:
        raise ContractError("the model gives nothing")
    output = outputs[0]
    if len(inputs) != 1:
        raise ContractError(f"the model takes {len(inputs)} inputs, a picture filter one")
    given = inputs[0]
    if given.type not in FLOATS or output.type not in FLOATS:
        raise ContractError(f"the model maps {given.type} to {output.type}; both must be float or float16 tensors")
    if len(given.shape) != 4 or len(output.shape) != 4:
        raise ContractError(f"the model takes an input of shape {given.shape}, not (N, C, H, W)")
    if _channels_last(given.shape) or _channels_last(output.shape):
        raise ContractError("the model wants channels last (N, H, W, C); export it as (N, C, H, W)")
    count, channels, height, width = given.shape
    if isinstance(count, int) and count != 1:
        raise ContractError(f"the model takes batches of {count} only", hint="export it with a dynamic batch")
    sides = {n for n in (height, width) if isinstance(n, int)}
    if len(sides) > 1 or isinstance(height, int) != isinstance(width, int):
        raise ContractError(f"the model takes {width}x{height} pixels only; a fixed size must be square")
    return (channels if isinstance(channels, int) else 3), (sides.pop() if sides else None)


def _channels_last(shape: list[int | str]) -> bool:
    return shape[3] in (1, 3) and shape[1] not in (1, 2, 3, 4)


def _probed(name: str, session: Any, channels: int, side: int | None, metadata: Mapping[str, str]) -> ModelSpec:
    multiple, scale, out_channels = _measure(session, channels, side)
    bgr = metadata.get("Image.BitmapPixelFormat", "").startswith("Bgr")
    spec = ModelSpec.of_picture(
        name,
        "upscale" if scale > 1 else "stylize",
        scale,
        in_channels=channels,
        out_channels=out_channels,
        value_range=_value_range(session, channels, side or 64, metadata),
        color_order="BGR" if bgr else "RGB",
        fixed_size=side,
        multiple_of=multiple,
        min_size=side or ceil_to(16, multiple),
        license=printable(metadata.get("license", "unknown")[:MAX_NAME]),
        description="a model without a ganfx contract; what it wants was measured",
    )
    return dataclasses.replace(
        spec,
        inputs=(dataclasses.replace(spec.inputs[0], name=session.get_inputs()[0].name),),
        outputs=(dataclasses.replace(spec.outputs[0], name=session.get_outputs()[0].name),),
    )


def _measure(session: Any, channels: int, side: int | None) -> tuple[int, int, int]:
    """(multiple_of, scale, out_channels), from the first odd multiple that the network takes and scales evenly."""
    failure: Exception | None = None
    for multiple in (1,) if side else _MULTIPLES:
        height = side or ceil_to(32, multiple) + multiple
        width = side or height + 2 * multiple
        try:
            _, out_channels, tall, wide = _output_shape(session, channels, height, width)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            failure = error
            continue
        if tall % height == 0 and (tall // height) * width == wide and 1 <= tall // height <= _MOST_SCALE:
            return multiple, tall // height, out_channels
    raise ContractError("the model's output is not a whole multiple of its input in size") from failure


def _output_shape(session: Any, channels: int, height: int, width: int) -> tuple[int, ...]:
    declared = session.get_outputs()[0].shape
    if session.get_inputs()[0].shape[2:] == [height, width] and all(isinstance(n, int) for n in declared[1:]):
        return tuple(declared)
    return _infer(session, _ramp(channels, height, width)).shape


def _value_range(session: Any, channels: int, side: int, metadata: Mapping[str, str]) -> tuple[float, float]:
    """0..1, unless the file says otherwise or only 0..255 explains the output."""
    if "Image.BitmapPixelFormat" in metadata:
        return _WINML_RANGES.get(metadata.get("Image.NominalPixelRange", "NominalRange_0_255"), (0.0, 255.0))
    picture = _ramp(channels, side, side)
    small = _infer(session, picture)
    if small.min() >= -1 and small.max() <= 2:
        return 0.0, 1.0
    large = _infer(session, picture * 255)
    return (0.0, 255.0) if large.min() >= -255 and 2 < large.max() <= 510 else (0.0, 1.0)


def _ramp(channels: int, height: int, width: int) -> Floats:
    """A smooth grey gradient, (1, channels, height, width) in [0, 1]."""
    slope = np.add.outer(np.linspace(0.1, 0.6, height), np.linspace(0.0, 0.3, width)).astype(np.float32)
    return np.broadcast_to(slope, (1, channels, height, width)).copy()


def _infer(session: Any, batch: Floats) -> Floats:
    given = session.get_inputs()[0]
    (output,) = session.run([session.get_outputs()[0].name], {given.name: batch.astype(FLOATS[given.type])})
    return np.asarray(output, np.float32)
