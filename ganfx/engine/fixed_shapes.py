"""Sessions for providers that are right only where every size stands in the graph: one for each shape of a batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import onnx

from ganfx.engine.session import Session
from ganfx.engine.tiles import Floats

# Sessions that are kept, by the shape used last: tiles of a picture have one or two, those of another maybe others.
MOST_SESSIONS = 4


class SessionPerShape:
    """Runs batches like a `Session`, each through `start(graph)` of a graph that takes its shape alone. For threads.

    graph is the serialised model; start raises whatever starting a session raises.
    """

    fixed_batch = True
    """Only one tile at a time: a further number of tiles would be a further graph."""

    def __init__(self, graph: bytes, start: Callable[[bytes], Session]) -> None:
        self._graph, self._start = graph, start
        self._lock = threading.Lock()
        self._sessions: dict[tuple[int, ...], Session] = {}

    def run(
        self,
        batch: Floats,
        controls: Mapping[str, float],
        output_shape: Sequence[int],
        turn: AbstractContextManager[None],
    ) -> Floats:
        """`Session.run`, in the session for the shape of `batch`."""
        return self._session_for(batch.shape).run(batch, controls, output_shape, turn)

    def release(self) -> None:
        """Close all sessions, as after running out of memory."""
        with self._lock:
            self._sessions.clear()

    def _session_for(self, shape: tuple[int, ...]) -> Session:
        with self._lock:
            session = self._sessions.pop(shape, None) or self._start(of_shape(self._graph, shape))
            self._sessions[shape] = session
            if len(self._sessions) > MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            return session


def of_shape(graph: bytes, shape: Sequence[int]) -> bytes:
    """The serialised model `graph` with `shape` (N, C, H, W) written to its picture, the one input of four axes."""
    model = onnx.load_from_string(graph)
    stored = {tensor.name for tensor in model.graph.initializer}
    for value in model.graph.input:
        axes = value.type.tensor_type.shape.dim
        if len(axes) == len(shape) and value.name not in stored:
            for axis, size in zip(axes, shape, strict=True):
                axis.dim_value = size
    return bytes(model.SerializeToString())
