"""What is asked for, checked, and the order in which it is done: each client in turn."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any

from ganfx import pipeline
from ganfx.engine import CancelToken
from ganfx.errors import BusyError, MaskError, OptionError, UnknownModelError
from ganfx.filters import find_filter
from ganfx.hub import is_path
from ganfx.server.response_queue import ResponseQueue
from ganfx.server.wire import Header

WAITING = 128


class Job:
    """One picture for one client, made in the event loop.

    `body` comes with time, the answer goes to `responses`, and `share` of the work, up to 1, is done.
    """

    def __init__(self, header: Header, options: Mapping[str, Any], client: str) -> None:
        self.header, self.options, self.client = header, options, client
        self.body = bytearray()
        self.responses = ResponseQueue()
        self.stop = CancelToken()
        self.share = 0.0


class Jobs:
    """The jobs that wait; `room_bytes` of pixels may, or one picture, whatever its size. For several threads."""

    def __init__(self, room_bytes: int) -> None:
        self._room_bytes = room_bytes
        self._changed = threading.Condition()
        self._admitted: dict[Job, int] = {}
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()
        self._running: Job | None = None
        self._ended = False

    def admit(self, job: Job) -> None:
        """Keep room for the pixels of `job` until it is left. Raises BusyError where there is none."""
        with self._changed:
            held, size = sum(self._admitted.values()), job.header.body_bytes
            if self._ended or len(self._admitted) >= WAITING or (held and held + size > self._room_bytes):
                raise BusyError(f"{len(self._admitted)} pictures are waiting already", hint="try again in a while")
            self._admitted[job] = size

    def add(self, job: Job) -> None:
        """Let `job`, whose body is there, have its turn. Raises BusyError where none will come any more."""
        with self._changed:
            if self._ended:
                raise BusyError("the engine is ending", hint="try again in a while")
            self._waiting.setdefault(job.client, deque()).append(job)
            self._changed.notify()

    def leave(self, job: Job) -> None:
        """Nobody waits for `job` any more: it is stopped, or never begun."""
        job.stop.ask()
        job.responses.close()
        with self._changed:
            self._admitted.pop(job, None)
            own = self._waiting.get(job.client, deque())
            if job in own:
                own.remove(job)
            if not own:
                self._waiting.pop(job.client, None)

    def take(self) -> Job | None:
        """The next job, once there is one; None when there will be none. The one taken before is done with."""
        with self._changed:
            self._running = None
            self._changed.wait_for(lambda: self._waiting or self._ended)
            if not self._waiting:
                return None
            client, own = self._waiting.popitem(last=False)
            self._running = own.popleft()
            if own:
                self._waiting[client] = own  # behind all others
            return self._running

    def end(self) -> None:
        """CancelToken all that is here, and let nothing more in."""
        with self._changed:
            self._ended = True
            for job in self._admitted:
                job.stop.ask()
            self._changed.notify_all()

    def ahead(self, job: Job) -> int | None:
        """How many jobs are done before `job`, None where it is not waiting."""
        with self._changed:
            own = self._waiting.get(job.client, deque())
            if job not in own:
                return None
            place, clients = own.index(job), list(self._waiting)
            first = clients.index(job.client)
            others = ((self._waiting[client], at < first) for at, client in enumerate(clients) if at != first)
            return place + sum(min(len(jobs), place + before) for jobs, before in others) + (self._running is not None)

    @property
    def queued(self) -> int:
        with self._changed:
            return sum(map(len, self._waiting.values()))

    @property
    def busy(self) -> bool:
        return self._running is not None

    @property
    def idle(self) -> bool:
        """Whether nobody waits for anything."""
        return not self._admitted


def checked_options(header: Header) -> Mapping[str, Any]:
    """The options that `header` says. Raises OptionError, MaskError or ModelError where it asks for what cannot be."""
    filter_ = find_filter(header.filter)
    if header.mask and not filter_.needs_mask and not header.layer:
        raise OptionError(f"{filter_.name} takes no mask", hint="it works on the whole picture")
    if filter_.needs_mask and not header.mask:
        raise MaskError(f"{filter_.name} needs a mask", hint="select what is to be filled")
    if header.model is not None and is_path(header.model):
        raise UnknownModelError(f"{header.model!r} is not a model's name", hint="models are named, not their files")
    repeatable = {option.name for option in filter_.options if option.repeatable}
    # Several values are a list, or words of one text.
    given = {
        name: str(value).split() if name in repeatable and not isinstance(value, list) else value
        for name, value in header.options.items()
    }
    return pipeline.check_filter(header.filter, given, model=header.model)
