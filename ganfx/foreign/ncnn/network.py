"""An ncnn network as an ONNX graph: its layers are written in their order, each by what it computes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ganfx.errors import ContractError
from ganfx.foreign.graph import INPUT
from ganfx.foreign.ncnn.convolutions import CONVOLUTIONS
from ganfx.foreign.ncnn.layers import LAYERS
from ganfx.foreign.ncnn.param import MAX_TEXT_BYTES, Layer, read_param
from ganfx.foreign.ncnn.tensors import Tensor, Writer
from ganfx.foreign.ncnn.weights import WeightFile
from ganfx.spec.model_file import MAX_MODEL_BYTES, open_file, unreadable
from ganfx.text import printable

if TYPE_CHECKING:
    from onnx import ModelProto

# Channels of the picture, in the order in which they are tried: the file does not always say.
_CHANNELS = (3, 1, 4)
_MOST_CHANNELS = 256
_WRITERS = CONVOLUTIONS | LAYERS


def read_network(path: Path) -> ModelProto:
    """The network in the file `path`, `.param` or `.bin` with the other one beside it, as ONNX; float16 stays so.

    Raises ContractError where a file is missing or damaged, or has what cannot be written as ONNX here, and ModelError
    where one cannot be read.
    """
    text = _content(path.with_suffix(".param"), MAX_TEXT_BYTES).decode("utf-8", "replace")
    return network_of(text, _content(path.with_suffix(".bin"), MAX_MODEL_BYTES))


def network_of(text: str, content: bytes) -> ModelProto:
    """The same for the text of a `.param` file and the bytes of a `.bin` file. Raises ContractError."""
    layers = read_param(text)
    failure: ContractError | None = None
    for channels in _input_channels(layers):
        try:
            return _written(layers, WeightFile(content), channels)
        except ContractError as error:
            failure = failure or error
    raise failure or ContractError("has no input")


def _content(path: Path, most: int) -> bytes:
    try:
        with open_file(path) as file:
            if os.fstat(file.fileno()).st_size > most:
                raise ContractError(f"{path.name} is larger than the {most >> 20} MiB that are read")
            return file.read(most + 1)
    except FileNotFoundError as error:
        raise ContractError(
            f"an ncnn network is two files, and {printable(path.name)} is missing", hint="put it beside the other one"
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error


def _input_channels(layers: list[Layer]) -> tuple[int, ...]:
    inputs = [layer for layer in layers if layer.kind == "Input"]
    if len(inputs) != 1 or len(inputs[0].outputs) != 1:
        raise ContractError(f"takes {len(inputs)} inputs, a picture filter one")
    stated = inputs[0].whole(2)
    return (stated,) if 0 < stated <= _MOST_CHANNELS else _CHANNELS


def _written(layers: list[Layer], weights: WeightFile, channels: int) -> ModelProto:
    writer = Writer(weights)
    for layer in layers:
        if layer.kind == "Input":
            made = [Tensor(INPUT, channels)]
        elif layer.kind in _WRITERS:
            made = _WRITERS[layer.kind](writer, layer, writer.taken(layer))
        else:
            raise layer.error("is of a kind that ganfx does not write as ONNX")
        writer.keep(layer, made)
    if weights.left:
        raise ContractError("has more weights than layers", hint="take the .bin that belongs to the .param")
    ends = writer.unused()
    if len(ends) != 1:
        raise ContractError(f"gives {len(ends)} outputs, a picture filter one")
    try:
        return writer.graph.model(ends[0].name, channels, ends[0].channels)
    except Exception as error:  # onnx's classes share no public base
        raise ContractError("its layers fit no graph") from error
