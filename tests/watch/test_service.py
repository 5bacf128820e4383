"""The systemd unit of a watcher."""

from __future__ import annotations

from pathlib import Path

from ganfx.watch import service


def test_a_service_runs_the_very_command_whatever_the_names(tmp_path: Path) -> None:
    folder = tmp_path / 'Bilder "100 %" $HOME'
    text = service.unit_text(folder, ["/usr/bin/python3", "-m", "ganfx", "watch", str(folder), "out"])
    line = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    assert line.startswith("ExecStart=/usr/bin/python3 -m ganfx watch ")
    assert '\\"100 %%\\" $$HOME" out' in line
    other = service.unit_name(tmp_path / "other" / folder.name)
    assert service.unit_name(folder).startswith("ganfx-watch-Bilder-100-HOME-")
    assert service.unit_name(folder) != other
