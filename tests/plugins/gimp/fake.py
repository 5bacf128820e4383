"""A fake of the parts of GIMP that the plug-in uses; `image.calls` records what is done to an image and its layers."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.conftest import ROOT

PLUGINS = ROOT / "plugins"
SAMPLES = {"Y'": 1, "Y'A": 2, "R'G'B'": 3, "R'G'B'A": 4, "Y": 1}
SIZES = {"u8": 1, "u16": 2, "float": 4}
Rect = tuple[int, int, int, int]


@dataclass
class Buffer:
    """Pixels whose bytes are all `value`; records reads and writes."""

    calls: list[Any]
    value: int = 7

    def get(self, rect: Rect, scale: float, form: str, abyss: object) -> bytes:
        self.calls.append(("get", form, rect))
        colors, number = form.split()
        return bytes([self.value]) * (rect[2] * rect[3] * SAMPLES[colors] * SIZES[number])

    def set(self, rect: Rect, form: str, data: bytes) -> None:
        colors, number = form.split()
        assert len(data) == rect[2] * rect[3] * SAMPLES[colors] * SIZES[number]
        self.calls.append(("set", form, rect))

    def flush(self) -> None:
        """Nothing to do."""


@dataclass
class Image:
    """selected: the selection as (left, top, width, height). base: the name of GIMP's base type."""

    size: tuple[int, int]
    selected: Rect | None = None
    base: str = "RGB"
    calls: list[Any] = field(default_factory=list)

    @property
    def box(self) -> Rect:
        """The selection, or the whole image, as (left, top, right, bottom)."""
        left, top, width, height = self.selected or (0, 0, *self.size)
        return left, top, left + width, top + height

    def get_selection(self) -> Image:
        return self

    def get_buffer(self) -> Buffer:
        return Buffer(self.calls, 0 if self.selected is None else 7)

    def get_base_type(self) -> str:
        return self.base

    def get_width(self) -> int:
        return self.size[0]

    def get_height(self) -> int:
        return self.size[1]

    def __getattr__(self, name: str) -> Any:
        return lambda *given: self.calls.append((name, *given))


@dataclass
class Layer:
    """A layer or another drawable.

    kind: the methods is_... and has_... that return true. encoding, space: babl's names of the pixel format. value: of
    all bytes of its pixels.
    """

    image: Image
    size: tuple[int, int]
    offsets: tuple[int, int] = (0, 0)
    encoding: str = "R'G'B' u8"
    space: str = "sRGB"
    kind: tuple[str, ...] = ("is_layer", "is_valid")
    locked: bool = False
    writable: bool = True
    parent: Layer | None = None
    mode: str = "NORMAL"
    value: int = 7

    def set_offsets(self, *offsets: int) -> None:
        self.image.calls.append(("set_offsets", *offsets))

    def mask_intersect(self) -> tuple[bool, int, int, int, int]:
        if self.image.selected is None:
            return True, 0, 0, *self.size
        x, y, width, height = self.image.selected
        left, top = max(0, x - self.offsets[0]), max(0, y - self.offsets[1])
        right = min(x - self.offsets[0] + width, self.size[0])
        bottom = min(y - self.offsets[1] + height, self.size[1])
        return right > left and bottom > top, left, top, right - left, bottom - top

    def set_visible(self, visible: bool) -> None:
        self.image.calls.append(("set_visible", visible))

    def add_alpha(self) -> None:
        self.image.calls.append(("add_alpha",))

    def merge_shadow(self, undoable: bool) -> bool:
        self.image.calls.append(("merge", undoable))
        return self.writable

    def __getattr__(self, name: str) -> Any:
        values = {
            "get_name": "Sky",
            "get_image": self.image,
            "get_width": self.size[0],
            "get_height": self.size[1],
            "get_offsets": (True, *self.offsets),
            "get_parent": self.parent,
            "get_mode": self.mode,
            "get_mask": None,
            "get_opacity": 70,
            "type_with_alpha": "RGBA",
            "get_lock_content": self.locked,
            "get_format": self,
            "get_buffer": Buffer(self.image.calls, self.value),
            "get_shadow_buffer": Buffer(self.image.calls),
            "update": None,
        }
        if not name.startswith(("is_", "has_", "get_", "type", "update")):
            raise AttributeError(name)
        return lambda *_: values.get(name, name in self.kind)


