#!/usr/bin/env python3
"""GANFX in GIMP 3: a procedure for each of the engine's filters, under Filters > GANFX.

The work is the engine's (client.py). An image is touched only once that has answered, in one step of undo.
"""

from __future__ import annotations

import functools
import sys
import traceback
from concurrent import futures
from typing import Any

import gi

for _module, _version in (("Gimp", "3.0"), ("GimpUi", "3.0"), ("Gegl", "0.4"), ("Babl", "0.1")):
    gi.require_version(_module, _version)
from client import Engine, GanfxError, Pixels  # noqa: E402
from gi.repository import Babl, Gegl, Gimp, GimpUi, GLib, GObject  # noqa: E402

Filter = dict[str, Any]

_FLAGS = GObject.ParamFlags.READWRITE
# What GIMP calls the kinds of controls.
_KINDS = {"bool": "boolean", "choice": "choice", "float": "double", "int": "int", "text": "string"}
# What babl calls pixels by their channels and depth, and the spaces whose samples mean what the engine's do.
_COLORS = {1: "Y'", 2: "Y'A", 3: "R'G'B'", 4: "R'G'B'A"}
_NUMBERS = {8: "u8", 16: "u16", 32: "float"}
_OURS = ("sRGB", "space-gray-sRGB")
# Filling looks about this far; what it is sent begins at a multiple of this, so that it is cut up as the whole is.
_AROUND = 512


class Ganfx(Gimp.PlugIn):
    """The plug-in. Its procedures are made anew at every start of GIMP, from what the engine has then."""

    def do_set_i18n(self, name: str) -> bool:
        return False

    def do_init_procedures(self) -> list[str]:
        return ["ganfx-" + name for name in _filters()]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        gone = _filters().get("none", _excuse("The engine's filters have changed. Start GIMP anew"))
        filter_ = _filters().get(name[len("ganfx-") :], gone)
        call, kinds = functools.partial(run, filter_), Gimp.ProcedureSensitivityMask
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, call, None)
        procedure.set_image_types("*")
        procedure.set_sensitivity_mask(kinds.ALWAYS if "excuse" in filter_ else kinds.DRAWABLE | kinds.DRAWABLES)
        procedure.set_menu_label(filter_["title"] + "...")
        procedure.add_menu_path("<Image>/Filters/GANFX")
        procedure.set_documentation(filter_["help"], filter_["help"], name)
        _declare(procedure, filter_)
        return procedure


@functools.cache
def _filters() -> dict[str, Filter]:
    """The filters by name; where the engine cannot be asked for them, an entry that says why."""
    try:
        found = {one["name"]: one for one in Engine.beside(__file__).filters()}
        return found or {"none": _excuse("The engine has no filters. Run: ganfx doctor")}
    except Exception as error:
        return {"none": _excuse(_reason(error))}


def _excuse(text: str) -> Filter:
    """What stands in the menu for filters."""
    return {"title": "GANFX is not ready", "help": text, "excuse": text, "controls": []}


def _reason(error: Exception) -> str:
    if isinstance(error, GanfxError):
        return str(error)
    traceback.print_exc()
    return f"GANFX failed: {error!r}"


def _declare(procedure: Gimp.Procedure, filter_: Filter) -> None:
    """Say what there is to choose; GIMP draws the dialogue."""
    for control in filter_["controls"]:
        words = [control["name"].replace("_", "-"), "_" + control["title"], control["help"]]
        bounds = [control["low"], control["high"]] if "low" in control else []
        if "choices" in control:
            bounds = [Gimp.Choice.new()]
            for number, (name, title) in enumerate(control["choices"].items()):
                bounds[0].add(name, number, title, "")
        add = getattr(procedure, f"add_{_KINDS[control['kind']]}_argument")
        add(*words, *bounds, control["default"], _FLAGS)
    procedure.add_image_return_value("image", "Image", "The image that holds the result", False, _FLAGS)


def run(filter_: Filter, procedure: Gimp.Procedure, mode: Gimp.RunMode, *given: Any) -> Gimp.ValueArray:
    """What GIMP calls with an image, its chosen drawables and the arguments' values. Every way out is an answer."""
    image, drawables, config, _ = given
    try:
        _check(filter_, image, drawables)
        if mode == Gimp.RunMode.INTERACTIVE:
            GimpUi.init("ganfx")
            dialog = GimpUi.ProcedureDialog.new(procedure, config, filter_["title"])
            dialog.fill(None)
            agreed = dialog.run()
            dialog.destroy()
            if not agreed:
                return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
        result = _work(filter_, image, drawables, config)
        if result != image and mode != Gimp.RunMode.NONINTERACTIVE:
            Gimp.Display.new(result)
        Gimp.displays_flush()
    except Exception as error:
        failure = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), _reason(error), 0)
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, failure)
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
    values.remove(1)
    values.insert(1, GObject.Value(Gimp.Image.__gtype__, result))
    return values


