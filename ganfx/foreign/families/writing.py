"""The graph of a state dict, by the first family that it fits."""

from __future__ import annotations

from typing import NamedTuple

from onnx import ModelProto

from ganfx.errors import ContractError
from ganfx.foreign.checkpoints import State
from ganfx.foreign.families import compact, esrgan, plksr, span, srgan, swift_srgan
from ganfx.foreign.families.layers import Layers

_FAMILIES = (esrgan, compact, span, plksr, swift_srgan, srgan)


class Written(NamedTuple):
    """A graph that takes and gives pictures in [0, 1]."""

    model: ModelProto
    label: str
    """What network it is, for people."""


def write_graph(state: State) -> Written | None:
    """The network of `state` as ONNX; None where it is of no family that is written here.

    Raises ContractError where the weights do not fit the family that they are named after.
    """
    family = next((family for family in _FAMILIES if family.recognizes(state)), None)
    if family is None:
        return None
    layers = Layers(state)
    try:
        drawn = family.write(layers)
        if layers.left:
            return None  # a variant that has more than is known here
        return Written(layers.graph.model(drawn.result, drawn.channels, drawn.out_channels), drawn.label)
    except ContractError:
        raise
    except Exception as error:  # numpy's and onnx's classes share no public base
        raise ContractError("the weights do not fit the network they are named after") from error
