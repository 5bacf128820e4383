"""Runs inside a host's own Python: does the plug-in load there, and does its engine answer from there?

Standard library and the host's modules alone, Python 3.9 and later. It is copied beside a file orders.json; what it
finds goes into found.json.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import traceback
from pathlib import Path
from typing import Any


def run(arguments: Any = None) -> None:
    """Do what the orders say; krita calls it with the arguments of its command line."""
    here = Path(__file__).parent
    orders = json.loads((here / "orders.json").read_text(encoding="utf-8"))
    looks = {"gimp": _procedures, "krita": _module, "engine": _engine}
    found: dict[str, Any] = {"python": sys.version.split()[0]}
    for name in orders["looks"]:
        try:
            found[name] = {"good": looks[name](Path(orders["folder"]))}
        except Exception as error:
            message = getattr(error, "message", None)
            found[name] = {
                "trouble": message or f"{type(error).__name__}: {error}",
                "hint": getattr(error, "hint", None),
            }
            # An error of the client says it all.
            found[name]["traceback"] = "" if message else _within(orders["folder"], error)
    (here / "found.json").write_text(json.dumps(found), encoding="utf-8")


def _within(folder: str, error: Exception) -> str:
    """The traceback of `error`, as far as it leads through files in `folder`."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folder)]
    lines = [*traceback.format_list(frames), *traceback.format_exception_only(type(error), error)]
    return "Traceback (most recent call last):\n" + "".join(lines)


def _procedures(folder: Path) -> list[str]:
    from gi.repository import Gimp

    return [str(name) for name in Gimp.get_pdb().query_procedures(f"{folder.name}.*", *[""] * 7)]


def _module(folder: Path) -> list[str]:
    sys.path.insert(0, str(folder.parent))
    return [str(importlib.import_module(folder.name).__file__)]


def _engine(folder: Path) -> list[str]:
    """Send a picture of 8x8 through the first filter that needs no mask."""
    spec = importlib.util.spec_from_file_location("ganfx_probe_client", folder / "client.py")
    assert spec
    assert spec.loader
    client: Any = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = client
    spec.loader.exec_module(client)
    engine = client.Engine.beside(str(folder / "client.py"))
    filters = [one["name"] for one in engine.filters() if one["mask"] == "none" and one["models"]]
    if not filters:
        raise client.GanfxError("no model is installed", "ganfx models")
    engine.apply(filters[0], client.Pixels(8, 8, 3, 8, bytes(range(192))), lambda share: None)
    return filters


if __name__ == "__main__":
    run()