def _check(filter_: Filter, image: Gimp.Image, drawables: list[Gimp.Drawable]) -> None:
    """Refuse, before anything is asked or sent, what cannot be worked on."""
    if "excuse" in filter_:
        raise GanfxError(filter_["excuse"])
    if filter_["mask"] == "required" and Gimp.Selection.is_empty(image):
        raise GanfxError("Nothing is selected", "Select what is to be filled")
    if not drawables or not all(item.is_layer() for item in drawables):
        raise GanfxError("Only layers and groups can be worked on, not masks and channels", "Choose a layer")
    for item in drawables:
        while item is not None:
            if item.get_lock_content():
                raise GanfxError(f"The pixels of '{item.get_name()}' are locked", "Unlock them in the Layers dialogue")
            item = item.get_parent()


def _work(filter_: Filter, image: Gimp.Image, layers: list[Gimp.Layer], config: Gimp.ProcedureConfig) -> Gimp.Image:
    """The image that holds the result: `image`, or a new one if that was asked for."""
    said = {control["name"]: config.get_property(control["name"]) for control in filter_["controls"]}
    model, result, filling = said.pop("model"), said.pop("result", None), filter_["mask"] == "required"
    scale = next(known["scale"] for known in filter_["models"] if known["name"] == model)
    fresh = scale > 1 and result == "new"
    apply = functools.partial(Engine.beside(__file__).apply, filter_["name"], model=model, options=said)
    context = _AROUND if filling else 0 if fresh else None if scale > 1 else sys.maxsize
    pieces = [Piece(layer, context) for layer in layers]
    Gimp.progress_init(filter_["title"])
    for number, piece in enumerate(pieces):
        mask = piece.mask() if filling or piece.apart else b""
        call = functools.partial(apply, piece.read(), mask=mask, layer=piece.apart)
        piece.answer = _awaited(call, number, len(pieces))
    for piece in pieces:
        piece.check(scale)
    target = _copied(image, pieces) if fresh else image
    _write(filter_, target, pieces, scale, fresh)
    return target


def _awaited(call: Any, number: int, count: int) -> Pixels:
    """What `call` answers, while the progress bar moves. GIMP's Cancel ends this process, and so the engine's work."""
    shares = [0.0]
    with futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(call, told=shares.append)
        while futures.wait([answer], timeout=0.1).not_done:
            Gimp.progress_update((number + shares[-1]) / count)
        return answer.result()


