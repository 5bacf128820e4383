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
from client import ONE_RESULT, Pixels, ServiceClient, ServiceError, candidates  # noqa: E402
from gi.repository import Gimp, GimpUi, GLib, GObject  # noqa: E402
from layers import LayerRegion, duplicate, selected_size, write_results  # noqa: E402

# One filter of the schema (docs/service.md); the placeholder for an error has the key "error".
Filter = dict[str, Any]

_FLAGS = GObject.ParamFlags.READWRITE
# Kinds of controls -> names of GIMP's argument types.
_ARGUMENT_TYPES = {"bool": "boolean", "choice": "choice", "float": "double", "int": "int", "text": "string"}
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
    count = values.pop("candidates", 1)
    scale = next(known["scale"] for known in filter_["models"] if known["name"] == model)
    as_new = scale > 1 and result == "new"
    client = ServiceClient.from_settings(__file__)
    whole = selected_size(image) if as_new else (image.get_width(), image.get_height())
    fields = {"canvas": whole} if scale > 1 else {}
    apply = functools.partial(client.apply, filter_["name"], model=model, **fields)
    context = _CONTEXT if is_fill else 0 if as_new else None if scale > 1 else sys.maxsize
    regions = [LayerRegion(layer, context, count > 1) for layer in layers]
    Gimp.progress_init(filter_["title"])
    for number, region in enumerate(regions):
        mask = region.mask() if is_fill or region.adds_layers else b""
        call = functools.partial(apply, region.read(), mask=mask, layer=region.adds_layers)
        region.results = _run_with_progress(functools.partial(candidates, call, count, values), number, len(regions))
    size = regions[0].results[0].canvas if scale > 1 else whole
    for region in regions:
        region.check([new / old for new, old in zip(size, whole)])
    if count > 1 and any(len(region.results) == 1 for region in regions):
        Gimp.message(ONE_RESULT)
    target = duplicate(image, regions) if as_new else image
    write_results(
        target, regions, filter_["title"], is_fill=is_fill, size=None if size == whole else size, as_new=as_new
    )
    return target


def _run_with_progress(call: Any, number: int, count: int) -> list[Pixels]:
    """Run `call`, number `number` of `count`, and update the progress bar.

    GIMP's Cancel kills this process; the service then cancels the job.
    """
    shares = [0.0]
    with futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(call, report=shares.append)
        while futures.wait([future], timeout=0.1).not_done:
            Gimp.progress_update((number + shares[-1]) / count)
        return future.result()


if __name__ == "__main__":
    Gimp.main(Ganfx.__gtype__, sys.argv)
