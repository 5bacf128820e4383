"""Layers of ncnn without weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ganfx.foreign.graph import Graph
from ganfx.foreign.ncnn.param import NOT_GIVEN, Layer
from ganfx.foreign.ncnn.tensors import Tensor, Writer, hard_swish, mish, pads, pair, same_channels

Made = list[Tensor]
_Write = Callable[[Writer, Layer, Sequence[Tensor]], Made]

# By ncnn's number of the operation; R: with the operands in the other order.
_BINARY = ("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "RSub", "RDiv", "RPow")
_UNARY = ("Abs", "Neg", "Floor", "Ceil", "", "Sqrt", "", "Exp", "Log", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan")
_SQUARE, _INVERSE_ROOT, _RECIPROCAL, _TANH = 4, 6, 15, 16
_RESIZE = {1: "nearest", 2: "linear", 3: "cubic"}
_PADDING = {0: "constant", 1: "edge", 2: "reflect"}
_ELTWISE = ("Mul", "Add", "Max")
_MOST_FACTOR = 64


def _plain(write: Callable[[Graph, str, Layer], str]) -> _Write:
    """What works on one tensor and keeps its channels."""

    def written(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> Made:
        return [Tensor(write(writer.graph, given[0].name, layer), given[0].channels)]

    return written


def _split(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> Made:
    return [given[0]] * len(layer.outputs)


def _binary(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> Made:
    graph, kind = writer.graph, layer.whole(0)
    if not 0 <= kind < len(_BINARY) or len(given) != (1 if layer.whole(1) else 2):
        raise layer.error("is an operation that ganfx does not know")
    other = graph.scalar(layer.number(2)) if layer.whole(1) else given[1].name
    operands = (given[0].name, other)
    name = _BINARY[kind]
    if name.startswith("R"):
        name, operands = name[1:], operands[::-1]
    return [Tensor(graph.add(name, *operands), same_channels(given, layer))]


def _eltwise(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> Made:
    graph, kind, factors = writer.graph, layer.whole(0), layer.list(1)
    if not 0 <= kind < len(_ELTWISE) or (factors and len(factors) != len(given)):
        raise layer.error("is an operation that ganfx does not know")
    parts = [tensor.name for tensor in given]
    if factors and kind == 1:
        parts = [graph.add("Mul", part, graph.scalar(factor)) for part, factor in zip(parts, factors, strict=True)]
    x = parts[0]
    for part in parts[1:]:
        x = graph.add(_ELTWISE[kind], x, part)
    return [Tensor(x, same_channels(given, layer))]


def _unary(graph: Graph, x: str, layer: Layer) -> str:
    kind = layer.whole(0)
    if kind == _SQUARE:
        return graph.add("Mul", x, x)
    if kind == _INVERSE_ROOT:
        return graph.add("Reciprocal", graph.add("Sqrt", x))
    if kind in (_RECIPROCAL, _TANH):
        return graph.add("Reciprocal" if kind == _RECIPROCAL else "Tanh", x)
    if not 0 <= kind < len(_UNARY):
        raise layer.error("is an operation that ganfx does not know")
    return graph.add(_UNARY[kind], x)


def _gelu(graph: Graph, x: str, layer: Layer) -> str:
    """x / 2 * (1 + erf(x / sqrt(2)))"""
    error = graph.add("Erf", graph.add("Mul", x, graph.scalar(1 / math.sqrt(2))))
    return graph.add("Mul", graph.add("Mul", x, graph.scalar(0.5)), graph.add("Add", error, graph.scalar(1)))


def _relu(graph: Graph, x: str, layer: Layer) -> str:
    slope = layer.number(0)
    return graph.add("LeakyRelu", x, alpha=slope) if slope else graph.add("Relu", x)


def _clip(graph: Graph, x: str, layer: Layer) -> str:
    return graph.add("Clip", x, graph.scalar(layer.number(0, -3e38)), graph.scalar(layer.number(1, 3e38)))


def _concat(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> Made:
    axis = layer.whole(0)
    if axis not in (0, -3):
        raise layer.error("joins along another axis than the channels")
    x = writer.graph.add("Concat", *(tensor.name for tensor in given), axis=1)
    return [Tensor(x, sum(tensor.channels for tensor in given))]


def _slice(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> Made:
    if layer.whole(1) not in (0, -3):
        raise layer.error("cuts along another axis than the channels")
    sizes, left, counts = layer.list(0), given[0].channels, list[int]()
    for at, size in enumerate(sizes):
        count = left // (len(sizes) - at) if size == NOT_GIVEN else int(size)
        counts.append(count)
        left -= count
    if not counts or min(counts) < 1 or left:
        raise layer.error(f"cuts {given[0].channels} channels into {len(counts)} parts that do not fit")
    graph = writer.graph
    names = graph.add_all("Split", given[0].name, graph.constant(counts), outputs=len(counts), axis=1)
    return [Tensor(name, count) for name, count in zip(names, counts, strict=True)]


def _crop(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> Made:
    """Rows and columns cut away: so many at each side, or down to the size of a second tensor."""
    graph, offsets = writer.graph, [layer.whole(1), layer.whole(0)]
    ends = [layer.whole(7), layer.whole(6)]
    sized = len(given) == 1 and any(layer.whole(key) != NOT_GIVEN for key in (3, 4, 5))
    if sized or layer.list(9) or layer.whole(2) or layer.whole(8) or min(*offsets, *ends) < 0:
        raise layer.error("cuts in a way that ganfx does not know")
    start = graph.constant(offsets)
    if len(given) == 2:
        size = graph.add("Shape", given[1].name, start=2, end=4)
        end = graph.add("Add", size, start)
    else:
        size = graph.add("Shape", given[0].name, start=2, end=4)
        end = graph.add("Sub", size, graph.constant(ends))
    return [Tensor(graph.add("Slice", given[0].name, start, end, graph.constant([2, 3])), given[0].channels)]


def _pixel_shuffle(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> Made:
    factor = layer.whole(0, 1)
    if not 1 <= factor <= _MOST_FACTOR or given[0].channels % factor**2:
        raise layer.error(f"cannot make {given[0].channels} channels {factor} times larger")
    mode = "DCR" if layer.whole(1) else "CRD"
    x = writer.graph.add("DepthToSpace", given[0].name, blocksize=factor, mode=mode)
    return [Tensor(x, given[0].channels // factor**2)]


def _reorg(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> Made:
    """Blocks of pixels become channels; ncnn's usual order has those of one channel beside one another."""
    factor, channels = layer.whole(0, 1), given[0].channels
    if not 1 <= factor <= _MOST_FACTOR:
        raise layer.error(f"cannot make a picture {factor} times smaller")
    x = writer.graph.add("SpaceToDepth", given[0].name, blocksize=factor)
    if not layer.whole(1):
        order = np.arange(channels * factor**2).reshape(factor**2, channels).T.reshape(-1)
        x = writer.graph.add("Gather", x, writer.graph.constant(order), axis=1)
    return [Tensor(x, channels * factor**2)]


