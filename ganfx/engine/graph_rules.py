"""What the graph of a model may hold: everything in the file itself, and operators that only compute, and end.

Read from the graph alone, before any runtime sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ganfx.errors import ContractError

# How often these repeat their body is a number inside the graph, or made of the picture.
_ENDLESS = frozenset({"Loop", "Scan", "SequenceMap"})
_STANDARD = frozenset({"", "ai.onnx"})
_MICROSOFT = "com.microsoft"
# What optimizers and quantizers make of standard operators. Others of that domain open files (EPContext), sample text,
# or have nothing to do with pictures.
_MICROSOFT_OPERATORS = frozenset(
    """
    Attention BiasAdd BiasGelu BiasSplitGelu ConvTransposeWithDynamicPads DequantizeLinear
    DynamicQuantizeMatMul FastGelu FusedConv FusedGemm FusedMatMul FusedMatMulActivation Gelu GridSample
    GroupNorm Inverse LayerNormalization MatMulInteger16 MatMulIntegerToFloat MatMulNBits MultiHeadAttention
    NhwcConv NhwcFusedConv NhwcMaxPool Pad QAttention QGemm QLinearAdd QLinearAveragePool QLinearConcat
    QLinearConv QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearReduceMean QLinearSigmoid
    QLinearSoftmax QLinearWhere QuantizeLinear QuickGelu SimplifiedLayerNormalization SkipGroupNorm
    SkipLayerNormalization SkipSimplifiedLayerNormalization Trilu Unique
    """.split()  # noqa: SIM905 - a list of words reads better
)
_MAX_MESSAGES = 2_000_000


def check_graph(model: Any) -> None:
    """Raises ContractError where the ModelProto `model` keeps data in other files, uses an operator that may never end
    or is not known here, or has too many parts; functions and inner graphs included."""
    own = {(function.domain, function.name) for function in model.functions}
    for message in _messages(model):
        kind = message.DESCRIPTOR.name
        if kind == "TensorProto":
            _check_tensor(message)
        elif kind == "NodeProto":
            _check_operator(message, own)


def _messages(root: Any) -> Iterator[Any]:
    """`root` and every message in it, at any depth."""
    waiting, seen = [root], 0
    while waiting:
        message = waiting.pop()
        seen += 1
        if seen > _MAX_MESSAGES:
            raise ContractError("has more parts than any model needs")
        yield message
        for field, value in message.ListFields():
            if field.message_type is None:
                continue
            waiting.extend([value] if hasattr(value, "ListFields") else value)


def _check_tensor(tensor: Any) -> None:
    if tensor.external_data or tensor.data_location == tensor.EXTERNAL:
        raise ContractError(
            "keeps its weights in a second file, which ganfx does not open",
            hint="save it as one file, in Python: onnx.save(onnx.load(FILE), FILE)",
        )


def _check_operator(node: Any, own: set[tuple[str, str]]) -> None:
    name = node.op_type if node.domain in _STANDARD else f"{node.domain}:{node.op_type}"
    if node.domain in _STANDARD and node.op_type in _ENDLESS:
        raise ContractError(f"uses the operator {name}, which may repeat for ever", hint="export it without loops")
    known = node.domain in _STANDARD or (node.domain, node.op_type) in own
    if not known and not (node.domain == _MICROSOFT and node.op_type in _MICROSOFT_OPERATORS):
        raise ContractError(
            f"needs the operator {name}, which ganfx does not run", hint="export it with operators of ONNX alone"
        )
