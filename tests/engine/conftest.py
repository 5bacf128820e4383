"""What the tests of the engine share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ganfx.engine import Engine, tuning_cache
from tests.engine.disturbed import CPU_MEMORY, Disturbed


@pytest.fixture
def nothing_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tuning_cache, "_tiles", {})
    tuning_cache.PRECISIONS.forget()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks")


@pytest.fixture
def disturb(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Disturbed]:
    def begin(engine: Engine, failing: set[int], message: str = CPU_MEMORY) -> Disturbed:
        session = engine.network._session
        handle = session.handle.handle if isinstance(session.handle, Disturbed) else session.handle
        disturbed = Disturbed(handle, failing, message)
        monkeypatch.setattr(session, "handle", disturbed)
        return disturbed

    return begin
