"""A fake of the parts of Krita and Qt that the plug-in uses."""

from __future__ import annotations

import importlib
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import ROOT

PLUGINS = ROOT / "plugins"
CHANNELS = {"GRAYA": 2, "RGBA": 4, "CMYKA": 5}
DTYPES = {"U8": np.uint8, "U16": np.uint16, "F16": np.float16, "F32": np.float32}
SRGB = ("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")
ColorSpace = tuple[str, str, str]


class Rect(NamedTuple):
    """QRect."""

    left: int
    top: int
    wide: int
    high: int

    def x(self) -> int:
        return self.left

    def y(self) -> int:
        return self.top

    def width(self) -> int:
        return self.wide

    def height(self) -> int:
        return self.high

    def getRect(self) -> tuple[int, int, int, int]:
        return tuple(self)

    def __and__(self, other: Rect) -> Rect:
        left, top = max(self.left, other.left), max(self.top, other.top)
        right = min(self.left + self.wide, other.left + other.wide)
        bottom = min(self.top + self.high, other.top + other.high)
        return Rect(left, top, max(0, right - left), max(0, bottom - top))


class Colored:
    """Something with a color space."""

    space: ColorSpace

    def colorModel(self) -> str:
        return self.space[0]

    def colorDepth(self) -> str:
        return self.space[1]

    def colorProfile(self) -> str:
        return self.space[2]


@dataclass(eq=False)
class Node(Colored):
    """A layer with samples (H, W, channels) in Krita's order, whose top left pixel is at `corner`."""

    samples: NDArray[Any]
    space: ColorSpace = SRGB
    corner: tuple[int, int] = (0, 0)
    parent: Node | None = None
    kind: str = "paintlayer"
    title: str = ""
    children: list[Node] = field(default_factory=list)
    shown: bool = True

    def type(self) -> str:
        return self.kind

    def parentNode(self) -> Node | None:
        return self.parent

    def bounds(self) -> Rect:
        return Rect(*self.corner, self.samples.shape[1], self.samples.shape[0])

    def projectionPixelData(self, x: int, y: int, width: int, height: int) -> bytes:
        left, top = x - self.corner[0], y - self.corner[1]
        return self.samples[top : top + height, left : left + width].tobytes()

    pixelData = projectionPixelData

    def setPixelData(self, data: bytes, x: int, y: int, width: int, height: int) -> None:
        """Ignores data of a wrong length, as Krita does."""
        flat = np.frombuffer(data, DTYPES[self.space[1]])
        if flat.size == width * height * CHANNELS[self.space[0]]:
            self.samples, self.corner = flat.reshape(height, width, -1), (x, y)

    def addChildNode(self, node: Node, above: Node | None) -> None:
        node.parent = self
        self.children.insert(self.children.index(above) + 1 if above else 0, node)

    def childNodes(self) -> list[Node]:
        return list(self.children)

    def setVisible(self, visible: bool) -> None:
        self.shown = visible

    def setColorSpace(self, *space: str) -> None:
        """Replace the samples by their mean over the channels: enough to detect the conversion."""
        grey = self.samples.mean(axis=2, keepdims=True)
        self.samples = np.repeat(grey, CHANNELS[space[0]], axis=2).astype(DTYPES[space[1]])
        self.space = space


