#!/usr/bin/env python3
"""The GIMP 3 plug-in: one procedure for each filter of the service, under Filters > GANFX.

The service (see client.py) does the work. The image is changed only after all results are there, as one undo step.
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
from client import Pixels, ServiceClient, ServiceError  # noqa: E402
from gi.repository import Babl, Gegl, Gimp, GimpUi, GLib, GObject  # noqa: E402

# One filter of the schema (docs/service.md); the placeholder for an error has the key "error".
Filter = dict[str, Any]

_FLAGS = GObject.ParamFlags.READWRITE
# Kinds of controls -> names of GIMP's argument types.
_ARGUMENT_TYPES = {"bool": "boolean", "choice": "choice", "float": "double", "int": "int", "text": "string"}
# babl format names by channels and by depth, and the babl spaces that need no conversion for the service.
_COLORS = {1: "Y'", 2: "Y'A", 3: "R'G'B'", 4: "R'G'B'A"}
_TYPES = {8: "u8", 16: "u16", 32: "float"}
_SRGB_SPACES = ("sRGB", "space-gray-sRGB")
# Context in pixels that inpainting needs around the selection. Regions start at multiples of it, so that the service
# tiles them as it would the whole picture.
_CONTEXT = 512


class Ganfx(Gimp.PlugIn):
    """The plug-in; GIMP queries its procedures at every start."""

    def do_set_i18n(self, name: str) -> bool:
        return False

    def do_init_procedures(self) -> list[str]:
        return ["ganfx-" + name for name in _filters()]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        missing = _filters().get("none", _placeholder("The engine's filters have changed. Start GIMP anew"))
        filter_ = _filters().get(name[len("ganfx-") :], missing)
        call, sensitivity = functools.partial(run, filter_), Gimp.ProcedureSensitivityMask
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, call, None)
        procedure.set_image_types("*")
        needs_drawable = sensitivity.DRAWABLE | sensitivity.DRAWABLES
        procedure.set_sensitivity_mask(sensitivity.ALWAYS if "error" in filter_ else needs_drawable)
        procedure.set_menu_label(filter_["title"] + "...")
        procedure.add_menu_path("<Image>/Filters/GANFX")
        procedure.set_documentation(filter_["help"], filter_["help"], name)
        _add_arguments(procedure, filter_)
        return procedure


@functools.cache
def _filters() -> dict[str, Filter]:
    """The filters by name; if they cannot be read, a placeholder with the reason."""
    try:
        filters = {one["name"]: one for one in ServiceClient.from_settings(__file__).filters()}
        return filters or {"none": _placeholder("The engine has no filters. Run: ganfx doctor")}
    except Exception as error:
        return {"none": _placeholder(_message(error))}


def _placeholder(message: str) -> Filter:
    """A menu entry that only shows an error."""
    return {"title": "GANFX is not ready", "help": message, "error": message, "controls": []}


def _message(error: Exception) -> str:
    if isinstance(error, ServiceError):
        return str(error)
    traceback.print_exc()
    return f"GANFX failed: {error!r}"


def _add_arguments(procedure: Gimp.Procedure, filter_: Filter) -> None:
    """Declare an argument for each control; GIMP builds the dialogue from them."""
    for control in filter_["controls"]:
        name, default = control["name"].replace("_", "-"), control["default"]
        words = [name, "_" + control["title"], control["help"]]
        limits = [control["low"], control["high"]] if "low" in control else []
        if "choices" in control:
            limits = [Gimp.Choice.new()]
            for number, (value, title) in enumerate(control["choices"].items()):
                limits[0].add(value, number, title, "")
        if "auto" in control:
            is_auto, title = default == control["auto"], control["title"] + ": automatic"
            procedure.add_boolean_argument(name + "-auto", title, control["help"], is_auto, _FLAGS)
            default = sum(limits) / 2 if is_auto else default
        add = getattr(procedure, f"add_{_ARGUMENT_TYPES[control['kind']]}_argument")
        add(*words, *limits, default, _FLAGS)
    procedure.add_image_return_value("image", "Image", "The image that holds the result", False, _FLAGS)


def run(filter_: Filter, procedure: Gimp.Procedure, mode: Gimp.RunMode, *given: Any) -> Gimp.ValueArray:
    """The procedure's callback: given are image, drawables, config and data. Errors become return values."""
    image, drawables, config, _ = given
    try:
        _check(filter_, image, drawables)
        if mode == Gimp.RunMode.INTERACTIVE:
            GimpUi.init("ganfx")
            dialog = GimpUi.ProcedureDialog.new(procedure, config, filter_["title"])
            dialog.fill(None)
            for control in filter_["controls"]:
                if "auto" in control:
                    name = control["name"].replace("_", "-")
                    dialog.set_sensitive(name, True, config, name + "-auto", True)
            agreed = dialog.run()
            dialog.destroy()
            if not agreed:
                return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
        result = _apply(filter_, image, drawables, config)
        if result != image and mode != Gimp.RunMode.NONINTERACTIVE:
            Gimp.Display.new(result)
        Gimp.displays_flush()
    except Exception as error:
        failure = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), _message(error), 0)
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, failure)
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
    values.remove(1)
    values.insert(1, GObject.Value(Gimp.Image.__gtype__, result))
    return values


