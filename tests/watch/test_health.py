"""What a watcher writes about itself."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
    assert health.elsewhere(tmp_path) == []
    mine.save()
    assert [said.host for said in health.elsewhere(tmp_path)] == ["another-computer"]


@pytest.mark.skipif(os.name == "nt", reason="pipes have no path there")
def test_what_others_left_under_its_names_is_no_status_and_holds_nothing_up(tmp_path: Path) -> None:
    mine = health.WatchStatus("in", str(tmp_path), "upscale:4")
    mine.save()
    os.mkfifo(tmp_path / ".ganfx-watch-a-1.json")
    (tmp_path / ".ganfx-watch-b-2.json").symlink_to("/dev/zero")
    deep = "[" * 100_000
    fields = dataclasses.asdict(mine)
    odd = [{"pid": "1"}, {"since": "now"}, {"current": 3}, {"ended": []}, {"since": 1e300}, {"updated": float("nan")}]
    texts = [deep, "[]", "{}", "3", "\udcff", *(json.dumps(fields | change) for change in odd)]
    for number, text in enumerate(texts):
        (tmp_path / f".ganfx-watch-c-{number}.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert [said.pid for said in health.read_all(tmp_path)] == [os.getpid()]
    health.forget_ended(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f".ganfx-watch-{mine.host}-{mine.pid}.json"]
