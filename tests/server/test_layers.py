"""Requests for a layer or for BGR order: which pixels of the result are visible, and the order of its channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plugins.client import ServiceError
from tests.server.services import Service
from tests.server.test_apply import DTYPES, HEIGHT, WIDTH, apply, samples

SELECTION = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH), np.uint8)


def max_value(dtype: Any) -> Any:
    return 1 if dtype == np.float32 else np.iinfo(dtype).max


@pytest.mark.parametrize("depth", DTYPES)
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("filter", ["upscale", "stylize"])
def test_bgr_order_is_kept(service: Service, filter: str, channels: int, depth: int) -> None:
    raw, order = samples(channels, depth), [2, 1, 0, 3][:channels]
    expected = apply(service, filter, np.ascontiguousarray(raw[..., order]))
    np.testing.assert_array_equal(apply(service, filter, raw, order="bgr"), expected[..., order])


def test_colors_of_a_grey_picture_come_in_bgr_order(service: Service) -> None:
    raw = samples(2, 8)
    expected = apply(service, "colorize", raw)
    assert expected.shape[2] == 4
    np.testing.assert_array_equal(apply(service, "colorize", raw, order="bgr"), expected[..., [2, 1, 0, 3]])


@pytest.mark.parametrize("depth", DTYPES)
@pytest.mark.parametrize("transparent", [True, False])
def test_alpha_of_a_layer_is_limited_to_the_selection(service: Service, depth: int, transparent: bool) -> None:
    raw = samples(4, depth)
    if not transparent:
        raw[..., 3] = max_value(raw.dtype)
    whole = apply(service, "stylize", raw)
    layer = apply(service, "stylize", raw, layer=True, mask=SELECTION.tobytes())
    np.testing.assert_array_equal(layer[..., :3], whole[..., :3])
    exact = whole[..., 3] * (SELECTION / 255)
    assert np.abs(layer[..., 3] - exact).max() <= (1e-6 if depth == 32 else 0.51)


@pytest.mark.parametrize(
    ("filter", "selection"), [("stylize", b""), ("upscale", b""), ("upscale", SELECTION.tobytes())]
)
def test_without_a_selection_or_enlarged_a_layer_shows_everything(
    service: Service, filter: str, selection: bytes
) -> None:
    raw = samples(4, 8)
    layer = apply(service, filter, raw, layer=True, mask=selection)
    np.testing.assert_array_equal(layer, apply(service, filter, raw))


def scratched(channels: int, depth: int) -> NDArray[Any]:
    """A dark picture with a light scratch."""
    raw = np.full((HEIGHT, WIDTH, channels), max_value(DTYPES[depth]) // 8 or 0.125, DTYPES[depth])
    raw[4:7, 6:16, :-1] = raw[..., -1] = max_value(raw.dtype)
    return raw


@pytest.mark.parametrize("depth", DTYPES)
@pytest.mark.parametrize("channels", [2, 4])
def test_an_inpainted_layer_shows_only_what_was_filled(service: Service, channels: int, depth: int) -> None:
    raw, hole = samples(channels, depth), np.zeros((HEIGHT, WIDTH), np.uint8)
    raw[..., -1] = max_value(raw.dtype)
    hole[5:9, 6:12] = 255
    whole = apply(service, "inpaint", raw, mask=hole.tobytes())
    layer = apply(service, "inpaint", raw, mask=hole.tobytes(), layer=True)
    changed = (whole != raw).any(axis=2)
    assert changed.any()
    np.testing.assert_array_equal(layer[..., :-1], whole[..., :-1])
    assert (layer[changed][:, -1] == max_value(raw.dtype)).all()
    rows, columns = np.nonzero(layer[..., -1])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 10, 4, 13)


@pytest.mark.parametrize("depth", DTYPES)
def test_a_healed_layer_shows_what_was_healed_within_the_selection(service: Service, depth: int) -> None:
    raw = scratched(4, depth)
    unselected = apply(service, "heal", raw, layer=True)
    assert (unselected[4:7, 6:16, -1] == max_value(raw.dtype)).all()
    assert not unselected[12:, :, -1].any()
    part = apply(service, "heal", raw, layer=True, mask=SELECTION.tobytes())
    exact = unselected[..., -1] * (SELECTION / 255)
    assert np.abs(part[..., -1] - exact).max() <= (1e-6 if depth == 32 else 0.51)


@pytest.mark.parametrize("selection", [b"", bytes(WIDTH * HEIGHT)])
def test_a_layer_that_would_show_nothing_is_refused(service: Service, selection: bytes) -> None:
    raw = scratched(4, 8) if selection else np.full((HEIGHT, WIDTH, 4), 20, np.uint8)
    with pytest.raises(ServiceError, match="Nothing was found to be changed"):
        apply(service, "heal", raw, layer=True, mask=selection)
