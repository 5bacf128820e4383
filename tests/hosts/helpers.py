"""Stand-ins for plug-ins and for the painting programs that load them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ganfx.hosts import bundle
from ganfx.hosts.table import HOSTS, Installation

ROOT = Path(__file__).resolve().parents[2]
FAKE_SERVICE = ROOT / "tests" / "fake_service.py"

# Like GIMP: loads executable files named as their folder, and runs the batch script.
_GIMP = """
import os, pathlib, re, runpy, sys, traceback, types
names = []
for entry in pathlib.Path(os.environ["GIMP3_DIRECTORY"], "plug-ins").glob("*/*.py"):
    if entry.stem == entry.parent.name and os.access(entry, os.X_OK):
        try:
            names += runpy.run_path(str(entry))["NAMES"]
        except Exception:
            traceback.print_exc()
print("stale image: noise that GIMP makes", file=sys.stderr)
pdb = types.SimpleNamespace(query_procedures=lambda name, *rest: [one for one in names if re.match(name, one)])
repository = types.ModuleType("gi.repository")
repository.Gimp = types.SimpleNamespace(get_pdb=lambda: pdb)
sys.modules |= {"gi": types.ModuleType("gi"), "gi.repository": repository}
exec(sys.argv[sys.argv.index("--batch") + 1])
"""
_KRITA = """
import importlib, os, sys
sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)
words = sys.argv
getattr(importlib.import_module(words[words.index("-s") + 1]), words[words.index("-f") + 1])([])
"""
SCRIPTS = {"gimp": ("gimp-console-3.0", _GIMP), "krita": ("kritarunner", _KRITA)}


def small_plugins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of plug-in sources with the real client and otherwise minimal files."""
    for host in HOSTS.values():
        (folder / host.name / host.folder).mkdir(parents=True)
        (folder / host.name / host.folder / host.entry).write_text("NAMES = ['ganfx-upscale', 'ganfx-heal']\n")
        for name in host.beside:
            (folder / host.name / name).write_text("[Desktop Entry]\n")
    (folder / "client.py").write_bytes((ROOT / "plugins" / "client.py").read_bytes())
    monkeypatch.setattr(bundle, "_sources", lambda: folder)
    return folder


def program(folder: Path, host: str, script: str | None = None) -> Path:
    """The host's executable in `folder`, which runs the Python `script`, by default one that behaves like the host."""
    name, default_script = SCRIPTS[host]
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(script or default_script)
    (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder / name}.py" "$@"\n')
    (folder / name).chmod(0o755)
    return folder / name


def installation(folder: Path, host: str) -> Installation:
    """An installation of `host` in `folder`, with a settings file if the host uses one."""
    root = folder / host
    root.mkdir(exist_ok=True)
    return Installation("system", root / "plug-ins", root, root / "kritarc" if host == "krita" else None)