class Piece:
    """Pixels of a layer, or what a group shows, in its own coordinates, and `answer`, what the engine made of them."""

    answer: Pixels

    def __init__(self, layer: Gimp.Layer, context: int | None) -> None:
        """All of `layer`, or what is selected of it and `context` pixels around that."""
        self.layer, self.apart = layer, layer.is_group()
        self.then = (layer.get_width(), layer.get_height(), *layer.get_offsets())
        self.left, self.top, self.width, self.height = 0, 0, *self.then[:2]
        if context is not None:
            touched, x, y, across, down = layer.mask_intersect()
            if not touched:
                raise GanfxError(f"The selection does not touch '{layer.get_name()}'", "Select some of it, or nothing")
            self.left, self.top = (max(0, start - context) // max(1, context) * max(1, context) for start in (x, y))
            self.width = min(x + across + context, self.width) - self.left
            self.height = min(y + down + context, self.height) - self.top
        self.in_image = (self.left + self.then[3], self.top + self.then[4], self.width, self.height)

    def read(self) -> Pixels:
        """Its pixels: of 8 or 16 bits where those hold all there is, and else (linear, wide, deeper) as floats."""
        channels, encoding = (1 if self.layer.is_gray() else 3) + self.layer.has_alpha(), self.layer.get_format()
        colors, _, number = Babl.format_get_encoding(encoding).rpartition(" ")
        ours = Babl.get_name(Babl.format_get_space(encoding)) in _OURS and ("'" in colors or "~" in colors)
        depth = 8 if self.layer.is_indexed() else {"u8": 8, "u16": 16}.get(number, 32) if ours else 32
        where, form = (self.left, self.top, self.width, self.height), f"{_COLORS[channels]} {_NUMBERS[depth]}"
        data = bytes(self.layer.get_buffer().get(Gegl.Rectangle.new(*where), 1.0, form, Gegl.AbyssPolicy.NONE))
        if self.apart and not any(data):
            raise GanfxError(f"There is nothing to be seen in '{self.layer.get_name()}'", "Choose another layer")
        return Pixels(self.width, self.height, channels, depth, data)

    def mask(self) -> bytes:
        """What is selected of it, a byte a pixel; none where nothing is."""
        selection = self.layer.get_image().get_selection().get_buffer()
        data = bytes(selection.get(Gegl.Rectangle.new(*self.in_image), 1.0, "Y u8", Gegl.AbyssPolicy.NONE))
        return data if any(data) else b""

    def check(self, scale: int) -> None:
        """Refuse an answer that would not fit."""
        layer = self.layer
        if not layer.is_valid() or (layer.get_width(), layer.get_height(), *layer.get_offsets()) != self.then:
            raise GanfxError("The image was changed while the engine worked", "Run the filter again")
        if (self.answer.width, self.answer.height) != (self.width * scale, self.height * scale):
            raise GanfxError(f"The engine answered with {self.answer.width}x{self.answer.height} pixels")

    def settle(self, title: str) -> None:
        """Where it is a group's, go on with a layer `apart`, above that, as opaque, blended and masked as the group."""
        group, image, mode = self.layer, self.layer.get_image(), self.layer.get_mode()
        if self.apart:
            mode = Gimp.LayerMode.NORMAL if mode == Gimp.LayerMode.PASS_THROUGH else mode
            looks = (group.type(), group.get_opacity(), mode)
            self.layer = Gimp.Layer.new(image, f"{group.get_name()} ({title})", *self.then[:2], *looks)
            image.insert_layer(self.layer, group.get_parent(), image.get_item_position(group))
            self.layer.set_offsets(*self.then[3:])
            if group.get_mask():
                self.layer.add_mask(self.layer.create_mask(Gimp.AddMaskType.WHITE))
                self.layer.set_edit_mask(False)
                where, mask = Gegl.Rectangle.new(0, 0, *self.then[:2]), self.layer.get_mask().get_buffer()
                group.get_mask().get_buffer().copy(where, Gegl.AbyssPolicy.NONE, mask, where)
                mask.flush()

    def write(self, alone: bool) -> None:
        """Lay the answer over the layer, within the selection; `alone`: with this piece selected instead."""
        layer, answer, where = self.layer, self.answer, (self.left, self.top, self.answer.width, self.answer.height)
        if alone:
            layer.get_image().select_rectangle(Gimp.ChannelOps.REPLACE, *self.in_image)
        # What is written at once knows no selection and no undo, which a new layer needs as little.
        buffer = layer.get_buffer() if self.apart else layer.get_shadow_buffer()
        buffer.set(Gegl.Rectangle.new(*where), f"{_COLORS[answer.channels]} {_NUMBERS[answer.depth]}", answer.data)
        buffer.flush()
        if not self.apart and not layer.merge_shadow(True):
            raise GanfxError(f"GIMP does not let '{layer.get_name()}' be changed", Gimp.get_pdb().get_last_error())
        layer.update(*where)


def _copied(image: Gimp.Image, pieces: list[Piece]) -> Gimp.Image:
    """A copy of `image`; its layers, which no two have the same names, are the `pieces`' from now on."""
    target = image.duplicate()
    for piece in pieces:
        piece.layer, piece.left, piece.top = target.get_layer_by_name(piece.layer.get_name()), 0, 0
    return target


def _write(filter_: Filter, image: Gimp.Image, pieces: list[Piece], scale: int, fresh: bool) -> None:
    """Lay all answers over the image, in one step of undo; a `fresh` one has none, and is cut to what is selected."""
    filling = filter_["mask"] == "required"
    (image.undo_disable if fresh else image.undo_group_start)()
    Gimp.context_push()
    Gimp.context_set_defaults()
    try:
        if image.get_base_type() != Gimp.ImageBaseType.RGB and any(piece.answer.channels > 2 for piece in pieces):
            image.convert_rgb()
        for piece in pieces:
            piece.settle(filter_["title"])
        _, selected, x1, y1, x2, y2 = Gimp.Selection.bounds(image)
        if fresh and selected:
            image.crop(x2 - x1, y2 - y1, x1, y1)
        if scale > 1:
            image.scale(image.get_width() * scale, image.get_height() * scale)
        selection = image.get_selection().copy()
        if scale > 1:
            Gimp.Selection.none(image)
        for piece in pieces:
            piece.write(alone=filling)
        if filling or (scale > 1 and not fresh):
            image.get_selection().combine_masks(selection, Gimp.ChannelOps.REPLACE, 0, 0)
    finally:
        Gimp.context_pop()
        (image.undo_enable if fresh else image.undo_group_end)()


if __name__ == "__main__":
    Gimp.main(Ganfx.__gtype__, sys.argv)
