"""Runs inside a host's Python for ganfx.hosts.doctor: checks that the plug-in loads and that the service answers.

Uses the standard library and the host's modules only, Python 3.9 or later. Reads request.json in its own folder:
`folder` (of the plug-in) and `checks` (gimp, krita, service). Writes report.json: `python` (version) and, for each
check, `passed` (list of strings, empty if it failed) or `error`, `hint` and `traceback`.
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
    """Run the requested checks. kritarunner calls this with its command line arguments."""
    here = Path(__file__).parent
    request = json.loads((here / "request.json").read_text(encoding="utf-8"))
    checks = {"gimp": _procedures, "krita": _module, "service": _service}
    report: dict[str, Any] = {"python": sys.version.split()[0]}
    for name in request["checks"]:
        try:
            report[name] = {"passed": checks[name](Path(request["folder"]))}
        except Exception as error:
            message = getattr(error, "message", None)
            report[name] = {
                "error": message or f"{type(error).__name__}: {error}",
                "hint": getattr(error, "hint", None),
                # Errors of the client are written for the user and need none.
                "traceback": "" if message else _plugin_traceback(request["folder"], error),
            }
    (here / "report.json").write_text(json.dumps(report), encoding="utf-8")


def _plugin_traceback(folder: str, error: Exception) -> str:
    """The traceback of `error`, limited to frames of files in `folder`."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folder)]
    lines = [*traceback.format_list(frames), *traceback.format_exception_only(type(error), error)]
    return "Traceback (most recent call last):\n" + "".join(lines)


def _procedures(folder: Path) -> list[str]:
    from gi.repository import Gimp

    return [str(name) for name in Gimp.get_pdb().query_procedures(f"{folder.name}.*", *[""] * 7)]


def _module(folder: Path) -> list[str]:
    sys.path.insert(0, str(folder.parent))
    return [str(importlib.import_module(folder.name).__file__)]


def _service(folder: Path) -> list[str]:
    """Apply the first filter without a mask to a picture of 8x8 pixels."""
    spec = importlib.util.spec_from_file_location("ganfx_probe_client", folder / "client.py")
    assert spec
    assert spec.loader
    client: Any = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = client
    spec.loader.exec_module(client)
    service = client.ServiceClient.from_settings(str(folder / "client.py"))
    filters = [one["name"] for one in service.filters() if one["mask"] in ("none", "optional") and one["models"]]
    if not filters:
        raise client.ServiceError("no model is installed", "ganfx models")
    service.apply(filters[0], client.Pixels(8, 8, 3, 8, bytes(range(192))), lambda share: None)
    return filters


if __name__ == "__main__":
    run()
