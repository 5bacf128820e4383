"""A model on a device: chooses provider and precision, and falls back to fp32 where a precision is inaccurate."""

from __future__ import annotations

import contextlib
import functools
import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from ganfx.engine.acceptance import AcceptedModel
from ganfx.engine.buffer_pool import BufferPool
from ganfx.engine.fixed_shapes import SessionPerShape
from ganfx.engine.ort_errors import loading, running
from ganfx.engine.precision import half_graph, is_close
from ganfx.engine.providers import Provider, start_session
from ganfx.engine.runtime import wanted_threads
from ganfx.engine.session import Session
from ganfx.engine.tiles import Floats
from ganfx.engine.tuning_cache import PRECISIONS, SETTINGS_FOUND, Tuned
from ganfx.engine.values import value_span
from ganfx.errors import GanfxError

# Share of the value range; what a flatter tile says about a precision is not stored for later processes.
_MIN_CONTRAST = 0.1


class Network:
    """One model on one provider; `run` may be called from several threads, which take turns on the device.

    precision is what it computes in now. fp16 and bf16 are compared with fp32 on the first tile and checked for NaN
    and infinity on every tile; where they fail, the network falls back to fp32, which `tuning_cache` remembers.
    layout is one of the provider's; threads, on the processor, are what tuning found where they are 0. decibels is how
    well it agreed with the processor on small pictures, infinity where it was not compared. remarks are what was found
    to be wrong before this network was opened, for people. digest is the SHA-256 of the file in hex, busy_s the time in
    seconds that the device was used so far, and batch_counts the number of batches of each shape so far.
    """

    def __init__(
        self,
        model: AcceptedModel,
        provider: Provider,
        precision: str,
        device_id: int,
        layout: str = "",
        *,
        threads: int = 0,
    ) -> None:
        self.path, self.spec, self.digest, self.provider = model.path, model.spec, model.digest, provider
        self._model = model
        self.device = provider.describe(device_id)
        self._device_id, self.layout, self._threads = device_id, layout or provider.layouts[0], threads
        self.remarks: tuple[str, ...] = ()
        self.decibels = math.inf
        self._lock, self._device_lock = threading.Lock(), threading.Lock()
        self.buffers = BufferPool()
        self.busy_s = 0.0
        self.batch_counts: Counter[tuple[int, ...]] = Counter()
        self.key = f"{self.digest[:16]} {provider.name} {self.device}"
        known = PRECISIONS.get(self._precision_key(precision))
        self.precision = known or precision
        self._checked = known is not None or precision == "fp32"
        self._session = self._open(self.precision)

    @property
    def way(self) -> str:
        """What its speed depends on, as a key: model, provider, device, precision and layout."""
        return f"{self.key} {self.precision} {self.layout}".strip()

    @functools.cached_property
    def tuned(self) -> Tuned:
        """What tuning found for it; open where it was not tuned."""
        return Tuned.read(SETTINGS_FOUND.get(self.way))

    @property
    def fixed_batch(self) -> bool:
        """Whether the graph takes only one tile at a time."""
        return self._session.fixed_batch

    def run(self, batch: Floats, controls: Mapping[str, float] | None = None) -> Floats:
        """(N, in_channels, h, w) to (N, out_channels, h * scale, w * scale), as the graph takes and gives them.

        controls are the values of all controls, as `ModelSpec.control_values` gives them; None feeds the defaults.
        Raises DeviceMemoryError, after which smaller batches may be tried, InferenceError and ContractError.
        """
        values = self.spec.control_values() if controls is None else controls
        while True:
            with self._lock:
                session, precision = self._session, self.precision
            output = self._run(session, batch, values)
            # Checked while the device computes another thread's batch.
            if precision == "fp32" or self._is_accurate(batch, output, values):
                return output
            self._fall_back(precision)

    def compute(self, batch: Floats, controls: Mapping[str, float]) -> Floats:
        """`run` without its checks of the precision: what the device makes of the batch, right or wrong."""
        return self._run(self._session, batch, controls)

    def _run(self, session: Session | SessionPerShape, batch: Floats, controls: Mapping[str, float]) -> Floats:
        spec = self.spec
        shape = (len(batch), spec.out_channels, batch.shape[2] * spec.scale, batch.shape[3] * spec.scale)
        try:
            with running(self.device):
                return session.run(batch, controls, shape, self._turn(batch.shape))
        except GanfxError:
            session.release()
            raise

    @contextlib.contextmanager
    def _turn(self, shape: tuple[int, ...]) -> Iterator[None]:
        """Exclusive use of the device, for a batch of `shape`."""
        with self._device_lock:
            self.batch_counts[shape] += 1
            started = time.perf_counter()
            try:
                yield
            finally:
                self.busy_s += time.perf_counter() - started

    def _open(self, precision: str) -> Session | SessionPerShape:
        content = self._model.content()
        graph = half_graph(content) if precision == "fp16" else content
        threads = self._threads or wanted_threads() or self.tuned.threads

        def start(graph: bytes) -> Session:
            handle = start_session(graph, self.provider, precision, self._device_id, self.layout, threads=threads)
            with loading(self.path):
                return Session(handle, self.spec, self.provider.memory, self._device_id)

        return SessionPerShape(graph, start) if self.provider.fixed_shapes else start(graph)

    def _is_accurate(self, batch: Floats, output: Floats, controls: Mapping[str, float]) -> bool:
        with np.errstate(all="ignore"):
            # A sum of squares is finite where all are, and takes a third of the time of a sum.
            if not np.isfinite(np.vdot(output, output)):
                return False
        if self._checked:
            return True
        with self._lock:
            return self.precision != "fp32" and (self._checked or self._agrees_with_fp32(batch, output, controls))

    def _agrees_with_fp32(self, batch: Floats, output: Floats, controls: Mapping[str, float]) -> bool:
        """Whether fp32 gives about the same for the first tile of `batch`; remembered where it does."""
        reference = self._run(self._open("fp32"), batch[:1], controls)
        if not is_close(output[:1], reference, value_span(self.spec.outputs[0])):
            return False
        self._checked = True
        if np.ptp(batch[0]) > _MIN_CONTRAST * value_span(self.spec.inputs[0]):
            PRECISIONS.remember(self._precision_key(self.precision), self.precision)
        return True

    def _fall_back(self, precision: str) -> None:
        with self._lock:
            # Another thread may have done so already.
            if self.precision == precision:
                PRECISIONS.remember(self._precision_key(precision), "fp32")
                self.precision = "fp32"
                self._session = self._open("fp32")

    def _precision_key(self, precision: str) -> str:
        return f"{self.key} {precision}"
