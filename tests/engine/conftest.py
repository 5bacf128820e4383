"""What the tests of the engine share."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ganfx.engine import Engine, providers, tuning_cache
from tests.engine.disturbed import CPU_MEMORY, Disturbed


@pytest.fixture(scope="package", autouse=True)
def provider_under_test() -> Iterator[None]:
    """With GANFX_TEST_PROVIDER that provider is what `auto` takes, even if the processor acts as its device."""
    name = os.environ.get("GANFX_TEST_PROVIDER")
    if name is None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        rows = providers.PROVIDERS
        real = [dataclasses.replace(row, is_real=lambda: True) if row.name == name else row for row in rows]
        patch.setattr(providers, "PROVIDERS", tuple(real))
        yield


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
