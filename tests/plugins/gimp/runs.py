"""Filters as the engine tells of them, and runs of the GIMP plug-in with them."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

from tests.plugins.gimp.fake import Image, Layer, Procedure


def control(name: str, kind: str, default: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "title": name.capitalize(), "help": "", "kind": kind, "default": default, **more}


def schema(name: str, mask: str = "none", scale: int = 1, colors: bool = False, controls: Any = ()) -> dict[str, Any]:
    models = [{"name": f"{name}-{i}", "title": f"{name} {i}", "scale": scale} for i in (1, 2)]
    words = {"name": name, "title": name.capitalize(), "help": "", "mask": mask, "colors": colors}
    choices = {model["name"]: model["title"] for model in models}
    asked = [control("model", "choice", f"{name}-1", choices=choices)]
    if scale > 1:
        asked.append(control("result", "choice", "this", choices={"this": "This image", "new": "A new image"}))
    return {**words, "models": models, "controls": [*asked, *controls]}


def run(plug_in: ModuleType, filter_: dict[str, Any], layers: list[Layer], **values: Any) -> Any:
    """The plug-in's answer for a filter on layers, whose arguments have the values that are declared or given."""
    image = layers[0].image if layers else Image((9, 9))
    known = {asked["name"]: asked["default"] for asked in filter_["controls"]} | values
    config = SimpleNamespace(get_property=known.__getitem__)
    return plug_in.run(filter_, Procedure("", None), "NONINTERACTIVE", image, layers, config, None)
