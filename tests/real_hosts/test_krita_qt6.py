"""The Krita plug-in's docker with Qt 6, the only one that Krita 6 has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.hosts


def test_docker_works_in_qt6(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "plugins" / "krita" / "ganfx_krita", tmp_path / "ganfx_krita")
    shutil.copy(ROOT / "plugins" / "client.py", tmp_path / "ganfx_krita")
    # Debian's PyQt6 belongs to Debian's Python.
    command = ["/usr/bin/python3", str(Path(__file__).with_name("krita_qt6.py")), str(tmp_path)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    automatic = {"auto_float": "auto", "auto_int": 0, "not_auto": 0.5}
    assert json.loads(done.stdout) == {
        "shown": "Automatic",
        "done": "Done, in a new layer",
        "requests": ["it", "one", {"bool": True, "int": 5, "float": 0.25, "choice": "b", "text": "words"} | automatic],
        "same": True,
        "layers": 2,
        "share": 50,
        "cancelled": "Cancelled",
        "binding": "PyQt6.QtWidgets",
    }
    assert "Traceback" not in done.stderr