def _check(filter_: Filter, image: Gimp.Image, drawables: list[Gimp.Drawable]) -> None:
    """Raise ServiceError if the filter cannot be applied to the drawables."""
    if "error" in filter_:
        raise ServiceError(filter_["error"])
    if filter_["mask"] == "required" and Gimp.Selection.is_empty(image):
        raise ServiceError("Nothing is selected", "Select what is to be filled")
    if not drawables or not all(item.is_layer() for item in drawables):
        raise ServiceError("Only layers and groups can be worked on, not masks and channels", "Choose a layer")
    for item in drawables:
        while item is not None:
            if item.get_lock_content():
                raise ServiceError(
                    f"The pixels of '{item.get_name()}' are locked", "Unlock them in the Layers dialogue"
                )
            item = item.get_parent()


def _values(filter_: Filter, config: Gimp.ProcedureConfig) -> dict[str, Any]:
    """The values of the controls by name."""
    values = {control["name"]: config.get_property(control["name"]) for control in filter_["controls"]}
    automatic = (control for control in filter_["controls"] if "auto" in control)
    return values | {one["name"]: one["auto"] for one in automatic if config.get_property(one["name"] + "_auto")}


def _apply(filter_: Filter, image: Gimp.Image, layers: list[Gimp.Layer], config: Gimp.ProcedureConfig) -> Gimp.Image:
    """Apply the filter to `layers`; returns the image with the results: `image`, or a new one if that was chosen."""
    values = _values(filter_, config)
    model, result, is_fill = values.pop("model"), values.pop("result", None), filter_["mask"] == "required"
    scale = next(known["scale"] for known in filter_["models"] if known["name"] == model)
    as_new = scale > 1 and result == "new"
    client = ServiceClient.from_settings(__file__)
    apply = functools.partial(client.apply, filter_["name"], model=model, options=values)
    context = _CONTEXT if is_fill else 0 if as_new else None if scale > 1 else sys.maxsize
    regions = [LayerRegion(layer, context) for layer in layers]
    Gimp.progress_init(filter_["title"])
    for number, region in enumerate(regions):
        mask = region.mask() if is_fill or region.is_group else b""
        call = functools.partial(apply, region.read(), mask=mask, layer=region.is_group)
        region.result = _run_with_progress(call, number, len(regions))
    for region in regions:
        region.check(scale)
    target = _duplicate(image, regions) if as_new else image
    _write_results(filter_, target, regions, scale, as_new)
    return target


def _run_with_progress(call: Any, number: int, count: int) -> Pixels:
    """Run `call`, number `number` of `count`, and update the progress bar.

    GIMP's Cancel kills this process; the service then cancels the job.
    """
    shares = [0.0]
    with futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(call, report=shares.append)
        while futures.wait([future], timeout=0.1).not_done:
            Gimp.progress_update((number + shares[-1]) / count)
        return future.result()


