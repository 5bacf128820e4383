"""The progress of a batch: the rate counts what is made already, from the first tile on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganfx.batch.items import Item
from ganfx.cli import progress
from ganfx.cli.file_options import Level


def test_the_rate_of_a_single_picture_is_known_before_it_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    bars = progress.Progress(*progress.columns(), disable=True)
    report = progress.Reporter(1, "CPU", Level.NORMAL, bars)
    item = Item(tmp_path / "a.jpg", tmp_path / "b.jpg")
    report.progress(item, 0.0, 0.0)
    clock[0] += 4
    report.progress(item, 0.25, 32.0)
    assert report.speed == pytest.approx(2.0)
    (total,) = (task for task in bars.tasks if task.id == report._total_row)
    assert total.fields["speed"] == "2.00 MP/s"
    assert total.percentage == pytest.approx(25)
