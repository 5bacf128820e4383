"""The manual pages are those of the commands, and troff reads them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from ganfx.cli import cli
from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "man"


def test_the_manual_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "hooks"))
    import manual

    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.1")}
    assert manual.pages() == written, "run: make manual"
    assert {f"ganfx-{name}.1" for name in cli.commands} | {"ganfx.1"} <= set(written)


@pytest.mark.skipif(shutil.which("man") is None, reason="needs man")
def test_the_manual_can_be_read() -> None:
    page = FOLDER / "ganfx-upscale.1"
    shown = subprocess.run(
        ["man", "--warnings", "-l", page],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    assert shown.stderr == ""
    assert "--long-side N" in shown.stdout
