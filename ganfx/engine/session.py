"""One onnxruntime session, with its input and output buffers on the device."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganfx.engine.cancel import run_options
from ganfx.engine.graph_tensors import FLOATS, GraphTensors
from ganfx.engine.runtime import runtime
from ganfx.engine.tiles import Floats
from ganfx.errors import ContractError
from ganfx.spec import ModelSpec

# Pairs of device buffers: a result is copied from one while the next is computed in the other.
_MAX_BUFFERS = 2


class _Buffers(NamedTuple):
    """Memory on the device for an input and an output of these `shapes`."""

    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    binding: Any
    input: Any
    output: Any


class Session:
    """Runs (N, C, h, w) float32 batches through `handle`, an onnxruntime InferenceSession, for several threads.

    spec says which of the graph's tensors are the picture, the controls and the result. With `memory` set to a
    device's name as onnxruntime spells it (`cuda`), input and output live in buffers there that are made once per
    shape; None leaves that to onnxruntime, which is faster on the CPU.
    """

    def __init__(self, handle: Any, spec: ModelSpec, memory: str | None = None, device_id: int = 0) -> None:
        self.handle = handle
        self._memory, self._device_id = memory, device_id
        self._free: list[_Buffers] = []
        self._slots = threading.BoundedSemaphore(_MAX_BUFFERS)
        tensors = GraphTensors.of(handle, spec)
        self._input, self._output, self._controls = tensors.picture, tensors.result, tensors.controls

    @property
    def fixed_batch(self) -> bool:
        """Whether the graph takes only one tile at a time."""
        return isinstance(self._input.shape[0], int)

    def run(
        self,
        batch: Floats,
        controls: Mapping[str, float],
        output_shape: Sequence[int],
        turn: AbstractContextManager[None],
    ) -> Floats:
        """The network's output for `batch`, which must have `output_shape`. `turn` is held while the device computes.

        controls holds a value for each control of the spec. Raises ContractError where the shape is another;
        onnxruntime's own errors pass through.
        """
        with np.errstate(over="ignore"):  # overflow to infinity is noticed in the output
            feed = batch.astype(FLOATS[self._input.type], copy=False)
        scalars = {tensor.name: _scalar(tensor, controls[tensor.name]) for tensor in self._controls}
        if self._memory is None:
            with turn:
                (output,) = self.handle.run([self._output.name], {self._input.name: feed} | scalars, run_options())
        else:
            with self._slots:
                output = self._run_bound(self._memory, feed, scalars, tuple(output_shape), turn)
        if output.shape != tuple(output_shape):
            raise ContractError(
                f"the network gave {tuple(output.shape)} for {batch.shape}; its contract says {tuple(output_shape)}"
            )
        return np.asarray(output, dtype=np.float32)

    def release(self) -> None:
        """Free the device buffers, as after running out of memory."""
        self._free.clear()

    def _run_bound(
        self,
        memory: str,
        feed: NDArray[Any],
        scalars: Mapping[str, NDArray[Any]],
        output_shape: tuple[int, ...],
        turn: AbstractContextManager[None],
    ) -> NDArray[Any]:
        buffers = self._buffers_with(memory, feed, output_shape)
        for name, value in scalars.items():
            buffers.binding.bind_cpu_input(name, value)
        with turn:
            self.handle.run_with_iobinding(buffers.binding, run_options())
        result: NDArray[Any] = buffers.output.numpy()
        # On the CPU this is a view of the buffer, which the next run overwrites.
        result = result.copy() if buffers.output.device_name() == "cpu" else result
        self._free.append(buffers)
        return result

    def _buffers_with(self, memory: str, feed: NDArray[Any], output_shape: tuple[int, ...]) -> _Buffers:
        """Unused buffers of the right shapes, with `feed` copied into the input."""
        buffers = self._unused()
        if buffers is not None and buffers.shapes == (feed.shape, output_shape):
            buffers.input.update_inplace(feed)
            return buffers
        del buffers  # freed before others are allocated
        return self._bind(memory, feed, output_shape)

    def _unused(self) -> _Buffers | None:
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _bind(self, memory: str, feed: NDArray[Any], output_shape: tuple[int, ...]) -> _Buffers:
        values = runtime().OrtValue
        binding = self.handle.io_binding()
        bound_input = values.ortvalue_from_numpy(feed.copy(), memory, self._device_id)
        kind = FLOATS[self._output.type]
        bound_output = values.ortvalue_from_shape_and_type(list(output_shape), kind, memory, self._device_id)
        binding.bind_ortvalue_input(self._input.name, bound_input)
        binding.bind_ortvalue_output(self._output.name, bound_output)
        return _Buffers((feed.shape, output_shape), binding, bound_input, bound_output)


def _scalar(tensor: Any, value: float) -> NDArray[Any]:
    """`value` in the type and rank of the graph's input `tensor`: shape () or (1,)."""
    return np.full((1,) * len(tensor.shape), value, FLOATS[tensor.type])
