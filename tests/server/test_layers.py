"""Answers for painting programs that keep results above the picture: what is to be seen of them, and in their order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plugins.client import GanfxError as Refusal
from tests.server.services import Service
from tests.server.test_apply import DTYPES, HEIGHT, WIDTH, samples, through

SELECTED = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH), np.uint8)


def full(dtype: Any) -> Any:
    return 1 if dtype == np.float32 else np.iinfo(dtype).max


@pytest.mark.parametrize("depth", DTYPES)
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("filter", ["upscale", "stylize"])
def test_blue_may_come_first(service: Service, filter: str, channels: int, depth: int) -> None:
    raw, order = samples(channels, depth), [2, 1, 0, 3][:channels]
    expected = through(service, filter, np.ascontiguousarray(raw[..., order]))
    np.testing.assert_array_equal(through(service, filter, raw, order="bgr"), expected[..., order])


def test_grey_that_becomes_colored_is_ordered_too(service: Service) -> None:
    raw = samples(2, 8)
    expected = through(service, "colorize", raw)
    assert expected.shape[2] == 4
    np.testing.assert_array_equal(through(service, "colorize", raw, order="bgr"), expected[..., [2, 1, 0, 3]])


@pytest.mark.parametrize("depth", DTYPES)
@pytest.mark.parametrize("clear", [True, False])
def test_what_is_selected_shows(service: Service, depth: int, clear: bool) -> None:
    raw = samples(4, depth)
    if not clear:
        raw[..., 3] = full(raw.dtype)
    whole = through(service, "stylize", raw)
    layer = through(service, "stylize", raw, layer=True, mask=SELECTED.tobytes())
    np.testing.assert_array_equal(layer[..., :3], whole[..., :3])
    exact = whole[..., 3] * (SELECTED / 255)
    assert np.abs(layer[..., 3] - exact).max() <= (1e-6 if depth == 32 else 0.51)


@pytest.mark.parametrize(("filter", "selected"), [("stylize", b""), ("upscale", b""), ("upscale", SELECTED.tobytes())])
def test_without_a_selection_or_enlarged_all_shows(service: Service, filter: str, selected: bytes) -> None:
    raw = samples(4, 8)
    layer = through(service, filter, raw, layer=True, mask=selected)
    np.testing.assert_array_equal(layer, through(service, filter, raw))


def scratched(channels: int, depth: int) -> NDArray[Any]:
    """A dark picture with a light scratch."""
    raw = np.full((HEIGHT, WIDTH, channels), full(DTYPES[depth]) // 4 or 0.25, DTYPES[depth])
    raw[5, 6:12, :-1] = raw[..., -1] = full(raw.dtype)
    return raw


@pytest.mark.parametrize("depth", DTYPES)
@pytest.mark.parametrize("channels", [2, 4])
def test_of_what_was_filled_only_that_shows(service: Service, channels: int, depth: int) -> None:
    raw, hole = samples(channels, depth), np.zeros((HEIGHT, WIDTH), np.uint8)
    raw[..., -1] = full(raw.dtype)
    hole[5:9, 6:12] = 255
    whole = through(service, "inpaint", raw, mask=hole.tobytes())
    layer = through(service, "inpaint", raw, mask=hole.tobytes(), layer=True)
    changed = (whole != raw).any(axis=2)
    assert changed.any()
    np.testing.assert_array_equal(layer[..., :-1], whole[..., :-1])
    assert (layer[changed][:, -1] == full(raw.dtype)).all()
    rows, columns = np.nonzero(layer[..., -1])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 10, 4, 13)


@pytest.mark.parametrize("depth", DTYPES)
def test_of_what_was_healed_that_shows_which_is_selected(service: Service, depth: int) -> None:
    raw = scratched(4, depth)
    all_of_it = through(service, "heal", raw, layer=True)
    assert (all_of_it[5, 6:12, -1] == full(raw.dtype)).all()
    assert not all_of_it[12:, :, -1].any()
    part = through(service, "heal", raw, layer=True, mask=SELECTED.tobytes())
    exact = all_of_it[..., -1] * (SELECTED / 255)
    assert np.abs(part[..., -1] - exact).max() <= (1e-6 if depth == 32 else 0.51)


@pytest.mark.parametrize("selected", [b"", bytes(WIDTH * HEIGHT)])
def test_a_layer_on_which_nothing_shows_is_refused(service: Service, selected: bytes) -> None:
    raw = scratched(4, 8) if selected else np.full((HEIGHT, WIDTH, 4), 20, np.uint8)
    with pytest.raises(Refusal, match="Nothing was found to be changed"):
        through(service, "heal", raw, layer=True, mask=selected)
