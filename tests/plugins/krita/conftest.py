"""The plug-in loaded with a fake Krita."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.plugins.krita.fake import Application, load_plug_in


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[ModuleType, Application]:
    return load_plug_in(monkeypatch, tmp_path)


@pytest.fixture
def plug_in(loaded: tuple[ModuleType, Application]) -> ModuleType:
    return loaded[0]


@pytest.fixture
def krita(loaded: tuple[ModuleType, Application]) -> Application:
    return loaded[1]
