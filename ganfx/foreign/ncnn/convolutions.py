"""Layers of ncnn that have weights of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ganfx.foreign.graph import Array
from ganfx.foreign.ncnn.param import NOT_GIVEN, Layer
from ganfx.foreign.ncnn.tensors import Tensor, Writer, pads, pair, same_channels

_MOST_CHANNELS = 1 << 16


def _shape(layer: Layer, given: Tensor, groups: int) -> tuple[int, int, int, int]:
    """(out, in / group, h, w) of a convolution's weights, checked against what goes in."""
    height, width = pair(layer, 1, 11, 1)
    made = layer.whole(0)
    if not (1 <= made <= _MOST_CHANNELS and groups >= 1) or made % groups or given.channels % groups:
        raise layer.error(f"turns {given.channels} channels into {made} in {groups} groups")
    shape = (made, given.channels // groups, height, width)
    if layer.whole(6) != shape[0] * shape[1] * height * width:
        raise layer.error(f"has {layer.whole(6)} weights, which do not fit {given.channels} channels")
    if layer.whole(8):
        raise layer.error("stores its weights in 8 bits")
    return shape


def _bias(writer: Writer, layer: Layer) -> Array | None:
    return writer.weights.plain(layer.whole(0)) if layer.whole(5) else None


def _convolution(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> list[Tensor]:
    groups = layer.whole(7, 1) if layer.kind == "ConvolutionDepthWise" else 1
    shape = _shape(layer, given[0], groups)
    weight = writer.weights.stored(int(np.prod(shape))).reshape(shape)
    margins = pads(layer, 4, 15, 14, 16)
    if layer.whole(19) or (layer.number(18) and any(margins)):
        raise layer.error("takes its weights from another layer, or fills its margins with something else than zeros")
    ways: dict[str, Any] = {"pads": margins}
    if margins[0] in (NOT_GIVEN, NOT_GIVEN - 1):
        ways = {"auto_pad": "SAME_UPPER" if margins[0] == NOT_GIVEN else "SAME_LOWER", "pads": None}
    strides, dilations = pair(layer, 3, 13, 1), pair(layer, 2, 12, 1)
    x = writer.graph.convolution(
        given[0].name, weight, _bias(writer, layer), group=groups, strides=strides, dilations=dilations, **ways
    )
    return [Tensor(writer.activated(x, layer), shape[0])]


def _deconvolution(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> list[Tensor]:
    groups = layer.whole(7, 1) if layer.kind == "DeconvolutionDepthWise" else 1
    made, taken, height, width = _shape(layer, given[0], groups)
    if layer.whole(20) or layer.whole(21):
        raise layer.error("has an output of a fixed size")
    stored = writer.weights.stored(made * taken * height * width)
    # ncnn has (group, out, in, h, w), ONNX (group, in, out, h, w).
    weight = stored.reshape(groups, made // groups, taken, height, width).swapaxes(1, 2)
    weight = weight.reshape(groups * taken, made // groups, height, width)
    graph, bias = writer.graph, _bias(writer, layer)
    x = graph.add(
        "ConvTranspose",
        given[0].name,
        graph.weight(weight),
        *([] if bias is None else [graph.weight(bias)]),
        group=groups,
        kernel_shape=[height, width],
        strides=pair(layer, 3, 13, 1),
        dilations=pair(layer, 2, 12, 1),
        pads=pads(layer, 4, 15, 14, 16),
        output_padding=[layer.whole(19, layer.whole(18)), layer.whole(18)],
    )
    return [Tensor(writer.activated(x, layer), made)]


def _inner_product(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> list[Tensor]:
    """A matrix times a vector; ganfx writes it for vectors alone, where it is a convolution of one pixel."""
    made, count = layer.whole(0), layer.whole(2)
    if not 1 <= made <= _MOST_CHANNELS or count != made * given[0].channels:
        raise layer.error(f"has {count} weights, which do not fit {given[0].channels} channels")
    if layer.whole(8):
        raise layer.error("stores its weights in 8 bits")
    weight = writer.weights.stored(count).reshape(made, given[0].channels, 1, 1)
    bias = writer.weights.plain(made) if layer.whole(1) else None
    x = writer.graph.convolution(given[0].name, weight, bias)
    return [Tensor(writer.activated(x, layer), made)]


def _prelu(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> list[Tensor]:
    count = layer.whole(0)
    if count not in (1, given[0].channels):
        raise layer.error(f"has {count} slopes for {given[0].channels} channels")
    slopes = writer.per_channel(writer.weights.plain(count))
    return [Tensor(writer.graph.add("PRelu", given[0].name, slopes), given[0].channels)]


def _batch_norm(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> list[Tensor]:
    """slope * (x - mean) / sqrt(variance + eps) + bias, as one product and one sum"""
    count, epsilon = layer.whole(0), layer.number(1)
    if count != given[0].channels:
        raise layer.error(f"is for {count} channels, not for {given[0].channels}")
    slope, mean, variance, bias = (writer.weights.plain(count) for _ in range(4))
    with np.errstate(all="ignore"):
        gain = slope / np.sqrt(variance + epsilon)
        shift = bias - mean * gain
    if not np.isfinite(gain.sum() + shift.sum()):
        raise layer.error("has a variance that is none")
    x = writer.graph.add("Mul", given[0].name, writer.per_channel(gain))
    return [Tensor(writer.graph.add("Add", x, writer.per_channel(shift)), count)]


def _instance_norm(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> list[Tensor]:
    count = given[0].channels
    gain, shift = np.ones(count, np.float32), np.zeros(count, np.float32)
    if layer.whole(2, 1):
        if layer.whole(0) != count:
            raise layer.error(f"is for {layer.whole(0)} channels, not for {count}")
        gain, shift = writer.weights.plain(count), writer.weights.plain(count)
    graph = writer.graph
    x = graph.add(
        "InstanceNormalization",
        given[0].name,
        graph.weight(gain),
        graph.weight(shift),
        epsilon=layer.number(1, 1e-3),
    )
    return [Tensor(x, count)]


def _scale(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> list[Tensor]:
    """x times one number for each channel: stored ones, or those of a second tensor."""
    count = layer.whole(0)
    if count == NOT_GIVEN and len(given) == 2:
        return [Tensor(writer.graph.add("Mul", given[0].name, given[1].name), same_channels(given, layer))]
    if count not in (1, given[0].channels):
        raise layer.error(f"has {count} numbers for {given[0].channels} channels")
    x = writer.graph.add("Mul", given[0].name, writer.per_channel(writer.weights.plain(count)))
    if layer.whole(1):
        x = writer.graph.add("Add", x, writer.per_channel(writer.weights.plain(count)))
    return [Tensor(x, given[0].channels)]


def _memory_data(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> list[Tensor]:
    """A stored tensor; one along a single axis is one number for each channel."""
    width, height, channels = (max(1, layer.whole(key)) for key in (0, 1, 2))
    if layer.whole(11) or max(width, height, channels) > _MOST_CHANNELS:
        raise layer.error("has a shape that no picture has")
    values = writer.weights.plain(width * height * channels).astype(np.float32)
    if not layer.whole(1) and not layer.whole(2):
        width, channels = 1, width
    return [Tensor(writer.graph.weight(values.reshape(1, channels, height, width)), channels)]


CONVOLUTIONS: dict[str, Callable[[Writer, Layer, Sequence[Tensor]], list[Tensor]]] = {
    "BatchNorm": _batch_norm,
    "Convolution": _convolution,
    "ConvolutionDepthWise": _convolution,
    "Deconvolution": _deconvolution,
    "DeconvolutionDepthWise": _deconvolution,
    "InnerProduct": _inner_product,
    "InstanceNorm": _instance_norm,
    "MemoryData": _memory_data,
    "PReLU": _prelu,
    "Scale": _scale,
}
