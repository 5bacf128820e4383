"""Fixtures for tests of the client."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder; a service started in it is killed after the test."""
    yield tmp_path
    with contextlib.suppress(OSError, ValueError):
        pid = json.loads((tmp_path / "server.json").read_text())["pid"]
        if pid != os.getpid():
            os.kill(pid, signal.SIGKILL)
