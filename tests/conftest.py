"""Fixtures shared by all tests."""

from __future__ import annotations

import os
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
