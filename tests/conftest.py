"""Fixtures shared by all tests."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ganfx import isolation

# onnxruntime reads it when it is imported, which some tests do by themselves.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The evaluation and interoperability material beside the project; GANFX_SHARED overrides the place."""
    folder = Path(os.environ.get("GANFX_SHARED", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{folder} is missing: the tests that read it must run in CI")
        pytest.skip(f"needs the shared test data at {folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _state_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A state folder of the tests' own, for the commands that they start too."""
    before = os.environ.get("GANFX_STATE")
    os.environ["GANFX_STATE"] = str(tmp_path_factory.mktemp("state"))
    yield
    os.environ.pop("GANFX_STATE")
    if before is not None:
        os.environ["GANFX_STATE"] = before


@pytest.fixture(scope="session", autouse=True)
def _cache_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is remembered of the tests' models does not get among what is remembered of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def real_processes() -> None:
    """Calls of `ganfx.isolation` go to a process of their own, as they do outside of the tests."""


@pytest.fixture(autouse=True)
def _calls_stay_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of `ganfx.isolation` stay in this process, which saves half a second each, without `real_processes`."""
    if "real_processes" not in request.fixturenames:
        monkeypatch.setattr(isolation, "call", _call_here)


def _call_here(function: str, *arguments: Any, limits: isolation.CallLimits, poll: object = None) -> Any:
    module, name = function.split(":")
    return json.loads(json.dumps(getattr(importlib.import_module(module), name)(*json.loads(json.dumps(arguments)))))
