"""The progress of a batch: the rate counts what is made already, from the first tile on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganfx.batch.items import Item
from ganfx.batch.process import Outcome
from ganfx.cli import progress
from ganfx.cli.file_options import Level
from ganfx.text import Detail


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


@pytest.mark.parametrize(("share", "shown"), [(0.0, "a.gif 1/16"), (0.13, "a.gif 3/16"), (1.0, "a.gif 16/16")])
def test_animations_count_their_frames(tmp_path: Path, share: float, shown: str) -> None:
    item = Item(tmp_path / "a.gif", tmp_path / "b.gif")
    for total in (1, 2):
        bars = progress.Progress(*progress.columns(), disable=True)
        report = progress.Reporter(total, "CPU", Level.NORMAL, bars)
        report.progress(item, share, 1.0, 16)
        assert shown in [task.description for task in bars.tasks]


@pytest.mark.parametrize(("level", "shown"), [(Level.NORMAL, False), (Level.VERBOSE, True)])
def test_that_a_picture_needed_no_cleaning_is_told_to_those_who_ask_for_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], level: Level, shown: bool
) -> None:
    item = Item(tmp_path / "a.jpg", tmp_path / "b.jpg")
    notes = (Detail("clean: strength auto is 0.00"), "GIF holds 256 colors")
    outcome = Outcome(item, output_size=(4, 4), notes=notes)
    progress.Reporter(1, "CPU", level, None).finished(outcome)
    told = capsys.readouterr().err
    assert ("strength auto" in told) is shown
    assert "256 colors" in told
    assert tuple(outcome.as_json()["notes"]) == notes
