"""The networks that ship keep the promises made for them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ganfx.engine import EngineOptions, open_engine, verify
from ganfx.hub import ModelEntry, list_models

BUNDLED = [entry for entry in list_models() if entry.origin == "bundled"]
each = pytest.mark.parametrize("entry", BUNDLED, ids=lambda entry: entry.name)

pytestmark = pytest.mark.weights


def scene(size: int) -> NDArray[np.float32]:
    """Edges, ramps, noise and colour, (size, size, 3)."""
    y, x = np.mgrid[0:size, 0:size] / size
    noise = np.random.default_rng(0).normal(0, 0.05, (size, size, 3))
    base = np.stack([x, 0.5 + 0.4 * np.sin(40 * x * y), (x > y) * 0.7 + 0.1], axis=2)
    return np.clip(base + noise, 0, 1).astype(np.float32)


def enlarge(entry: ModelEntry, image: NDArray[np.float32], **options: int) -> NDArray[np.float32]:
    assert entry.path is not None
    return open_engine(entry.path, EngineOptions(**options)).run(image)  # type: ignore[arg-type]


@each
def test_the_self_test_passes(entry: ModelEntry) -> None:
    assert entry.path is not None
    assert entry.spec is not None
    assert entry.spec.self_test is not None
    error = verify(open_engine(entry.path))
    assert error is not None
    assert error <= entry.spec.self_test.tolerance


@each
def test_tiles_do_not_show(entry: ModelEntry) -> None:
    image = scene(200)
    assert np.abs(enlarge(entry, image, tile=96) - enlarge(entry, image, tile=256)).max() <= 1 / 255


@each
@pytest.mark.parametrize("colour", [(0.5, 0.5, 0.5), (0.9, 0.7, 0.6), (0.1, 0.2, 0.4)])
def test_a_flat_colour_stays_flat_and_of_its_colour(entry: ModelEntry, colour: tuple[float, float, float]) -> None:
    output = enlarge(entry, np.full((48, 48, 3), colour, np.float32))
    assert np.abs(output.mean((0, 1)) - colour).max() < 2 / 255
    assert output.std((0, 1)).max() < 2 / 255


@each
def test_shrinking_the_result_gives_the_picture_back(entry: ModelEntry) -> None:
    image, scale = scene(64), entry.scale or 1
    output = enlarge(entry, image)
    back = output.reshape(64, scale, 64, scale, 3).mean((1, 3))
    assert np.abs(back - image).mean() < 0.05


def test_together_they_are_small_and_free() -> None:
    assert sum(entry.size_bytes or 0 for entry in BUNDLED) < 30e6
    assert {entry.license for entry in BUNDLED} == {"MIT"}
