"""The plug-in in a GIMP that is none, with an engine that only nods."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.plugins.gimp.fake import FakeEngine, load_plug_in


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load_plug_in(monkeypatch)


@pytest.fixture
def engine(plug_in: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine(plug_in)
    monkeypatch.setattr(plug_in.Engine, "beside", lambda file: fake)
    return fake