def _interp(writer: Writer, layer: Layer, given: Sequence[Tensor]) -> Made:
    mode, corners = _RESIZE.get(layer.whole(0)), bool(layer.whole(6))
    factors = (layer.number(1, 1.0), layer.number(2, 1.0))
    if mode is None or layer.whole(3) or layer.whole(4) or not all(0 < factor <= _MOST_FACTOR for factor in factors):
        raise layer.error("resizes in a way that ganfx does not know")
    if len(given) == 2:
        x = writer.graph.resized_like(given[0].name, given[1].name, mode, align_corners=corners)
    else:
        x = writer.graph.resized(given[0].name, factors, mode, align_corners=corners)
    return [Tensor(x, given[0].channels)]


def _padding(graph: Graph, x: str, layer: Layer) -> str:
    top, bottom, left, right = (layer.whole(key) for key in range(4))
    mode = _PADDING.get(layer.whole(4))
    if mode is None or min(top, bottom, left, right) < 0 or any(layer.whole(key) for key in (6, 7, 8)):
        raise layer.error("makes margins in a way that ganfx does not know")
    sizes = graph.constant([0, 0, top, left, 0, 0, bottom, right])
    return graph.add("Pad", x, sizes, graph.scalar(layer.number(5)), mode=mode)


def _pooling(graph: Graph, x: str, layer: Layer) -> str:
    average = layer.whole(0) == 1
    if layer.whole(4):
        return graph.add("GlobalAveragePool" if average else "GlobalMaxPool", x)
    if layer.whole(7) or layer.whole(5) > 1 or layer.whole(0) not in (0, 1):
        raise layer.error("pools in a way that ganfx does not know")
    ways: dict[str, Any] = {
        "kernel_shape": pair(layer, 1, 11, 1),
        "strides": pair(layer, 2, 12, 1),
        "pads": pads(layer, 3, 14, 13, 15),
    }
    rounded = int(layer.whole(5) == 0)
    if average:
        return graph.add("AveragePool", x, ceil_mode=rounded, count_include_pad=layer.whole(6), **ways)
    return graph.add("MaxPool", x, ceil_mode=rounded, **ways)


LAYERS: dict[str, _Write] = {
    "BinaryOp": _binary,
    "Clip": _plain(_clip),
    "Concat": _concat,
    "Crop": _crop,
    "Dropout": _split,
    "ELU": _plain(lambda graph, x, layer: graph.add("Elu", x, alpha=layer.number(0, 0.1))),
    "Eltwise": _eltwise,
    "GELU": _plain(_gelu),
    "HardSigmoid": _plain(
        lambda graph, x, layer: graph.add("HardSigmoid", x, alpha=layer.number(0, 0.2), beta=layer.number(1, 0.5))
    ),
    "HardSwish": _plain(lambda graph, x, layer: hard_swish(graph, x, layer.number(0, 0.2), layer.number(1, 0.5))),
    "Interp": _interp,
    "Mish": _plain(lambda graph, x, layer: mish(graph, x)),
    "Noop": _split,
    "Padding": _plain(_padding),
    "PixelShuffle": _pixel_shuffle,
    "Pooling": _plain(_pooling),
    "ReLU": _plain(_relu),
    "Reorg": _reorg,
    "Sigmoid": _plain(lambda graph, x, layer: graph.add("Sigmoid", x)),
    "Slice": _slice,
    "Softplus": _plain(lambda graph, x, layer: graph.add("Softplus", x)),
    "Split": _split,
    "Swish": _plain(lambda graph, x, layer: graph.add("Mul", x, graph.add("Sigmoid", x))),
    "TanH": _plain(lambda graph, x, layer: graph.add("Tanh", x)),
    "UnaryOp": _plain(_unary),
}
