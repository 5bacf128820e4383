"""What all tests of watched folders begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import graphs


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    return source, output
