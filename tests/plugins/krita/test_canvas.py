"""The Krita plug-in with a fake Krita: what it sends, where it inserts results, and its error messages.

tests/real_hosts does the same in the real Krita.
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
    ColorSpace,
    Document,
    Node,
    Selection,
    as_array,
    as_pixels,
)

GREY = ("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc")
SPACES = [SRGB, (SRGB[0], "U16", SRGB[2]), (SRGB[0], "F32", SRGB[2]), GREY, (GREY[0], "U16", GREY[2])]


def noise(width: int, height: int, space: ColorSpace = SRGB, corner: tuple[int, int] = (0, 0)) -> Node:
    dtype = DTYPES[space[1]]
    values = np.random.default_rng(1).random((height, width, CHANNELS[space[0]]))
    top = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    return Node((values * top).astype(dtype), space, corner)


def opened(krita: Application, *layers: Node, space: ColorSpace = SRGB, size: tuple[int, int] = (8, 6)) -> Document:
    document = Document(*size, space, *layers)
    krita.opened.append(document)
    return document


@pytest.mark.parametrize("space", SPACES)
def test_pixels_are_sent_and_inserted_unchanged(plug_in: ModuleType, krita: Application, space: ColorSpace) -> None:
    layer = noise(8, 6, space)
    document = opened(krita, layer, space=space)
    source = plug_in.canvas.read_source(False, False, False)
    assert np.array_equal(as_array(source.pixels), layer.samples)
    assert source.fields == {"layer": True, "mask": b"", "order": "rgb" if space[1] == "F32" else "bgr"}
    assert plug_in.canvas.insert_results(source, 1, [source.pixels], "copy", False) == "Done, in a new layer"
    assert [node.title for node in document.topLevelNodes()] == ["", "copy"]
    assert np.array_equal(document.topLevelNodes()[1].samples, layer.samples)
    assert document.undo_steps == []


def test_pixels_outside_the_canvas_are_not_sent(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6), noise(6, 5, corner=(-2, 3)))
    source = plug_in.canvas.read_source(False, False, False)
    assert source.rect == (0, 3, 4, 3)
    plug_in.canvas.insert_results(source, 1, [source.pixels], "part", False)
    assert document.topLevelNodes()[-1].bounds().getRect() == (0, 3, 4, 3)


def test_for_a_mask_its_layer_is_used(plug_in: ModuleType, krita: Application) -> None:
    layer = noise(8, 6)
    document = opened(krita, layer)
    document.active = Node(np.zeros((6, 8, 1), np.uint8), parent=layer, kind="transparencymask")
    assert plug_in.canvas.read_source(False, False, False).layer is layer


def test_the_top_layer_is_used_if_none_is_active(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6), noise(4, 4))
    document.active = None
    assert plug_in.canvas.read_source(False, False, False).layer is document.topLevelNodes()[-1]


@pytest.mark.parametrize(
    ("space", "sent"),
    [
        (("CMYKA", "U8", "ink"), SRGB),
        (("RGBA", "F16", "linear"), (SRGB[0], "F32", SRGB[2])),
        (("GRAYA", "U16", "linear"), (GREY[0], "U16", GREY[2])),
    ],
)
def test_other_color_spaces_are_converted_without_undo_steps(
    plug_in: ModuleType, krita: Application, space: ColorSpace, sent: ColorSpace
) -> None:
    layer = noise(8, 6, space)
    document = opened(krita, layer, space=space)
    source = plug_in.canvas.read_source(False, False, False)
    assert (source.pixels.channels, source.pixels.depth) == (CHANNELS[sent[0]], DTYPES[sent[1]]().itemsize * 8)
    plug_in.canvas.insert_results(source, 1, [source.pixels], "back", False)
    assert document.topLevelNodes()[-1].space == space
    assert document.topLevelNodes()[-1].samples.shape == layer.samples.shape
    assert document.undo_steps == []
    assert krita.opened == [document]


def test_larger_result_scales_the_image_first(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6), noise(4, 2, corner=(2, 1)))
    source = plug_in.canvas.read_source(False, True, False)
    assert source.fields["canvas"] == (8, 6)
    double = as_pixels(plug_in, as_array(source.pixels).repeat(2, axis=0).repeat(2, axis=1), canvas=(16, 12))
    assert (
        plug_in.canvas.insert_results(source, 1, [double], "double", False)
        == "Done, in a new layer. Undo takes 2 steps"
    )
    assert document.undo_steps == [(16, 12)]
    assert document.topLevelNodes()[-1].bounds().getRect() == (4, 2, 8, 4)


def test_larger_result_of_an_image_that_changed_is_opened(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6))
    source = plug_in.canvas.read_source(False, True, False)
    double = as_pixels(plug_in, as_array(source.pixels).repeat(2, axis=0).repeat(2, axis=1))
    document.size = 5, 5
    assert plug_in.canvas.insert_results(source, 1, [double], "double", False) == "Done, as a new image"
    assert [(image.size, image.space) for image in krita.viewed] == [((16, 12), SRGB)]
    assert document.undo_steps == []


def test_a_new_image_holds_the_bounding_box_of_the_selection(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6))
    document.selected = Selection(np.pad(np.full((2, 3), 200, np.uint8), ((1, 3), (4, 1))))
    source = plug_in.canvas.read_source(False, True, True)
    assert source.rect == (4, 1, 3, 2)
    assert source.fields["mask"] == bytes([200] * 6)


def test_a_colored_result_turns_a_grey_image_into_rgb(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6, GREY), space=GREY)
    source = plug_in.canvas.read_source(False, False, False)
    colored = as_pixels(plug_in, np.full((6, 8, 4), (10, 20, 30, 255), np.uint8))
    assert (
        plug_in.canvas.insert_results(source, 1, [colored], "colors", False)
        == "Done, in a new layer. Undo takes 2 steps"
    )
    assert document.undo_steps == [SRGB]
    assert (document.topLevelNodes()[-1].samples == (10, 20, 30, 255)).all()


@pytest.mark.parametrize(
    ("layer", "selected", "message"),
    [
        (None, None, "There is no image to work on. Open one first"),
        (Node(np.zeros((6, 8, 4), np.uint8)), None, "There is nothing in this layer. Choose another"),
        (noise(3, 6), (6, 0), "There is nothing selected in this layer. Choose another"),
        (noise(3, 6, corner=(20, 0)), None, "There is nothing in this layer. Choose another"),
    ],
)
def test_missing_pixels_are_an_error(
    plug_in: ModuleType, krita: Application, layer: Node | None, selected: tuple[int, int] | None, message: str
) -> None:
    document = opened(krita, layer) if layer else None
    if document and selected:
        mask = np.zeros((6, 8), np.uint8)
        mask[selected[1], selected[0]] = 255
        document.selected = Selection(mask)
    with pytest.raises(plug_in.client.ServiceError, match=message):
        plug_in.canvas.read_source(False, False, False)


def test_an_image_that_krita_could_not_hand_over_is_refused_before_anything_is_read(
    plug_in: ModuleType, krita: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = 24_000
    layer = Node(np.broadcast_to(np.uint8(1), (side, side, 4)))
    opened(krita, layer, size=(side, side))
    monkeypatch.setattr(Node, "projectionPixelData", lambda *rect: pytest.fail("read"))
    with pytest.raises(plug_in.client.ServiceError, match="too large"):
        plug_in.canvas.read_source(False, True, False)


def test_candidates_are_numbered_layers_of_one_group_of_which_the_first_is_visible(
    plug_in: ModuleType, krita: Application
) -> None:
    document = opened(krita, noise(8, 6))
    source = plug_in.canvas.read_source(False, False, False)
    fillings = [np.full((6, 8, 4), number, np.uint8) for number in range(3)]
    results = [as_pixels(plug_in, filling) for filling in fillings]
    message = plug_in.canvas.insert_results(source, 3, results, "Inpaint: Photo fill", False)
    assert message == "Done, in 3 new layers"
    group = document.topLevelNodes()[-1]
    assert (group.title, group.kind) == ("Inpaint: Photo fill", "grouplayer")
    layers = [(node.title, node.shown) for node in reversed(group.children)]
    assert layers == [("Inpaint 1", True), ("Inpaint 2", False), ("Inpaint 3", False)]
    for node, filling in zip(reversed(group.children), fillings, strict=True):
        assert np.array_equal(node.samples, filling)
    assert document.undo_steps == []


def test_where_there_is_one_candidate_only_that_is_said(plug_in: ModuleType, krita: Application) -> None:
    document = opened(krita, noise(8, 6))
    source = plug_in.canvas.read_source(False, False, False)
    message = plug_in.canvas.insert_results(source, 3, [source.pixels], "Inpaint: Photo fill", False)
    assert message == "Done, in a new layer. There is one result only: thin holes are filled in one way"
    assert document.topLevelNodes()[-1].kind == "paintlayer"
