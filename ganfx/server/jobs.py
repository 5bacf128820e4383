"""Jobs, their validation, and the queue that serves clients in turn."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any, Protocol

from ganfx import pipeline
from ganfx.engine import CancelToken
from ganfx.errors import BusyError, GanfxError, MaskError, OptionError, UnknownModelError
from ganfx.filters import Filter, find_filter
from ganfx.hub import is_path
from ganfx.server.response_queue import ResponseQueue
from ganfx.server.wire import Header, encode_message

MAX_JOBS = 128


class Work(Protocol):
    """What waits in the queue.

    client         whose turn it is
    cancel_token   stops the work
    body_bytes     memory that its request takes
    unread_bytes   memory that its answer takes until it is read
    """

    client: str
    cancel_token: CancelToken

    @property
    def body_bytes(self) -> int: ...
    @property
    def unread_bytes(self) -> int: ...
    def close(self) -> None:
        """Nobody waits for the answer any more."""

    def finish(self, error: GanfxError | None) -> None:
        """Report the end: `error`, or None where it is done."""


class Job:
    """One request to apply a filter. Create it in the event loop.

    body is empty until it is received; messages for the client go to `responses`; share is the fraction of the work
    that is done, 0 to 1.
    """

    def __init__(self, header: Header, options: Mapping[str, Any], client: str) -> None:
        self.header, self.options, self.client = header, options, client
        self.body = bytearray()
        self.responses = ResponseQueue()
        self.cancel_token = CancelToken()
        self.share = 0.0

    def __str__(self) -> str:
        header = self.header
        return f"{header.filter} of {header.width}x{header.height}x{header.channels}, {header.depth} bits"

    @property
    def body_bytes(self) -> int:
        """Size of the pixels and the mask in bytes."""
        return self.header.body_bytes

    @property
    def unread_bytes(self) -> int:
        """Bytes of the answer that wait to be read."""
        return self.responses.size

    def close(self) -> None:
        """Drop what is not read yet: the client is gone or answered."""
        self.responses.close()

    def finish(self, error: GanfxError | None) -> None:
        """Send the last message: `error`, or None where it is done."""
        fields = error and {"code": error.code, "message": str(error), "hint": error.hint}
        self.responses.finish(encode_message("error", **fields) if fields else encode_message("done"))


class JobQueue:
    """A thread-safe queue of jobs, round-robin over the clients.

    At most `max_bytes` of request bodies and unread responses are held at a time; a single body may be larger, and the
    response of the running job is bounded by its queue.
    A job goes through admit (header valid), receive (parts of its body), enqueue (body complete), take (running) and
    discard (response ended).
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._changed = threading.Condition()
        # Body bytes received of the jobs not yet discarded.
        self._admitted: dict[Work, int] = {}
        # Jobs that wait, by client; the first client is next.
        self._waiting: OrderedDict[str, deque[Work]] = OrderedDict()
        self._running: Work | None = None
        self._is_shut_down = False

    def admit(self, job: Work) -> None:
        """Accept `job`, of whose body nothing has come yet. Raises BusyError if there is no room for it."""
        with self._changed:
            held, size = self._held_bytes(), job.body_bytes
            has_room = not held or held + size <= self._max_bytes
            if self._is_shut_down or len(self._admitted) >= MAX_JOBS or not has_room:
                raise self._busy()
            self._admitted[job] = 0

    def receive(self, job: Work, count: int) -> None:
        """Count bytes of an admitted job's body. Raises BusyError if they are too many beside those of others."""
        with self._changed:
            held, own = self._held_bytes(), self._admitted[job]
            if held > own and held + count > self._max_bytes:
                raise self._busy()
            self._admitted[job] = own + count

    def enqueue(self, job: Work) -> None:
        """Add `job`, whose body is complete, to its client's queue. Raises BusyError after shut_down."""
        with self._changed:
            if self._is_shut_down:
                raise BusyError("the engine is ending", hint="try again in a while")
            self._waiting.setdefault(job.client, deque()).append(job)
            self._changed.notify()

    def discard(self, job: Work) -> None:
        """Remove `job`, whose client is gone or answered: cancel it if it runs, drop it if it waits."""
        job.cancel_token.cancel()
        job.close()
        with self._changed:
            self._admitted.pop(job, None)
            own = self._waiting.get(job.client, deque())
            if job in own:
                own.remove(job)
            if not own:
                self._waiting.pop(job.client, None)
            self._changed.notify()

    def take(self) -> Work | None:
        """Wait for the next job; the one taken before counts as finished. None after shut_down.

        While more than `max_bytes` of responses are unread, none is next.
        """
        with self._changed:
            self._running = None
            self._changed.wait_for(lambda: self._is_shut_down or self._may_run_next)
            if not self._waiting:
                return None
            client, own = self._waiting.popitem(last=False)
            self._running = own.popleft()
            if own:
                self._waiting[client] = own  # last in the rotation
            return self._running

    def shut_down(self) -> None:
        """Cancel all jobs and accept no more."""
        with self._changed:
            self._is_shut_down = True
            waiting = [job for own in self._waiting.values() for job in own]
            for job in (*self._admitted, *waiting, *([self._running] if self._running else [])):
                job.cancel_token.cancel()
            self._changed.notify_all()

    def position(self, job: Work) -> int | None:
        """Number of jobs that finish before `job` starts, None if it is not waiting."""
        with self._changed:
            own = self._waiting.get(job.client, deque())
            if job not in own:
                return None
            rounds, clients = own.index(job), list(self._waiting)
            turn = clients.index(job.client)
            others = ((self._waiting[client], at < turn) for at, client in enumerate(clients) if at != turn)
            before = sum(min(len(jobs), rounds + is_earlier) for jobs, is_earlier in others)
            return rounds + before + (self._running is not None)

    @property
    def _may_run_next(self) -> bool:
        return bool(self._waiting) and self._unread_bytes() <= self._max_bytes

    def _unread_bytes(self) -> int:
        return sum(job.unread_bytes for job in self._admitted)

    def _held_bytes(self) -> int:
        return sum(self._admitted.values()) + self._unread_bytes()

    def _busy(self) -> BusyError:
        return BusyError(f"{len(self._admitted)} pictures are waiting already", hint="try again in a while")

    @property
    def queued_count(self) -> int:
        """Number of jobs that wait."""
        with self._changed:
            return sum(map(len, self._waiting.values()))

    @property
    def is_busy(self) -> bool:
        """Whether a job is running."""
        return self._running is not None

    @property
    def is_idle(self) -> bool:
        """Whether there is no job at all, running, waiting or being received."""
        return not (self._admitted or self._waiting or self._running)


