"""Clients of fake services with a chosen behavior."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins import client
from tests import fake_service
from tests.fake_service import FakeService, Handler

FAKE = Path(fake_service.__file__)
PICTURE = client.Pixels(5, 3, 4, 16, bytes(range(120)))


def no_progress(share: float) -> None:
    """Ignore progress."""


def client_of(state: Path, behavior: str = "mirror", **environment: str) -> Any:
    return client.ServiceClient((sys.executable, str(FAKE), behavior), state, environment)


@contextlib.contextmanager
def running(state: Path, behavior: Callable[[Handler], None], pid: int | None = None) -> Iterator[FakeService]:
    with FakeService(state, behavior, pid) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def failure(state: Path, behavior: Callable[[Handler], None], picture: Any = PICTURE) -> Any:
    """The error that the client raises if the service behaves like this."""
    with running(state, behavior), pytest.raises(client.ServiceError) as caught:
        client_of(state).apply("upscale", picture, no_progress)
    return caught.value