@dataclass
class Selection:
    """mask: one byte per pixel, (H, W), of the whole canvas."""

    mask: NDArray[np.uint8]

    def _box(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return np.flatnonzero(self.mask.any(axis=0)), np.flatnonzero(self.mask.any(axis=1))

    def x(self) -> int:
        return int(self._box()[0][0])

    def y(self) -> int:
        return int(self._box()[1][0])

    def width(self) -> int:
        return int(np.ptp(self._box()[0])) + 1

    def height(self) -> int:
        return int(np.ptp(self._box()[1])) + 1

    def pixelData(self, x: int, y: int, width: int, height: int) -> bytes:
        return self.mask[y : y + height, x : x + width].tobytes()


class Document(Colored):
    """An image; `undo_steps` records changes that add a step to the undo history."""

    def __init__(self, width: int, height: int, space: ColorSpace = SRGB, *layers: Node) -> None:
        self.size, self.space, self.undo_steps, self.selected = (width, height), space, [], None
        self.root = Node(np.zeros((height, width, CHANNELS[space[0]]), DTYPES[space[1]]), space, kind="grouplayer")
        for node in layers:
            self.root.addChildNode(node, self.root.children[-1] if self.root.children else None)
        self.active = layers[-1] if layers else None

    def width(self) -> int:
        return self.size[0]

    def height(self) -> int:
        return self.size[1]

    def bounds(self) -> Rect:
        return Rect(0, 0, *self.size)

    def selection(self) -> Selection | None:
        return self.selected

    def activeNode(self) -> Node | None:
        return self.active

    def rootNode(self) -> Node:
        return self.root

    def topLevelNodes(self) -> list[Node]:
        return self.root.children

    def createNode(self, title: str, kind: str) -> Node:
        empty = np.zeros((0, 0, CHANNELS[self.space[0]]), DTYPES[self.space[1]])
        return Node(empty, self.space, kind=kind, title=title)

    def setColorSpace(self, *space: str) -> None:
        self.undo_steps.append(space)
        self.space = space
        for node in self.root.children:
            node.setColorSpace(*space)

    def scaleImage(self, width: int, height: int, *_: object) -> None:
        self.undo_steps.append((width, height))
        self.size = width, height

    def xRes(self) -> float:
        return 72.0

    yRes = resolution = xRes

    def waitForDone(self) -> None:
        """Nothing to wait for."""

    def setModified(self, modified: bool) -> None:
        """Nothing to do."""


class Application:
    """The Krita object."""

    def __init__(self) -> None:
        self.opened: list[Document] = []
        self.viewed: list[Document] = []

    def documents(self) -> list[Document]:
        return self.opened

    def activeDocument(self) -> Document | None:
        return self.opened[-1] if self.opened else None

    def createDocument(
        self, width: int, height: int, name: str, model: str, depth: str, profile: str, resolution: float
    ) -> Document:
        document = Document(width, height, (model, depth, profile))
        document.root.addChildNode(document.createNode("Background", "paintlayer"), None)
        self.opened.append(document)
        document.close = lambda: self.opened.remove(document)  # type: ignore[attr-defined]
        return document

    def activeWindow(self) -> Any:
        return SimpleNamespace(addView=self.viewed.append)


def as_pixels(plug_in: ModuleType, values: Any, canvas: tuple[int, int] | None = None) -> Any:
    height, width, channels = values.shape
    return plug_in.client.Pixels(width, height, channels, values.itemsize * 8, values.tobytes(), canvas)


def as_array(pixels: Any) -> Any:
    dtype = {8: np.uint8, 16: np.uint16, 32: np.float32}[pixels.depth]
    return np.frombuffer(pixels.data, dtype).reshape(pixels.height, pixels.width, pixels.channels)


def load_plug_in(
    monkeypatch: pytest.MonkeyPatch, folder: Path, binding: str = "PyQt5"
) -> tuple[ModuleType, Application]:
    """Install the plug-in below `folder` and import it with a fake Krita; returns both."""
    application = Application()
    qobject = type("QObject", (), {"__module__": f"{binding}.QtCore"})
    krita = ModuleType("krita")
    krita.Krita = type("Krita", (qobject,), {"instance": staticmethod(lambda: application)})  # type: ignore[attr-defined]
    krita.DockWidget = object  # type: ignore[attr-defined]
    core, widgets = ModuleType(f"{binding}.QtCore"), ModuleType(f"{binding}.QtWidgets")
    core.QRect, core.QByteArray = Rect, bytes  # type: ignore[attr-defined]
    for module in (krita, ModuleType(binding), core, widgets):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    package = ModuleType("ganfx_krita")
    package.__path__ = [str(shutil.copytree(PLUGINS / "krita" / "ganfx_krita", folder / "ganfx_krita"))]
    shutil.copy(PLUGINS / "client.py", folder / "ganfx_krita")
    for name in ("ganfx_krita", *(f"ganfx_krita.{name}" for name in ("client", "canvas", "docker"))):
        monkeypatch.setitem(sys.modules, name, package)
        monkeypatch.delitem(sys.modules, name)
    sys.modules["ganfx_krita"] = package
    for name in ("canvas", "docker", "client"):
        setattr(package, name, importlib.import_module(f"ganfx_krita.{name}"))
    return package, application
