"""A service shared by most tests, over tiny networks with known behavior under the names of the shipped models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ganfx.spec import ModelSpec
from tests import graphs
from tests.server.services import Service, serving, wait_until


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    graphs.nearest(folder / "photo-x4.onnx", 4, ModelSpec("photo-x4", "upscale", scale=4, receptive_field=1))
    graphs.constant_fill(folder / "photo-fill.onnx", (0.9, 0.1, 0.4))
    graphs.brightness(folder / "photo-scratches.onnx")
    graphs.brightness(folder / "matte.onnx", "matte")
    graphs.one_color(folder / "photo-color.onnx", (20, -30))
    graphs.negative(folder / "vangogh.onnx")
    graphs.generator(folder / "cells.onnx")
    graphs.convolutions(folder / "slow.onnx", layers=200, width=64)
    graphs.identity(folder / "liar.onnx", ModelSpec("liar", "upscale", scale=2))
    return folder


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("state"), models) as service:
        yield service


@pytest.fixture
def idle_service(service: Service) -> Service:
    """The shared service, once it has nothing to do."""
    wait_until(lambda: service.health() | {"queued": 0, "busy": False} == service.health())
    return service
