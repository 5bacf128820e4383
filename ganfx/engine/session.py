"""One onnxruntime session as a function from batch to batch, with its buffers on the device."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganfx.engine.cancel import run_options
from ganfx.engine.graph_tensors import FLOATS, GraphTensors
from ganfx.engine.tiles import Floats
from ganfx.errors import ContractError
from ganfx.spec import ModelSpec

# Of buffers on the device: while a result is fetched from the one, the next is computed in the other.
_SETS = 2


class _Buffers(NamedTuple):
    """Memory on the device for an input and an output of these `shapes`."""

    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    binding: Any
    given: Any
    taken: Any


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
        self._sets = threading.BoundedSemaphore(_SETS)
        tensors = GraphTensors.of(handle, spec)
        self._input, self._output, self._controls = tensors.picture, tensors.result, tensors.controls

    @property
    def single(self) -> bool:
        """Whether the graph takes only one tile at a time."""
        return isinstance(self._input.shape[0], int)

    def run(
        self,
        batch: Floats,
        controls: Mapping[str, float],
        output_shape: Sequence[int],
        turn: AbstractContextManager[None],
    ) -> Floats:
        """The network's output for `batch`, which must come in `output_shape`; the device is used within `turn`.

        controls holds a value for each control of the spec. Raises ContractError where the shape is another;
        onnxruntime's own errors pass through.
        """
        with np.errstate(over="ignore"):  # an infinity is found in the output
            feed = batch.astype(FLOATS[self._input.type], copy=False)
        scalars = {tensor.name: _scalar(tensor, controls[tensor.name]) for tensor in self._controls}
        if self._memory is None:
            with turn:
                (output,) = self.handle.run([self._output.name], {self._input.name: feed} | scalars, run_options())
        else:
            with self._sets:
                output = self._run_bound(self._memory, feed, scalars, tuple(output_shape), turn)
        if output.shape != tuple(output_shape):
            raise ContractError(
                f"the network gave {tuple(output.shape)} for {batch.shape}; its contract says {tuple(output_shape)}"
            )
        return np.asarray(output, dtype=np.float32)

    def release(self) -> None:
        """Gives the device buffers back, as after an out-of-memory."""
        self._free.clear()

    def _run_bound(
        self,
        memory: str,
        feed: NDArray[Any],
        scalars: Mapping[str, NDArray[Any]],
        output_shape: tuple[int, ...],
        turn: AbstractContextManager[None],
    ) -> NDArray[Any]:
        buffers = self._filled(memory, feed, output_shape)
        for name, value in scalars.items():
            buffers.binding.bind_cpu_input(name, value)
        with turn:
            self.handle.run_with_iobinding(buffers.binding, run_options())
        result: NDArray[Any] = buffers.taken.numpy()
        # In the processor's own memory that is the buffer itself, which the next run writes to.
        result = result.copy() if buffers.taken.device_name() == "cpu" else result
        self._free.append(buffers)
        return result

    def _filled(self, memory: str, feed: NDArray[Any], output_shape: tuple[int, ...]) -> _Buffers:
        """Buffers that nobody uses, with `feed` in them."""
        buffers = self._unused()
        if buffers is not None and buffers.shapes == (feed.shape, output_shape):
            buffers.given.update_inplace(feed)
            return buffers
        del buffers  # the old ones go before the new ones come
        return self._bind(memory, feed, output_shape)

    def _unused(self) -> _Buffers | None:
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _bind(self, memory: str, feed: NDArray[Any], output_shape: tuple[int, ...]) -> _Buffers:
        import onnxruntime as ort

        binding = self.handle.io_binding()
        given = ort.OrtValue.ortvalue_from_numpy(feed.copy(), memory, self._device_id)
        kind = FLOATS[self._output.type]
        taken = ort.OrtValue.ortvalue_from_shape_and_type(list(output_shape), kind, memory, self._device_id)
        binding.bind_ortvalue_input(self._input.name, given)
        binding.bind_ortvalue_output(self._output.name, taken)
        return _Buffers((feed.shape, output_shape), binding, given, taken)


def _scalar(tensor: Any, value: float) -> NDArray[Any]:
    """`value` in the type and rank of the graph's input `tensor`: shape () or (1,)."""
    return np.full((1,) * len(tensor.shape), value, FLOATS[tensor.type])
