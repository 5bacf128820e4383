"""What tests of batches share."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from tests import graphs
from tests.batch.batches import Upscale, run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that makes 2 x 2 pixels of each."""
    return graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2)


@pytest.fixture
def upscale(capsys: pytest.CaptureFixture[str], model: Path) -> Upscale:
    """`ganfx upscale` with --json, told."""
    return functools.partial(run, capsys, "upscale", "--json", "-n", model)