class LayerRegion:
    """The part of a layer (or of what a group shows) to be sent, in layer coordinates, and the service's `result`."""

    result: Pixels

    def __init__(self, layer: Gimp.Layer, context: int | None) -> None:
        """All of `layer` if `context` is None, else the selected part of it and `context` pixels around."""
        self.layer, self.is_group = layer, layer.is_group()
        self.geometry = (layer.get_width(), layer.get_height(), *layer.get_offsets())
        self.left, self.top, self.width, self.height = 0, 0, *self.geometry[:2]
        if context is not None:
            intersects, x, y, width, height = layer.mask_intersect()
            if not intersects:
                raise ServiceError(
                    f"The selection does not touch '{layer.get_name()}'", "Select some of it, or nothing"
                )
            self.left, self.top = (max(0, start - context) // max(1, context) * max(1, context) for start in (x, y))
            self.width = min(x + width + context, self.width) - self.left
            self.height = min(y + height + context, self.height) - self.top
        self.in_image = (self.left + self.geometry[3], self.top + self.geometry[4], self.width, self.height)

    def read(self) -> Pixels:
        """The pixels; as floats if 8 or 16 bits of sRGB would lose something (linear, wide gamut, deeper)."""
        channels, encoding = (1 if self.layer.is_gray() else 3) + self.layer.has_alpha(), self.layer.get_format()
        colors, _, sample = Babl.format_get_encoding(encoding).rpartition(" ")
        is_srgb = Babl.get_name(Babl.format_get_space(encoding)) in _SRGB_SPACES and ("'" in colors or "~" in colors)
        depth = 8 if self.layer.is_indexed() else {"u8": 8, "u16": 16}.get(sample, 32) if is_srgb else 32
        rect, form = (self.left, self.top, self.width, self.height), f"{_COLORS[channels]} {_TYPES[depth]}"
        data = bytes(self.layer.get_buffer().get(Gegl.Rectangle.new(*rect), 1.0, form, Gegl.AbyssPolicy.NONE))
        if self.is_group and not any(data):
            raise ServiceError(f"There is nothing to be seen in '{self.layer.get_name()}'", "Choose another layer")
        return Pixels(self.width, self.height, channels, depth, data)

    def mask(self) -> bytes:
        """The selection in the region, one byte per pixel; empty if nothing is selected."""
        selection = self.layer.get_image().get_selection().get_buffer()
        data = bytes(selection.get(Gegl.Rectangle.new(*self.in_image), 1.0, "Y u8", Gegl.AbyssPolicy.NONE))
        return data if any(data) else b""

    def check(self, scale: int) -> None:
        """Raise ServiceError if the image was changed meanwhile, or the result has another size."""
        layer = self.layer
        if not layer.is_valid() or (layer.get_width(), layer.get_height(), *layer.get_offsets()) != self.geometry:
            raise ServiceError("The image was changed while the engine worked", "Run the filter again")
        if (self.result.width, self.result.height) != (self.width * scale, self.height * scale):
            raise ServiceError(f"The engine answered with {self.result.width}x{self.result.height} pixels")

    def add_layer_for_group(self, title: str) -> None:
        """For a group: add a layer above it, with its opacity, mode and mask, and use that from now on."""
        group, image, mode = self.layer, self.layer.get_image(), self.layer.get_mode()
        if self.is_group:
            mode = Gimp.LayerMode.NORMAL if mode == Gimp.LayerMode.PASS_THROUGH else mode
            properties = (group.type(), group.get_opacity(), mode)
            self.layer = Gimp.Layer.new(image, f"{group.get_name()} ({title})", *self.geometry[:2], *properties)
            image.insert_layer(self.layer, group.get_parent(), image.get_item_position(group))
            self.layer.set_offsets(*self.geometry[3:])
            if group.get_mask():
                self.layer.add_mask(self.layer.create_mask(Gimp.AddMaskType.WHITE))
                self.layer.set_edit_mask(False)
                rect, mask = Gegl.Rectangle.new(0, 0, *self.geometry[:2]), self.layer.get_mask().get_buffer()
                group.get_mask().get_buffer().copy(rect, Gegl.AbyssPolicy.NONE, mask, rect)
                mask.flush()

    def write(self, ignore_selection: bool) -> None:
        """Write the result to the layer within the selection, or after selecting just the region."""
        layer, result, rect = self.layer, self.result, (self.left, self.top, self.result.width, self.result.height)
        if ignore_selection:
            layer.get_image().select_rectangle(Gimp.ChannelOps.REPLACE, *self.in_image)
        # Writing directly bypasses selection and undo, which a new layer does not need.
        buffer = layer.get_buffer() if self.is_group else layer.get_shadow_buffer()
        buffer.set(Gegl.Rectangle.new(*rect), f"{_COLORS[result.channels]} {_TYPES[result.depth]}", result.data)
        buffer.flush()
        if not self.is_group and not layer.merge_shadow(True):
            raise ServiceError(f"GIMP does not let '{layer.get_name()}' be changed", Gimp.get_pdb().get_last_error())
        layer.update(*rect)


def _duplicate(image: Gimp.Image, regions: list[LayerRegion]) -> Gimp.Image:
    """A copy of `image`, to whose layers (names are unique) the regions refer from now on."""
    target = image.duplicate()
    for region in regions:
        region.layer, region.left, region.top = target.get_layer_by_name(region.layer.get_name()), 0, 0
    return target


def _write_results(filter_: Filter, image: Gimp.Image, regions: list[LayerRegion], scale: int, as_new: bool) -> None:
    """Write all results as one undo step; a new image has no undo and is cropped to the selection."""
    is_fill = filter_["mask"] == "required"
    (image.undo_disable if as_new else image.undo_group_start)()
    Gimp.context_push()
    Gimp.context_set_defaults()
    try:
        if image.get_base_type() != Gimp.ImageBaseType.RGB and any(region.result.channels > 2 for region in regions):
            image.convert_rgb()
        for region in regions:
            region.add_layer_for_group(filter_["title"])
        _, selected, x1, y1, x2, y2 = Gimp.Selection.bounds(image)
        if as_new and selected:
            image.crop(x2 - x1, y2 - y1, x1, y1)
        if scale > 1:
            image.scale(image.get_width() * scale, image.get_height() * scale)
        selection = image.get_selection().copy()
        if scale > 1:
            Gimp.Selection.none(image)
        for region in regions:
            region.write(ignore_selection=is_fill)
        if is_fill or (scale > 1 and not as_new):
            image.get_selection().combine_masks(selection, Gimp.ChannelOps.REPLACE, 0, 0)
    finally:
        Gimp.context_pop()
        (image.undo_enable if as_new else image.undo_group_end)()


if __name__ == "__main__":
    Gimp.main(Ganfx.__gtype__, sys.argv)
