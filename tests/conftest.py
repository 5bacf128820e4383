"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

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
