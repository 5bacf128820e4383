"""The plug-in loaded with a fake GIMP and a fake client."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.plugins.gimp.fake import FakeClient, load_plug_in


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load_plug_in(monkeypatch)


@pytest.fixture
def client(plug_in: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    fake = FakeClient(plug_in)
    monkeypatch.setattr(plug_in.ServiceClient, "from_settings", lambda file: fake)
    return fake
