"""A `ganfx watch` in a process of its own, for tests of what it does with a folder."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

SETTLE_S = 0.4
DEADLINE_S = 120


class Watch:
    """One watcher; what it says is kept in files, so that no pipe fills.

    `inside` is a command that begins it in a world of its own, where `output` is to be looked for then.
    """

    def __init__(
        self, source: Path, output: Path, model: Path, logs: Path, *options: object, inside: Sequence[str] = ()
    ) -> None:
        self.source = source
        logs.mkdir(parents=True, exist_ok=True)
        count = len(list(logs.iterdir()))
        self._said, self._errors = logs / f"{count}.out", logs / f"{count}.err"
        recipe = () if "--recipe" in options else ("--recipe", f"upscale:model={model}:clean=off")
        times = ("--settle", SETTLE_S, "--give-up", 4, "--rescan", 0.5)
        words = [*inside, sys.executable, "-m", "ganfx", "watch", source, output, *recipe, *times, "--json", *options]
        with self._said.open("w") as said, self._errors.open("w") as errors:
            self.process = subprocess.Popen([str(word) for word in words], stdout=said, stderr=errors)
        self.output = Path(f"/proc/{self.process.pid}/root{output}") if inside else output

    def said(self) -> list[dict[str, Any]]:
        """What it said on standard output, line by line."""
        return [json.loads(line) for line in self._said.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def names(self, status: str) -> list[str]:
        """The files of that status, by their places in the folder."""
        return [
            str(Path(one["input"]).relative_to(self.source.resolve())) for one in self.said() if one["status"] == status
        ]

    @property
    def log(self) -> str:
        return self._errors.read_text()

    @property
    def health(self) -> dict[str, Any] | None:
        """Its own account; None before it has begun."""
        with contextlib.suppress(OSError):
            for path in self.output.glob(f".ganfx-watch-*-{self.process.pid}.json"):
                return dict(json.loads(path.read_text()))
        return None

    def until(self, condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
        """Wait for `condition` while the process lives."""
        end = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < end, f"nothing came of it: {self.log}"
            assert self.process.poll() is None or condition(), f"it ended: {self.log}"
            time.sleep(0.05)

    def until_done(self, *names: str) -> None:
        self.until(lambda: set(names) <= set(self.names("done")))

    def until_quiet(self) -> None:
        """Wait until nothing is left to do, and it was looked again after that."""

        def idle() -> bool:
            health = self.health
            return health is not None and not health["waiting"] and health["updated"] > start

        start = time.time()
        self.until(idle)
        start = time.time()
        self.until(idle)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


@contextlib.contextmanager
def watching(source: Path, output: Path, model: Path, *options: object, inside: Sequence[str] = ()) -> Iterator[Watch]:
    """A watcher that has had its first look, and that ends with the block as people end it."""
    watch = Watch(source, output, model, source.parent / "logs", *options, inside=inside)
    try:
        watch.until(lambda: watch.health)
        yield watch
        if watch.process.poll() is None:
            assert watch.stop() == 0, watch.log
        assert "Traceback" not in watch.log
    finally:
        if watch.process.poll() is None:
            os.kill(watch.process.pid, signal.SIGKILL)
            watch.process.wait()


def visible(folder: Path) -> set[str]:
    """All files below `folder` but hidden ones."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if not any(part.startswith(".") for part in path.parts)}


def hidden(folder: Path) -> set[str]:
    """What lies hidden in `folder` besides the watcher's own journal and account."""
    found = {path.name for path in folder.rglob(".*") if path.is_file()}
    return {name for name in found if not name.startswith((".ganfx.sqlite", ".ganfx-watch-"))}


def tiny_png(number: int) -> bytes:
    """A PNG of 4x4 pixels, another for each number."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + struct.pack(">I", number) * 3
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(row * 4)) + chunk(b"IEND", b"")
