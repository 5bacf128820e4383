"""Between Krita's documents and the pixels that the engine works on."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from krita import Krita

from .client import GanfxError, Pixels

# Qt as Krita itself has it: the other one, loaded into its process, would crash it.
_QT = next(base.__module__ for base in Krita.__mro__ if base.__name__ == "QObject").partition(".")[0]
QtCore, QtWidgets = import_module(f"{_QT}.QtCore"), import_module(f"{_QT}.QtWidgets")

# A color space in Krita's words: model, depth, profile.
Space = tuple[str, str, str]
_SENT = {2: ("GRAYA", "Gray-D50-elle-V2-srgbtrc.icc"), 4: ("RGBA", "sRGB-elle-V2-srgbtrc.icc")}


class Source(NamedTuple):
    """What is worked on: `pixels` at `place` (x, y, width, height), and what the engine must know of them.

    size is the document's. The result belongs above the layer `below`.
    """

    document: Any
    size: tuple[int, int]
    below: Any
    place: tuple[int, ...]
    pixels: Pixels
    asked: dict[str, Any]


def is_open(document: Any) -> bool:
    """Whether there is an image, and Krita still has it."""
    return document is not None and document in Krita.instance().documents()


def take(merged: bool, scale: int, crop: bool) -> Source:
    """The active layer as it shows within the canvas, or `merged` with all others; with `crop`, the selection's box.

    Raises GanfxError where there is nothing, or where a result `scale` times as wide were too large for Krita.
    """
    document = Krita.instance().activeDocument()
    if not is_open(document):
        raise GanfxError("There is no image to work on", "Open one first")
    document.waitForDone()
    node, below = document.rootNode(), document.topLevelNodes()[-1]
    if not merged:
        node = below = document.activeNode() or below
        while node.type().endswith("mask"):
            node = below = node.parentNode()
    box, selection, space = node.bounds() & document.bounds(), document.selection(), _space(node)
    if crop and selection:
        box &= QtCore.QRect(selection.x(), selection.y(), selection.width(), selection.height())
    place, channels, depth = box.getRect(), 2 if space[0] == "GRAYA" else 4, {"U8": 8, "U16": 16}.get(space[1], 32)
    # Qt counts an array's bytes in 31 bits.
    if box.width() * box.height() * scale**2 * channels * depth // 8 >= 1 << 31:
        raise GanfxError("The result would be too large for a plug-in of Krita", "Use the command line: ganfx --help")
    data, chosen = bytes(node.projectionPixelData(*place)), bytes(selection.pixelData(*place) if selection else b"")
    if not any(data) or (selection and not any(chosen)):
        what = "nothing selected" if selection else "nothing"
        raise GanfxError(f"There is {what} in this layer", "Choose another layer, or all visible layers")
    data = _converted(data, place[2:], space, _sent(channels, depth))
    pixels, size = Pixels(*place[2:], channels, depth, data), (document.width(), document.height())
    # Krita keeps whole numbers as blue, green, red, and floats as red, green, blue.
    asked = {"layer": True, "mask": chosen, "order": "bgr" if depth < 32 else "rgb"}
    return Source(document, size, below, place, pixels, asked)


def put(source: Source, result: Pixels, name: str, as_image: bool) -> str:
    """Add `result` as a layer, scaling the image where it is larger, or open it `as_image`; says what was done."""
    document, scale, space = source.document, result.width // source.pixels.width, _space(source.document)
    colored = space[0] == "GRAYA" and result.channels > source.pixels.channels
    if colored:
        space = ("RGBA", space[1], _SENT[4][1])
    size = (result.width, result.height)
    data = _converted(result.data, size, _sent(result.channels, result.depth), space)
    if as_image or (scale > 1 and source.size != (document.width(), document.height())):
        image = _image(data, size, space, name, float(document.resolution()))
        Krita.instance().activeWindow().addView(image)
        return "Done, as a new image"
    if colored:
        document.setColorSpace(*space)
    if scale > 1:
        sides = (scale * side for side in source.size)
        document.scaleImage(*sides, int(document.xRes()), int(document.yRes()), "Bicubic")
    document.waitForDone()
    layer, parent = document.createNode(name, "paintlayer"), source.below.parentNode()
    # Before it is in the image, for it cannot be undone.
    layer.setPixelData(QtCore.QByteArray(data), *(scale * part for part in source.place))
    (parent or document.rootNode()).addChildNode(layer, source.below if parent else None)
    steps = 1 + colored + (scale > 1)
    return "Done, in a new layer" + (f". Undo takes {steps} steps" if steps > 1 else "")


def _space(thing: Any) -> Space:
    return thing.colorModel(), thing.colorDepth(), thing.colorProfile()


def _sent(channels: int, depth: int) -> Space:
    """The color space of what travels to the engine and back."""
    return _SENT[channels][0], f"U{depth}" if depth < 32 else "F32", _SENT[channels][1]


def _converted(data: bytes, size: tuple[int, ...], given: Space, wanted: Space) -> bytes:
    """`data` in another color space, by way of an image that nobody sees: the user's would keep it as a step."""
    if given == wanted:
        return data
    image = _image(data, size, given, "ganfx", 72.0)
    layer = image.topLevelNodes()[0]
    # As Krita shows them: only layers compensate for ink's black point, and only images are exact in linear light.
    (layer if "CMYKA" in (given[0], wanted[0]) else image).setColorSpace(*wanted)
    image.waitForDone()
    data = bytes(layer.pixelData(0, 0, *size))
    image.setModified(False)
    image.close()
    return data


def _image(data: bytes, size: tuple[int, ...], space: Space, name: str, resolution: float) -> Any:
    image = Krita.instance().createDocument(*size, name, *space, resolution)
    image.topLevelNodes()[0].setPixelData(QtCore.QByteArray(data), 0, 0, *size)
    return image
