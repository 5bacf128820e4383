"""What a watcher writes about itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ganfx.watch import health


def test_health_knows_the_living_from_the_dead(tmp_path: Path) -> None:
    mine = health.WatchStatus("in", str(tmp_path), "upscale:4")
    mine.save()
    script = f"from ganfx.watch.health import WatchStatus\nWatchStatus('in', {str(tmp_path)!r}, 'heal').save()"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert {said.recipe: said.is_running for said in health.read_all(tmp_path)} == {"upscale:4": True, "heal": False}
    health.forget_ended(tmp_path)
    assert [said.pid for said in health.read_all(tmp_path)] == [os.getpid()]
    mine.host = "another-computer"
    assert mine.is_running is None
