"""Reads pixels from Krita's documents for the service, and inserts results."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from krita import Krita

from .client import ONE_RESULT, Pixels, ServiceError

# The Qt binding that Krita uses (PyQt5 or PyQt6); loading the other one would crash it.
_QT = next(base.__module__ for base in Krita.__mro__ if base.__name__ == "QObject").partition(".")[0]
QtCore, QtWidgets = import_module(f"{_QT}.QtCore"), import_module(f"{_QT}.QtWidgets")

# The size of a QByteArray is a signed 32-bit integer.
MOST_BYTES = (1 << 31) - 1
# Krita's names of a color space: model, depth, profile.
ColorSpace = tuple[str, str, str]
# Color model and profile sent to the service, by channels.
_SENT_SPACES = {2: ("GRAYA", "Gray-D50-elle-V2-srgbtrc.icc"), 4: ("RGBA", "sRGB-elle-V2-srgbtrc.icc")}


class SourceRegion(NamedTuple):
    """The part of a document that is sent to the service.

    document_size: (width, height) when it was read. layer: the layer above which the result is inserted. rect: (x, y,
    width, height) of the pixels. fields: further fields of the request.
    """

    document: Any
    document_size: tuple[int, int]
    layer: Any
    rect: tuple[int, ...]
    pixels: Pixels
    fields: dict[str, Any]


def is_open(document: Any) -> bool:
    """Whether `document` is an image that Krita still has open."""
    return document is not None and document in Krita.instance().documents()


def read_source(merged: bool, enlarges: bool, crop: bool) -> SourceRegion:
    """Read the active layer within the canvas, or the `merged` image; with `crop`, only the selection's bounding box.

    `enlarges` is whether the result may have another size. Raises ServiceError if there are no pixels.
    """
    document = Krita.instance().activeDocument()
    if not is_open(document):
        raise ServiceError("There is no image to work on", "Open one first")
    document.waitForDone()
    node, layer = document.rootNode(), document.topLevelNodes()[-1]
    if not merged:
        node = layer = document.activeNode() or layer
        while node.type().endswith("mask"):
            node = layer = node.parentNode()
    box, selection, space = node.bounds() & document.bounds(), document.selection(), _color_space(node)
    if crop and selection:
        box &= QtCore.QRect(selection.x(), selection.y(), selection.width(), selection.height())
    rect, channels, depth = box.getRect(), 2 if space[0] == "GRAYA" else 4, {"U8": 8, "U16": 16}.get(space[1], 32)
    if box.width() * box.height() * channels * depth // 8 > MOST_BYTES:
        raise ServiceError("The image is too large for a plug-in of Krita", "Use the command line: ganfx --help")
    data, mask = bytes(node.projectionPixelData(*rect)), bytes(selection.pixelData(*rect) if selection else b"")
    if not any(data) or (selection and not any(mask)):
        problem = "nothing selected" if selection else "nothing"
        raise ServiceError(f"There is {problem} in this layer", "Choose another layer, or all visible layers")
    data = _convert(data, rect[2:], space, _sent_space(channels, depth))
    pixels, size = Pixels(*rect[2:], channels, depth, data), (document.width(), document.height())
    # Krita stores integer samples in BGR order, floats in RGB order.
    fields = {"layer": True, "mask": mask, "order": "bgr" if depth < 32 else "rgb"}
    if enlarges:
        fields["canvas"] = rect[2:] if crop else size
    return SourceRegion(document, size, layer, rect, pixels, fields)


def insert_results(source: SourceRegion, wanted: int, results: list[Pixels], name: str, as_image: bool) -> str:
    """Add a layer or a group of them, scaling the image if they are larger, or open a new image; returns a message."""
    result = results[0]
    document, space = source.document, _color_space(source.document)
    given, made = (source.pixels.width, source.pixels.height), (result.width, result.height)
    factors, is_scaled = [new / old for new, old in zip(made, given)], made != given
    colored = space[0] == "GRAYA" and result.channels > source.pixels.channels
    if colored:
        space = ("RGBA", space[1], _SENT_SPACES[4][1])
    data = [_convert(one.data, made, _sent_space(one.channels, one.depth), space) for one in results]
    if as_image or (is_scaled and source.document_size != (document.width(), document.height())):
        image = _new_image(data[0], made, space, name, float(document.resolution()))
        Krita.instance().activeWindow().addView(image)
        return "Done, as a new image"
    if colored:
        document.setColorSpace(*space)
    if is_scaled:
        document.scaleImage(*result.canvas, int(document.xRes()), int(document.yRes()), "Bicubic")
    document.waitForDone()
    corner = (int(part * factor + 0.5) for part, factor in zip(source.rect, factors))
    rect, parent = [*corner, *made], source.layer.parentNode()
    # All of it is there before it is added, which is what undo takes back.
    (parent or document.rootNode()).addChildNode(_layers(document, name, data, rect), source.layer if parent else None)
    steps = 1 + colored + is_scaled
    done = f"Done, in {len(data)} new layers" if len(data) > 1 else "Done, in a new layer"
    return done + (f". Undo takes {steps} steps" if steps > 1 else f". {ONE_RESULT}" if len(data) < wanted else "")


def _layers(document: Any, name: str, data: list[bytes], rect: list[int]) -> Any:
    """A layer for `data`, or a group of several, numbered and the first of them visible; not in `document` yet."""
    node = document.createNode(name, "grouplayer" if len(data) > 1 else "paintlayer")
    for number in reversed(range(len(data))):
        layer = document.createNode(f"{name.partition(':')[0]} {number + 1}", "paintlayer") if len(data) > 1 else node
        layer.setPixelData(QtCore.QByteArray(data[number]), *rect)
        if layer is not node:
            layer.setVisible(number == 0)
            node.addChildNode(layer, (node.childNodes() or [None])[-1])
    return node


def _color_space(node: Any) -> ColorSpace:
    return node.colorModel(), node.colorDepth(), node.colorProfile()


def _sent_space(channels: int, depth: int) -> ColorSpace:
    """The color space of the pixels sent to the service and received from it."""
    return _SENT_SPACES[channels][0], f"U{depth}" if depth < 32 else "F32", _SENT_SPACES[channels][1]


def _convert(data: bytes, size: tuple[int, ...], source: ColorSpace, target: ColorSpace) -> bytes:
    """Convert `data` in a hidden image, since converting the user's would add an undo step."""
    if source == target:
        return data
    image = _new_image(data, size, source, "ganfx", 72.0)
    layer = image.topLevelNodes()[0]
    # As Krita displays them: only layers compensate the black point (CMYK), only images are exact in linear light.
    (layer if "CMYKA" in (source[0], target[0]) else image).setColorSpace(*target)
    image.waitForDone()
    data = bytes(layer.pixelData(0, 0, *size))
    image.setModified(False)
    image.close()
    return data


def _new_image(data: bytes, size: tuple[int, ...], space: ColorSpace, name: str, resolution: float) -> Any:
    image = Krita.instance().createDocument(*size, name, *space, resolution)
    image.topLevelNodes()[0].setPixelData(QtCore.QByteArray(data), 0, 0, *size)
    return image
