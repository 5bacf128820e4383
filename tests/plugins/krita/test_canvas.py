"""The Krita plug-in's own reasoning: what it sends, what it puts where, and what it says when something is wrong.

That Krita itself agrees is seen in tests/real_hosts.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from tests.plugins.krita.fake import (
    CHANNELS,
    DTYPES,
    SRGB,
    Application,
    Document,
    Node,
    Selection,
    Space,
    as_array,
    as_pixels,
)

GREY = ("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc")
SPACES = [SRGB, (SRGB[0], "U16", SRGB[2]), (SRGB[0], "F32", SRGB[2]), GREY, (GREY[0], "U16", GREY[2])]


def noise(width: int, height: int, space: Space = SRGB, corner: tuple[int, int] = (0, 0)) -> Node:
    dtype = DTYPES[space[1]]
    values = np.random.default_rng(1).random((height, width, CHANNELS[space[0]]))
    top = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    return Node((values * top).astype(dtype), space, corner)


def opened(krita: Application, *layers: Node, space: Space = SRGB, size: tuple[int, int] = (8, 6)) -> Document:
    document = Document(*size, space, *layers)
    krita.opened.append(document)
    return document


@pytest.mark.parametrize("space", SPACES)
def test_pixels_are_sent_and_put_back_as_they_are(plug_in: ModuleType, krita: Application, space: Space) -> None:
    layer = noise(8, 6, space)
    document = opened(krita, layer, space=space)
    source = plug_in.canvas.take(False, 1, False)
    assert np.array_equal(as_array(source.pixels), layer.samples)
    assert source.asked == {"layer": True, "mask": b"", "order": "rgb" if space[1] == "F32" else "bgr"}
    assert plug_in.canvas.put(source, source.pixels, "copy", False) == "Done, in a new layer"
    assert [node.title for node in document.topLevelNodes()] == ["", "copy"]
    assert np.array_equal(document.topLevelNodes()[1].samples, layer.samples)
    assert document.notes == []


def test_what_is_outside_the_canvas_stays_away(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6), noise(6, 5, corner=(-2, 3)))
    source = plug_in.canvas.take(False, 1, False)
    assert source.place == (0, 3, 4, 3)
    plug_in.canvas.put(source, source.pixels, "part", False)
    assert document.topLevelNodes()[-1].bounds().getRect() == (0, 3, 4, 3)


def test_mask_stands_for_its_layer(plug_in: ModuleType, krita: Application) -> None:
    layer = noise(8, 6)
    document = opened(krita, layer)
    document.active = Node(np.zeros((6, 8, 1), np.uint8), parent=layer, kind="transparencymask")
    assert plug_in.canvas.take(False, 1, False).below is layer


def test_top_layer_stands_in_where_none_is_active(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6), noise(4, 4))
    document.active = None
    assert plug_in.canvas.take(False, 1, False).below is document.topLevelNodes()[-1]


@pytest.mark.parametrize(
    ("space", "sent"),
    [
        (("CMYKA", "U8", "ink"), SRGB),
        (("RGBA", "F16", "linear"), (SRGB[0], "F32", SRGB[2])),
        (("GRAYA", "U16", "linear"), (GREY[0], "U16", GREY[2])),
    ],
)
def test_other_colors_are_converted_aside(plug_in: ModuleType, krita: Application, space: Space, sent: Space) -> None:
    layer = noise(8, 6, space)
    document = opened(krita, layer, space=space)
    source = plug_in.canvas.take(False, 1, False)
    assert (source.pixels.channels, source.pixels.depth) == (CHANNELS[sent[0]], DTYPES[sent[1]]().itemsize * 8)
    plug_in.canvas.put(source, source.pixels, "back", False)
    assert document.topLevelNodes()[-1].space == space
    assert document.topLevelNodes()[-1].samples.shape == layer.samples.shape
    assert document.notes == []
    assert krita.opened == [document]


def test_larger_result_scales_the_image_first(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6), noise(4, 2, corner=(2, 1)))
    source = plug_in.canvas.take(False, 2, False)
    double = as_pixels(plug_in, as_array(source.pixels).repeat(2, axis=0).repeat(2, axis=1))
    assert plug_in.canvas.put(source, double, "double", False) == "Done, in a new layer. Undo takes 2 steps"
    assert document.notes == [(16, 12)]
    assert document.topLevelNodes()[-1].bounds().getRect() == (4, 2, 8, 4)


def test_larger_result_of_an_image_that_changed_is_opened(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6))
    source = plug_in.canvas.take(False, 2, False)
    double = as_pixels(plug_in, as_array(source.pixels).repeat(2, axis=0).repeat(2, axis=1))
    document.size = 5, 5
    assert plug_in.canvas.put(source, double, "double", False) == "Done, as a new image"
    assert [(image.size, image.space) for image in krita.viewed] == [((16, 12), SRGB)]
    assert document.notes == []


def test_new_image_is_of_the_selections_box(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6))
    document.selected = Selection(np.pad(np.full((2, 3), 200, np.uint8), ((1, 3), (4, 1))))
    source = plug_in.canvas.take(False, 2, True)
    assert source.place == (4, 1, 3, 2)
    assert source.asked["mask"] == bytes([200] * 6)


def test_grey_image_takes_colors(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6, GREY), space=GREY)
    source = plug_in.canvas.take(False, 1, False)
    colored = as_pixels(plug_in, np.full((6, 8, 4), (10, 20, 30, 255), np.uint8))
    assert plug_in.canvas.put(source, colored, "colors", False) == "Done, in a new layer. Undo takes 2 steps"
    assert document.notes == [SRGB]
    assert (document.topLevelNodes()[-1].samples == (10, 20, 30, 255)).all()


@pytest.mark.parametrize(
    ("layer", "selected", "said"),
    [
        (None, None, "There is no image to work on. Open one first"),
        (Node(np.zeros((6, 8, 4), np.uint8)), None, "There is nothing in this layer. Choose another"),
        (noise(3, 6), (6, 0), "There is nothing selected in this layer. Choose another"),
        (noise(3, 6, corner=(20, 0)), None, "There is nothing in this layer. Choose another"),
    ],
)
def test_nothing_to_work_on(
    plug_in: ModuleType, krita: Application, layer: Node | None, selected: tuple[int, int] | None, said: str
) -> None:
    document = opened(krita, layer) if layer else None
    if document and selected:
        mask = np.zeros((6, 8), np.uint8)
        mask[selected[1], selected[0]] = 255
        document.selected = Selection(mask)
    with pytest.raises(plug_in.client.GanfxError, match=said):
        plug_in.canvas.take(False, 1, False)


def test_result_that_krita_could_not_hold_is_refused_before_anything_is_read(
    plug_in: ModuleType, krita: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = 12_000
    layer = Node(np.broadcast_to(np.uint8(1), (side, side, 4)))
    opened(krita, layer, size=(side, side))
    monkeypatch.setattr(Node, "projectionPixelData", lambda *place: pytest.fail("read"))
    with pytest.raises(plug_in.client.GanfxError, match="too large"):
        plug_in.canvas.take(False, 2, False)
