"""Executes jobs: one thread runs the networks, a second one encodes their results for the response."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import psutil

from ganfx import pipeline
from ganfx.engine import NETWORKS
from ganfx.errors import GanfxError, ServerError
from ganfx.imaging.picture import Picture
from ganfx.server.file_jobs import FileJob
from ganfx.server.jobs import Job, JobQueue, Work
from ganfx.server.layers import as_layer
from ganfx.server.state_dir import LOG
from ganfx.server.wire import encode_message, encode_rows, output_channels, read_mask, read_picture

# Max open networks; in practice the memory limit is reached first.
_MAX_NETWORKS = 64
# Max result pieces that wait to be encoded.
_MAX_PENDING_PIECES = 12
_log = logging.getLogger(__name__)


class Worker:
    """Runs the jobs of a queue one after the other until the queue is shut down.

    After each job, networks are closed, least recently used first, until the process is within `memory_bytes`.
    """

    def __init__(self, jobs: JobQueue, engine: pipeline.EngineOptions, memory_bytes: int) -> None:
        self._jobs, self._engine, self._memory_bytes = jobs, engine, memory_bytes
        self._encoder = ThreadPoolExecutor(1, "ganfx-encoder")
        self._thread = threading.Thread(target=self._loop, name="ganfx-worker", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        NETWORKS.capacity = _MAX_NETWORKS
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the running job to end."""
        self._thread.join(timeout_s)

    def _loop(self) -> None:
        while job := self._jobs.take():
            started = time.monotonic()
            outcome = self._process(job)
            _log.info("%s: %s, %.2f s", job, outcome, time.monotonic() - started)
            del job
            self._enforce_memory_limit()

    def _process(self, job: Work) -> str:
        """Run `job` and report its end; never raises. Returns the outcome for the log."""
        try:
            with job.cancel_token.scope():
                job.cancel_token.check()
                if isinstance(job, FileJob):
                    job.make(self._engine)
                elif isinstance(job, Job):
                    self._apply(job)
        except Exception as error:
            failure = _as_ganfx_error(error, job)
            job.finish(failure)
            return f"error: {failure}"
        job.finish(None)
        return "done"

    def _apply(self, job: Job) -> None:
        header = job.header
        bound_filter = pipeline.load_filter(header.filter, job.options, model=header.model, engine=self._engine)
        whole = {}
        if header.canvas:
            whole, bound_filter = (
                {"canvas": bound_filter.output_size(header.canvas)},
                bound_filter.on_canvas(header.canvas),
            )
        source, mask = read_picture(header, job.body), read_mask(header, job.body)
        job.body = bytearray()  # free the memory
        chain = pipeline.Chain((bound_filter,))
        grey = chain.output_info(source).grey
        width, height = chain.output_size(source)
        channels = output_channels(header, grey=grey, alpha=chain.output_alpha(source))
        shape = {"width": width, "height": height, "channels": channels, "depth": header.depth}
        job.responses.put(encode_message("started", **shape, **whole))

        def report(pixels: int) -> None:
            job.cancel_token.check()
            job.share = pixels / (source.width * source.height)

        # As a layer, the selection becomes its alpha, unless the filter needs it.
        limited = bound_filter.filter.needs_mask if header.layer else bound_filter.filter.takes_mask
        pieces = chain.stream(source, report, mask=mask if limited else None)
        self._send(job, as_layer(pieces, source, bound_filter, mask) if header.layer else pieces, channels)

    def _send(self, job: Job, pieces: Iterable[Picture], channels: int) -> None:
        """Encode and queue each piece while the next ones are computed."""
        pending = deque[Future[None]]()
        try:
            for piece in pieces:
                if len(pending) == _MAX_PENDING_PIECES:
                    pending.popleft().result()
                pending.append(self._encoder.submit(_send_rows, job, piece, channels))
                del piece
            while pending:
                pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()

    def _enforce_memory_limit(self) -> None:
        while len(NETWORKS) > 1 and psutil.Process().memory_info().rss > self._memory_bytes:
            NETWORKS.drop_oldest()


def _send_rows(job: Job, piece: Picture, channels: int) -> None:
    for rows in encode_rows(piece, job.header, channels):
        job.cancel_token.check()
        job.responses.put(encode_message("rows", bytes=len(rows), share=round(job.share, 4)), rows)


def _as_ganfx_error(error: Exception, job: Work) -> GanfxError:
    """The error to report to the client."""
    if job.cancel_token.cancelled:
        return ServerError("the work was stopped", hint="start it again")
    if isinstance(error, GanfxError):
        return error
    _log.error("%s", job, exc_info=error)
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return ServerError(f"the filter broke: {line[:200]}", hint=f"more stands in {LOG}")
