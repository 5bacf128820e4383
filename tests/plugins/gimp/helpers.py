"""Builds filters of the schema, and runs the GIMP plug-in with them."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

from tests.plugins.gimp.fake import Image, Layer, Procedure


def control(name: str, kind: str, default: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "title": name.capitalize(), "help": "", "kind": kind, "default": default, **more}


def schema(name: str, mask: str = "none", scale: int = 1, colors: bool = False, controls: Any = ()) -> dict[str, Any]:
    models = [{"name": f"{name}-{i}", "title": f"{name} {i}", "scale": scale} for i in (1, 2)]
    fields = {"name": name, "title": name.capitalize(), "help": "", "mask": mask, "colors": colors}
    choices = {model["name"]: model["title"] for model in models}
    own = [control("model", "choice", f"{name}-1", choices=choices)]
    if scale > 1:
        own.append(control("result", "choice", "this", choices={"this": "This image", "new": "A new image"}))
    return {**fields, "models": models, "controls": [*own, *controls]}


def _defaults(filter_: dict[str, Any]) -> dict[str, Any]:
    """The arguments that the plug-in declares, as GIMP's config holds them."""
    defaults = {}
    for one in filter_["controls"]:
        defaults[one["name"]] = one["default"]
        if "auto" in one:
            defaults[one["name"] + "_auto"] = one["default"] == one["auto"]
    return defaults


def run(plug_in: ModuleType, filter_: dict[str, Any], layers: list[Layer], **values: Any) -> Any:
    """Run the plug-in on `layers`, with the default arguments replaced by `values`; returns its return values."""
    image = layers[0].image if layers else Image((9, 9))
    arguments = _defaults(filter_) | values
    config = SimpleNamespace(get_property=arguments.__getitem__)
    return plug_in.run(filter_, Procedure("", None), "NONINTERACTIVE", image, layers, config, None)
