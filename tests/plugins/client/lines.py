"""Lines to engines that behave as they are told, for tests of the client."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins import client
from tests import fake_engine
from tests.fake_engine import FakeEngine, Handler

FAKE = Path(fake_engine.__file__)
PICTURE = client.Pixels(5, 3, 4, 16, bytes(range(120)))


def quiet(share: float) -> None:
    """Hear how far it is, and do nothing."""


def engine(state: Path, behaviour: str = "mirror", **environment: str) -> Any:
    return client.Engine((sys.executable, str(FAKE), behaviour), state, environment)


@contextlib.contextmanager
def running(state: Path, behaviour: Callable[[Handler], None], pid: int | None = None) -> Iterator[FakeEngine]:
    with FakeEngine(state, behaviour, pid) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def failure(state: Path, behaviour: Callable[[Handler], None], picture: Any = PICTURE) -> Any:
    """What a person is told when the engine behaves so."""
    with running(state, behaviour), pytest.raises(client.GanfxError) as caught:
        engine(state).apply("upscale", picture, quiet)
    return caught.value
