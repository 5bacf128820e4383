"""Which providers really work here, found by running a tiny network on each."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from ganfx.engine.ort_errors import running
from ganfx.engine.providers import PROVIDERS, Provider, start_session
from ganfx.errors import GanfxError


@dataclass(frozen=True)
class ProviderStatus:
    """What `probe_providers` found of one provider."""

    name: str
    """Its name in `PROVIDERS`."""
    usable: bool
    """Whether the probe network ran on it."""
    detail: str
    """The device where it is usable, else the reason why it is not."""
    hint: str
    """What to do where it is not usable; else empty."""


def probe_providers(device_id: int = 0) -> list[ProviderStatus]:
    """The status of every provider, each tried with a tiny network."""
    return [_probe(row, device_id) for row in PROVIDERS]


def _probe(row: Provider, device_id: int) -> ProviderStatus:
    import numpy as np

    try:
        session = start_session(_tiny_network(), row, "fp32", device_id)
        with running(row.name):
            session.run(None, {"x": np.zeros((1, 1, 8, 8), np.float32)})
    except GanfxError as error:
        return ProviderStatus(row.name, False, error.message.removeprefix(f"{row.name}: "), error.hint or row.hint)
    return ProviderStatus(row.name, True, row.describe(device_id), "")


@functools.cache
def _tiny_network() -> bytes:
    """One 3x3 convolution, opset 17."""
    from onnx import TensorProto, helper

    shape = [1, 1, 8, 8]
    kernel = helper.make_tensor("w", TensorProto.FLOAT, [1, 1, 3, 3], [1 / 9] * 9)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [kernel],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
