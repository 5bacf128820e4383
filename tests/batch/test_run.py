"""Batches as people run them: again, over trees, by names of their own, several pictures at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from ganfx.batch.journal import NAME
from ganfx.batch.stage_limits import StageLimits
from ganfx.errors import OptionError
from ganfx.spec import ModelSpec
from tests import graphs
from tests.batch.batches import ROOT, Upscale, photo, photos, results, run, save


def test_the_same_again_makes_nothing_anew(tmp_path: Path, upscale: Upscale) -> None:
    folder, out = photos(tmp_path / "in", 3), tmp_path / "out"
    assert set(upscale(folder, "-o", out).statuses.values()) == {"done"}
    times = {path: path.stat().st_mtime_ns for path in out.glob("[!.]*")}
    again = upscale(folder, "-o", out)
    assert again.status == 0
    assert set(again.statuses.values()) == {"up to date"}
    assert "3 up to date" in again.err[-1]
    assert {path: path.stat().st_mtime_ns for path in out.glob("[!.]*")} == times


def test_what_changed_is_an_error_unless_it_may_be_replaced(tmp_path: Path, upscale: Upscale) -> None:
    folder, out = photos(tmp_path / "in", 3), tmp_path / "out"
    upscale(folder, "-o", out)
    photo(folder / "001.png", seed=99)
    before = results(out)
    refused = upscale(folder, "-o", out)
    assert refused.status == 3
    assert refused.statuses == {"000.jpg": "up to date", "001.png": "failed", "002.jpg": "up to date"}
    assert "--overwrite" in str(refused.json["001.png"]["error"]["hint"])
    assert results(out) == before
    replaced = upscale(folder, "-o", out, "--overwrite")
    assert replaced.statuses == {"000.jpg": "up to date", "001.png": "done", "002.jpg": "up to date"}
    assert {name for name, content in results(out).items() if content != before[name]} == {"001.png"}


def test_other_settings_make_other_results(tmp_path: Path, upscale: Upscale) -> None:
    source = photo(tmp_path / "a.jpg")
    upscale(source)
    assert upscale(source, "--quality", 50).errors == [
        f"error: {source}: a_x2_nearest.jpg exists already, made by other settings or from another picture"
    ]
    assert upscale(source, "--quality", 50, "--overwrite").statuses == {"a.jpg": "done"}
    assert upscale(source, "--quality", 50, "-t", 64).statuses == {"a.jpg": "up to date"}


def test_what_exists_can_be_left_alone_whatever_made_it(tmp_path: Path, upscale: Upscale) -> None:
    folder = photos(tmp_path / "in", 2)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "000.jpg").write_text("precious")
    told = upscale(folder, "-o", tmp_path / "out", "--skip-existing")
    assert told.status == 0
    assert told.statuses == {"000.jpg": "skipped", "001.png": "done"}
    assert (tmp_path / "out" / "000.jpg").read_text() == "precious"


def test_a_folder_does_not_take_its_own_results_for_pictures(tmp_path: Path, upscale: Upscale) -> None:
    folder = photos(tmp_path / "in", 2)
    assert len(upscale(folder).json) == 2
    again = upscale(folder)
    assert set(again.statuses.values()) == {"up to date"}
    assert "note: 2 results of earlier runs are left out" in again.err
    assert set(upscale(*sorted(folder.glob("[!.]*"))).statuses) == {"000.jpg", "001.png"}
    (folder / "000.jpg").unlink()
    assert set(upscale(folder).statuses) == {"001.png"}


def test_results_can_be_worked_on_where_they_are_meant(tmp_path: Path, upscale: Upscale) -> None:
    upscale(photos(tmp_path / "in", 2), "-o", tmp_path / "once")
    assert set(upscale(tmp_path / "once", "-o", tmp_path / "twice").statuses.values()) == {"done"}
    source = photo(tmp_path / "a.png")
    upscale(source)
    assert upscale(tmp_path / "a_x2_nearest.png").statuses == {"a_x2_nearest.png": "done"}
    assert upscale(tmp_path / "a_x2_nearest.png").statuses == {"a_x2_nearest.png": "up to date"}


def test_a_tree_is_mirrored_and_its_output_within_left_out(tmp_path: Path, upscale: Upscale) -> None:
    folder = tmp_path / "in"
    for name in ("a.jpg", "x/a.jpg", "x/y/b.png", ".hidden/c.jpg"):
        photo(folder / name)
    for _ in range(2):
        told = upscale(folder, "-r", "-o", folder / "out")
        assert told.status == 0
        assert set(results(folder / "out")) == {"a.jpg", "x/a.jpg", "x/y/b.png"}
    assert set(told.statuses.values()) == {"up to date"}
    assert [path.parent for path in folder.rglob(NAME)] == [folder / "out"]


def test_names_follow_a_template(tmp_path: Path, upscale: Upscale) -> None:
    folder = photos(tmp_path / "in", 2)
    assert upscale(folder, "-o", tmp_path / "out", "--name", "{stem}_{filter}_x{scale}{ext}").status == 0
    assert set(results(tmp_path / "out")) == {"000_upscale_x2.jpg", "001_upscale_x2.png"}


def test_a_bad_template_is_found_before_a_model_is_opened(tmp_path: Path, upscale: Upscale) -> None:
    told = upscale(photo(tmp_path / "a.jpg"), "--name", "{name}{ext}", "-n", "absent.onnx")
    assert told.status == 2
    assert "{name}" in told.err[0]
    assert upscale(tmp_path / "a.jpg", "-o", tmp_path / "b.jpg", "--name", "{stem}{ext}").status == 2


def test_a_dry_run_says_what_would_happen_and_does_nothing(tmp_path: Path, upscale: Upscale) -> None:
    folder, out = photos(tmp_path / "in", 4), tmp_path / "out"
    planned = upscale(folder, "-o", out, "--dry-run")
    assert set(planned.statuses.values()) == {"to be made"}
    assert planned.json["000.jpg"]["output"] == str(out / "000.jpg")
    assert planned.status == 0
    assert not out.exists()
    upscale(folder / "000.jpg", folder / "001.png", "-o", out)
    (out / "002.jpg").write_text("precious")
    (folder / "003.png").write_text("not a picture any more")
    before = results(tmp_path)
    told = upscale(*sorted(folder.iterdir()), "-o", out, "--dry-run")
    assert list(told.statuses.values()) == ["up to date", "up to date", "failed", "failed"]
    assert told.status == 3
    assert results(tmp_path) == before


def test_fail_fast_begins_no_more(tmp_path: Path, upscale: Upscale) -> None:
    folder = photos(tmp_path / "in", 12)
    (folder / "000.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more than a beginning")
    told = upscale(folder, "-o", tmp_path / "out", "--fail-fast")
    assert told.status == 3
    assert told.statuses["000.jpg"] == "failed"
    assert told.statuses["011.png"] == "skipped"
    assert told.json["011.png"]["notes"] == ["not begun: one failed"]
    assert len(told.json) == 12


def test_more_than_max_failures_begin_no_more(tmp_path: Path, upscale: Upscale) -> None:
    folder = photos(tmp_path / "in", 12)
    for name in ("000.jpg", "002.jpg", "004.jpg"):
        (folder / name).write_bytes(b"\xff\xd8\xff\xe0 no more than a beginning")
    told = upscale(folder, "-o", tmp_path / "some", "--max-failures", 3)
    assert sorted(told.statuses.values()) == ["done"] * 9 + ["failed"] * 3
    assert told.status == 3
    told = upscale(folder, "-o", tmp_path / "few", "--max-failures", 1)
    assert told.json["011.png"]["notes"] == ["not begun: 2 failed"]


def test_any_number_of_lanes_gives_the_same_bytes(tmp_path: Path, upscale: Upscale) -> None:
    folder = photos(tmp_path / "in", 10)
    for lanes in ("1:1:1", "1:4:1", "3:3:3"):
        told = upscale(folder, "-o", tmp_path / lanes.replace(":", ""), "-j", lanes)
        assert set(told.statuses.values()) == {"done"}
    assert results(tmp_path / "111") == results(tmp_path / "141") == results(tmp_path / "333")


@pytest.mark.parametrize("text", ["", "1:2", "1:2:3:4", "0:1:1", "-1:1:1", "a:b:c"])
def test_lanes_that_are_none_are_one_line(text: str) -> None:
    with pytest.raises(OptionError, match="from 1 up"):
        StageLimits.parse(text)


def test_quiet_says_errors_alone_and_verbose_says_more(tmp_path: Path, upscale: Upscale) -> None:
    folder = photos(tmp_path / "in", 2)
    assert upscale(folder, "-q").err == []
    assert len(upscale(folder, "-v").err) > len(upscale(folder).err)
    assert len(upscale(folder, "-q", "--quality", 50).err) == 2 * len(["error", "hint"])
    assert upscale(folder, "-q", "-v").status == 2


def stumbling(path: Path) -> Path:
    """A network that takes nothing but pictures whose pixels fill rows of 16, and says so only when it runs."""
    node = helper.make_node("Reshape", ["input", "shape"], ["output"])
    spec = ModelSpec("stumbling", "upscale", receptive_field=0)
    return graphs.write(path, [node], {"shape": np.array([1, 3, 16, -1], np.int64)}, spec=spec)


def test_a_network_that_fails_ends_the_run_and_leaves_nothing_half_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(tmp_path / "in", 12)
    photo(folder / "004.jpg", 25, 17)
    told = run(capsys, "upscale", folder, "-o", tmp_path / "out", "-n", stumbling(tmp_path / "model.onnx"))
    assert told.status == 1
    assert len(told.errors) == 1
    assert "the network failed" in told.errors[0]
    made = results(tmp_path / "out")
    assert "011.png" not in made
    assert not [name for name in made if name.startswith(".")]


def test_a_mask_that_changed_makes_a_result_old(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill = graphs.constant_fill(tmp_path / "fill.onnx", (1, 0, 0))
    source, mask = photo(tmp_path / "a.png"), tmp_path / "mask.png"
    line = ("inpaint", source, "--mask", mask, "-n", fill, "--json")
    for width, statuses in ((4, ("done", "up to date")), (5, ("failed",))):
        hole = np.zeros((16, 24, 3), np.uint8)
        hole[:width, :width] = 255
        save(mask, hole)
        for status in statuses:
            assert run(capsys, *line).statuses == {"a.png": status}


def test_a_mask_that_was_edited_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill = graphs.constant_fill(tmp_path / "fill.onnx", (1, 0, 0))
    find = graphs.brightness(tmp_path / "find.onnx")
    scratched = np.full((40, 60, 3), 40, np.uint8)
    scratched[:, 30] = 255
    source, found = save(tmp_path / "a.png", scratched), tmp_path / "mask.png"
    line = ("heal", source, "-n", fill, "--finder", find, "--save-mask", found, "--json")
    assert run(capsys, *line).statuses == {"a.png": "done"}
    assert run(capsys, *line).statuses == {"a.png": "up to date"}
    found.unlink()
    assert run(capsys, *line).statuses == {"a.png": "done"}
    found.write_text("edited")
    assert run(capsys, *line).statuses == {"a.png": "failed"}
    assert found.read_text() == "edited"


def test_a_damaged_journal_is_said_and_costs_only_what_it_knew(tmp_path: Path, upscale: Upscale) -> None:
    folder, out = photos(tmp_path / "in", 2), tmp_path / "out"
    upscale(folder, "-o", out)
    (out / NAME).write_bytes(b"nonsense" * 1000)
    told = upscale(folder, "-o", out, "--overwrite")
    assert set(told.statuses.values()) == {"done"}
    assert any("damaged" in line for line in told.err if line.startswith("note: "))


def test_where_no_journal_can_be_written_one_line_says_so(
    tmp_path: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").touch()
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    for place in ((), ("-o", tmp_path / "out")):
        told = upscale(photo(tmp_path / "a.png"), *place)
        assert told.status == 3
        assert len(told.errors) == 1
        assert "state cannot be used" in told.errors[0]
        assert any("GANFX_STATE" in line for line in told.err)


@pytest.mark.slow
def test_memory_depends_on_lanes_and_not_on_the_number_of_pictures(tmp_path: Path, model: Path) -> None:
    script = (
        "import sys\nfrom ganfx.cli import cli\nfrom tests.memory import peak_megabytes\n"
        "cli.main(sys.argv[1:], standalone_mode=False)\nprint(peak_megabytes())"
    )
    # Without it, glibc keeps what was let go of, more or less of it by chance.
    settings = os.environ | {"MALLOC_MMAP_THRESHOLD_": str(2**20)}
    first = save(tmp_path / "in" / "0.jpg", np.full((1000, 1500, 3), 90, np.uint8))
    peaks = []
    for count in (4, 12):
        for number in range(1, count):
            shutil.copy(first, tmp_path / "in" / f"{number}.jpg")
        line = ["upscale", tmp_path / "in", "-o", tmp_path / f"out{count}", "-n", model, "-j", "1:2:1", "-q"]
        call = [sys.executable, "-c", script, *map(str, line)]
        done = subprocess.run(call, capture_output=True, text=True, cwd=ROOT, env=settings, check=True)
        peaks.append(int(done.stdout))
        assert len(results(tmp_path / f"out{count}")) == count
    result_megabytes = 1500 * 1000 * 4 * 3 // 2**20
    assert peaks[1] - peaks[0] < 4 * result_megabytes
