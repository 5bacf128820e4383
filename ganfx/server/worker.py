"""The one thread that has the networks run, and the one beside it that makes bytes of what they give."""

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
from ganfx.server.jobs import Job, Jobs
from ganfx.server.layers import as_layer
from ganfx.server.state_dir import LOG
from ganfx.server.wire import channels_of, message, read_mask, read_picture, rows_of

# More than the memory limit will ever let stay.
_ROOM = 64
# Pieces that may wait to be sent: the networks need not.
_AHEAD = 12
_log = logging.getLogger(__name__)


class Worker:
    """Does `jobs`, one after the other, until they end; what it held in memory beyond `memory_bytes` is let go of."""

    def __init__(self, jobs: Jobs, engine: pipeline.EngineOptions, memory_bytes: int) -> None:
        self._jobs, self._engine, self._memory_bytes = jobs, engine, memory_bytes
        self._sender = ThreadPoolExecutor(1, "ganfx-sender")
        self._thread = threading.Thread(target=self._work, name="ganfx-worker", daemon=True)

    def start(self) -> None:
        NETWORKS.room = _ROOM
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the job in work to end."""
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while job := self._jobs.take():
            started = time.monotonic()
            end = self._done(job)
            _log.info("%s: %s, %.2f s", _described(job), end, time.monotonic() - started)
            del job
            self._tidy()

    def _done(self, job: Job) -> str:
        """Do `job`, whatever happens; how it ended."""
        try:
            with job.stop.within():
                self._apply(job)
        except Exception as error:
            said = _as_ours(error, job)
            job.responses.finish(message("error", code=said.code, message=str(said), hint=said.hint))
            return f"error: {said}"
        job.responses.finish(message("done"))
        return "done"

    def _apply(self, job: Job) -> None:
        job.stop.check()
        header = job.header
        work = pipeline.load_filter(header.filter, job.options, model=header.model, engine=self._engine)
        source, mask = read_picture(header, job.body), read_mask(header, job.body)
        job.body = bytearray()
        chain = pipeline.Chain((work,))
        grey = chain.output_info(source).grey
        width, height = chain.output_size(source)
        shape = {"width": width, "height": height, "channels": channels_of(header, grey=grey), "depth": header.depth}
        job.responses.put(message("started", **shape))

        def told(pixels: int) -> None:
            job.stop.check()
            job.share = pixels / (source.width * source.height)

        pieces = chain.stream(source, told, mask=mask if chain.needs_mask else None)
        self._send(job, as_layer(pieces, source, work, mask) if header.layer else pieces, grey)

    def _send(self, job: Job, pieces: Iterable[Picture], grey: bool) -> None:
        """Send each piece while the next ones are made."""
        sending = deque[Future[None]]()
        try:
            for piece in pieces:
                if len(sending) == _AHEAD:
                    sending.popleft().result()
                sending.append(self._sender.submit(_put, job, piece, grey))
                del piece
            while sending:
                sending.popleft().result()
        finally:
            for one in sending:
                one.cancel()

    def _tidy(self) -> None:
        while len(NETWORKS) > 1 and psutil.Process().memory_info().rss > self._memory_bytes:
            NETWORKS.drop_oldest()


def _put(job: Job, piece: Picture, grey: bool) -> None:
    for rows in rows_of(piece, job.header, grey=grey):
        job.stop.check()
        job.responses.put(message("rows", bytes=len(rows), share=round(job.share, 4)), rows)


def _as_ours(error: Exception, job: Job) -> GanfxError:
    """What the client is told of `error`."""
    if job.stop.asked:
        return ServerError("the work was stopped", hint="start it again")
    if isinstance(error, GanfxError):
        return error
    _log.error("%s", _described(job), exc_info=error)
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return ServerError(f"the filter broke: {line[:200]}", hint=f"more stands in {LOG}")


def _described(job: Job) -> str:
    header = job.header
    return f"{header.filter} of {header.width}x{header.height}x{header.channels}, {header.depth} bits"
