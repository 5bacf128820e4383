"""Calls in a process of their own, with limits on time and memory: for files that may be made to do harm.

The process ends with its answer, at a limit, when the caller is interrupted, and when the caller's own process ends,
however that comes about. It is no jail: code that takes it over has the user's rights.

`python -m ganfx.isolation` is the process. It reads one line of JSON from its input, which stays open for as long as
the caller lives, and writes one object of JSON.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from ganfx import errors
from ganfx.errors import GanfxError
from ganfx.memory import memory
from ganfx.text import printable

# Address space that libraries and the stacks of threads take beside what the work itself allocates.
_LIBRARIES_BYTES = 6 << 30
_POLL_S = 0.02
_MAX_ANSWER_BYTES = 1 << 20
_MAX_LOG_BYTES = 8 << 10
_MAX_MESSAGE = 600
# A share of the computer's memory that no call gets.
_SPARED = 4


@dataclass(frozen=True)
class CallLimits:
    """How much a call may take."""

    seconds: float
    """Time until it is ended, in seconds."""
    memory_bytes: int
    """Memory that it may hold, in bytes; never more than three quarters of what the computer has, or the container."""


class ChildError(Exception):
    """The call gave no answer: `reason` says why, as the rest of a sentence that begins with what it worked on."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        if log:
            self.add_note(log)


def call(function: str, *arguments: Any, limits: CallLimits, poll: Callable[[], None] | None = None) -> Any:
    """What `function`, written `package.module:name`, returns in a new process for `arguments`; all is plain JSON.

    poll is called some fifty times a second; the process ends with whatever it raises. Raises the GanfxError that the
    function raises, and ChildError.
    """
    limits = CallLimits(limits.seconds, min(limits.memory_bytes, memory().total_bytes // _SPARED * (_SPARED - 1)))
    request = json.dumps({"function": function, "arguments": arguments, "limits": asdict(limits)})
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as folder:
        process = _started(answer, log, folder)
        try:
            assert process.stdin is not None
            with contextlib.suppress(OSError):  # it ended at once, which its status says
                process.stdin.write(request.encode() + b"\n")
                process.stdin.flush()
            status = _watched(process, limits, poll or (lambda: None))
        finally:
            _end(process)
        return _result(status, _tail(answer, _MAX_ANSWER_BYTES), _tail(log, _MAX_LOG_BYTES), limits)


def _started(answer: BinaryIO, log: BinaryIO, folder: str) -> subprocess.Popen[bytes]:
    # -P and the empty folder: nothing is imported from where the user happens to be.
    command = [sys.executable, "-P", "-m", "ganfx.isolation"]
    # A graphics card's memory has no limit, and a few arenas are enough.
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "MALLOC_ARENA_MAX": "4", "ORT_DISABLE_TELEMETRY": "1"}
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=answer,
            stderr=log,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise ChildError(f"cannot be worked on in a process of its own: {error.strerror}") from error


def _watched(process: subprocess.Popen[bytes], limits: CallLimits, poll: Callable[[], None]) -> int:
    """The exit status of `process`. Raises ChildError at a limit, and what `poll` raises."""
    import psutil

    ends, memory = time.monotonic() + limits.seconds, psutil.Process(process.pid)
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(_POLL_S)
        poll()
        if time.monotonic() > ends:
            raise ChildError(_too_long(limits))
        with contextlib.suppress(psutil.Error):
            if memory.memory_info().rss > limits.memory_bytes:
                raise ChildError(_too_large(limits))


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    if process.stdin:
        with contextlib.suppress(OSError):
            process.stdin.close()


def _tail(file: BinaryIO, size: int) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - size))
    return file.read(size).decode(errors="replace")


def _result(status: int, answer: str, log: str, limits: CallLimits) -> Any:
    if status:
        raise ChildError(_cause(status, limits), log)
    try:
        found = json.loads(answer)
        kind = found["kind"]
        if kind == "result":
            return found["result"]
        if kind == "memory":
            raise ChildError(_too_large(limits), log)
        if kind == "error":
            raise _error(found)
        raise ChildError(f"fails in an unforeseen way ({_line(found['error'])})", log)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ChildError("gives no answer", log) from error


def _cause(status: int, limits: CallLimits) -> str:
    if status == -getattr(signal, "SIGXCPU", 0):
        return _too_long(limits)
    if status == -getattr(signal, "SIGKILL", 0):
        return "needs more memory than this computer has left"
    name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return f"ends the process that works on it ({name})"


def _too_long(limits: CallLimits) -> str:
    return f"takes more than {limits.seconds:g} s"


def _too_large(limits: CallLimits) -> str:
    return f"takes more than {limits.memory_bytes / (1 << 30):.1f} GiB of memory"


def _error(found: dict[str, Any]) -> GanfxError:
    class_ = getattr(errors, str(found["class"]), None)
    if not (isinstance(class_, type) and issubclass(class_, GanfxError)):
        class_ = GanfxError
    hint = found["hint"]
    return class_(_line(found["message"]), hint=None if hint is None else _line(hint))


def _line(text: object) -> str:
    return printable(" ".join(str(text).split()))[:_MAX_MESSAGE]


def main() -> None:
    """The process: answers one call, and ends."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes to the log
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    _limit(CallLimits(**request["limits"]))
    json.dump(_answered(request["function"], request["arguments"]), answer)
    answer.flush()
    os._exit(0)  # libraries need not tidy up


def _answered(function: str, arguments: list[Any]) -> dict[str, Any]:
    module, name = function.split(":")
    try:
        return {"kind": "result", "result": getattr(importlib.import_module(module), name)(*arguments)}
    except GanfxError as error:
        return {"kind": "error", "class": type(error).__name__, "message": str(error), "hint": error.hint}
    except MemoryError:
        return {"kind": "memory"}
    except Exception as error:
        traceback.print_exc()
        return {"kind": "unforeseen", "error": type(error).__name__}


def _end_with_the_caller() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def _limit(limits: CallLimits) -> None:
    try:
        import resource
    except ImportError:  # Windows, where the caller's watch alone ends the process
        return
    seconds = int(limits.seconds * (os.cpu_count() or 1)) + 1
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes + _LIBRARIES_BYTES),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS knows the limit of memory, and does not take it
            resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main()