def validate_options(header: Header) -> Mapping[str, Any]:
    """All option values for the request. Raises OptionError, MaskError or ModelError if it is invalid."""
    filter_ = find_filter(header.filter)
    if header.mask and not filter_.takes_mask and not header.layer:
        raise OptionError(f"{filter_.name} takes no mask", hint="it works on the whole picture")
    if filter_.needs_mask and not header.mask:
        raise MaskError(f"{filter_.name} needs a mask", hint="select what is to be filled")
    given = given_options(filter_, header.model, header.options)
    checked = pipeline.check_filter(header.filter, given, model=header.model)
    cut = filter_.overview.cut if filter_.overview else None
    if cut and checked[cut.option]:
        raise OptionError(f"{cut.option}: a layer keeps its size", hint="crop it to its content afterwards")
    return checked


def check_model_name(model: str | None) -> None:
    """Raises UnknownModelError where `model` is the path of a file, which the service does not open."""
    if model is not None and is_path(model):
        raise UnknownModelError(f"{model!r} is not a model's name", hint="models are named, not their files")


def given_options(filter_: Filter, model: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a request; several values are a list, or one text with spaces between them.

    Raises UnknownModelError where `model` is the path of a file, OptionError where the value of an option is.
    """
    check_model_name(model)
    for option in filter_.options:
        if option.opens and option.opens(options.get(option.name)):
            raise OptionError(f"{option.name}: the service opens no files", hint=f"use: ganfx {filter_.name}")
    repeatable = {option.name for option in filter_.options if option.repeatable}
    return {
        name: str(value).split() if name in repeatable and not isinstance(value, list) else value
        for name, value in options.items()
    }