@dataclass
class Procedure:
    """A procedure; `arguments` by name, as (kind, other parameters...)."""

    name: str
    call: Any
    arguments: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def new_return_values(self, status: str, error: Any) -> SimpleNamespace:
        return SimpleNamespace(status=status, error=error, remove=lambda at: None, insert=lambda at, value: None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("add_") and name.endswith("_argument"):
            return lambda argument, *rest: self.arguments.update({argument: (name[4:-9], *rest)})
        return lambda *_: None


@dataclass
class FakeClient:
    """A client whose results are pictures with the given scale and channels, or it raises `failure`.

    All bytes of a picture are its seed if it `has_choices`, else 0.
    """

    plug_in: ModuleType
    scale: float = 1
    channels: int | None = None
    failure: Exception | None = None
    sent: list[Any] = field(default_factory=list)
    while_working: Any = None
    has_choices: bool = True

    def apply(self, filter_name: str, pixels: Any, report: Any, **fields: Any) -> Any:
        self.sent.append(SimpleNamespace(filter=filter_name, pixels=pixels, **fields))
        report(0.5)
        if self.while_working:
            self.while_working()
        if self.failure:
            raise self.failure
        width, height = (round(side * self.scale) for side in (pixels.width, pixels.height))
        channels = self.channels or pixels.channels
        canvas = tuple(round(side * self.scale) for side in fields["canvas"]) if "canvas" in fields else None
        value = fields["options"].get("seed", 0) * self.has_choices
        data = bytes([value]) * (width * height * channels * pixels.depth // 8)
        return self.plug_in.Pixels(width, height, channels, pixels.depth, data, canvas)


class Choice(dict[str, str]):
    def add(self, name: str, number: int, title: str, text: str) -> None:
        self[name] = title


class Anything:
    """Every upper-case name is a constant, every other one a function that does nothing."""

    def __getattr__(self, name: str) -> Any:
        return name if name.isupper() else lambda *_: None


def _new_layer(image: Image, name: str, width: int, height: int, *properties: Any) -> Layer:
    image.calls.append(("new_layer", name, *properties))
    return Layer(image, (width, height))


def _gimp() -> Any:
    gimp: Any = Anything()
    gimp.PlugIn = type("PlugIn", (), {"error_quark": staticmethod(lambda: 0)})
    gimp.Image, gimp.Layer = SimpleNamespace(__gtype__=None), SimpleNamespace(new=_new_layer)
    gimp.Choice = SimpleNamespace(new=Choice)
    gimp.ImageProcedure = SimpleNamespace(new=lambda plug_in, name, kind, call, data: Procedure(name, call))
    gimp.Selection = SimpleNamespace(
        is_empty=lambda image: image.selected is None,
        none=lambda image: image.calls.append(("unselect",)),
        bounds=lambda image: (True, image.selected is not None, *image.box),
    )
    for kinds in ("PDBStatusType", "RunMode", "ChannelOps", "PDBProcType", "ImageBaseType", "LayerMode", "FillType"):
        setattr(gimp, kinds, Anything())
    gimp.ProcedureSensitivityMask = SimpleNamespace(ALWAYS=1, DRAWABLE=2, DRAWABLES=4)
    gimp.get_pdb = lambda: SimpleNamespace(get_last_error=lambda: "it is not to be")
    return gimp


def _repository() -> ModuleType:
    repository: Any = ModuleType("gi.repository")
    repository.Gimp, repository.GimpUi = _gimp(), Anything()
    repository.Gegl = SimpleNamespace(Rectangle=SimpleNamespace(new=lambda *rect: rect), AbyssPolicy=Anything())
    error = type("Error", (), {"new_literal": staticmethod(lambda quark, text, code: text)})
    repository.GLib = SimpleNamespace(Error=error)
    repository.GObject = SimpleNamespace(ParamFlags=Anything(), Value=lambda kind, value: value)
    repository.Babl = SimpleNamespace(
        format_get_encoding=lambda layer: layer.encoding,
        format_get_space=lambda layer: layer.space,
        get_name=lambda space: space,
    )
    return repository


def load_plug_in(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the plug-in's module with the fake GIMP."""
    gi: Any = ModuleType("gi")
    gi.require_version, gi.repository = lambda module, version: None, _repository()
    monkeypatch.setitem(sys.modules, "gi", gi)
    monkeypatch.setitem(sys.modules, "gi.repository", gi.repository)
    folder = PLUGINS / "gimp" / "ganfx"
    files = {"client": PLUGINS / "client.py", "layers": folder / "layers.py", "ganfx_in_gimp": folder / "ganfx.py"}
    for name, path in files.items():
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        # Needed by dataclasses.
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
    return module
