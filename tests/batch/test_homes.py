"""Where journals are kept: nothing lies about beside pictures, and a folder is known again wherever it went."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganfx.batch.homes import NAME
from ganfx.batch.seals import KEY
from ganfx.paths import state_dir
from tests import graphs
from tests.batch.batches import ROOT, Told, command, photo, photos, run, save

Upscale = Callable[..., Told]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2)


@pytest.fixture
def upscale(
    capsys: pytest.CaptureFixture[str], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Upscale:
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    return functools.partial(run, capsys, "upscale", "--json", "-n", model)


def names(folder: Path) -> set[str]:
    """All that is in `folder`, hidden files too."""
    return {path.name for path in folder.iterdir()}


def test_beside_pictures_there_are_results_and_nothing_else(tmp_path: Path, upscale: Upscale) -> None:
    folder = photos(tmp_path / "in", 2)
    for status in ("done", "up to date"):
        assert set(upscale(folder).statuses.values()) == {status}
        assert names(folder) == {"000.jpg", "001.png", "000_x2_nearest.jpg", "001_x2_nearest.png"}
    assert upscale(folder / "000.jpg", "-o", tmp_path / "large.jpg").statuses == {"000.jpg": "done"}
    assert names(tmp_path) == {"in", "large.jpg", "state"}


def test_a_folder_named_for_results_keeps_their_journal_and_may_go_anywhere(tmp_path: Path, upscale: Upscale) -> None:
    folder, out = photos(tmp_path / "in", 2), tmp_path / "out"
    upscale(folder, "-o", out)
    assert names(out) == {"000.jpg", "001.png", NAME}
    copied = Path(shutil.copytree(out, tmp_path / "elsewhere" / "copy"))
    assert set(upscale(folder, "-o", copied).statuses.values()) == {"up to date"}


def test_a_folder_that_was_renamed_is_known_again(tmp_path: Path, upscale: Upscale) -> None:
    folder = photos(tmp_path / "in", 2)
    upscale(folder)
    moved = folder.rename(tmp_path / "holiday")
    for _ in range(2):
        told = upscale(moved)
        assert told.statuses == {"000.jpg": "up to date", "001.png": "up to date"}
    # Another folder that takes its old name has a journal of its own.
    told = upscale(photos(folder, 2))
    assert told.statuses == {"000.jpg": "done", "001.png": "done"}
    assert set(upscale(moved).statuses.values()) == {"up to date"}


def test_a_folder_that_everybody_may_write_to_holds_no_journal(tmp_path: Path, upscale: Upscale) -> None:
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o777)
    source = photo(tmp_path / "a.png")
    for status in ("done", "up to date"):
        assert upscale(source, "-o", out).statuses == {"a.png": status}
        assert names(out) == {"a.png"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_folder_or_journal_is_not_believed(tmp_path: Path, upscale: Upscale) -> None:
    source, out = photo(tmp_path / "a.png"), tmp_path / "out"
    upscale(source, "-o", out)
    os.chown(out / NAME, 1234, 1234)
    assert upscale(source, "-o", out).statuses == {"a.png": "failed"}
    os.chown(out, 1234, 1234)
    assert upscale(source, "-o", out).statuses == {"a.png": "failed"}
    assert names(out) == {"a.png", NAME}


def test_a_journal_of_another_installation_is_left_alone_and_said(tmp_path: Path, upscale: Upscale) -> None:
    source, out = photo(tmp_path / "a.png"), tmp_path / "out"
    upscale(source, "-o", out)
    before = (out / NAME).read_bytes()
    shutil.rmtree(state_dir())
    told = upscale(source, "-o", out, "--overwrite")
    assert told.statuses == {"a.png": "done"}
    assert sum("not written by this installation" in line for line in told.err) == 1
    again = upscale(source, "-o", out)
    assert again.statuses == {"a.png": "up to date"}
    assert not [line for line in again.err if line.startswith("note: ")]
    assert (out / NAME).read_bytes() == before
    assert names(out) == {"a.png", NAME}


def test_results_in_folders_of_results_are_left_out_from_wherever_they_are_named(
    tmp_path: Path, upscale: Upscale
) -> None:
    for name in ("a.png", "x/b.png"):
        photo(tmp_path / "in" / name)
    upscale(tmp_path / "in", "-r", "-o", tmp_path / "in" / "out")
    upscale(tmp_path / "in", "-r", "--name", "{stem}_large{ext}")
    told = upscale(tmp_path / "in", "-r", "--name", "{stem}_large{ext}")
    assert told.statuses == {"a.png": "up to date", "b.png": "up to date"}
    assert any("4 results of earlier runs are left out" in line for line in told.err)


def test_masks_are_recorded_where_they_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill, find = graphs.constant_fill(tmp_path / "fill.onnx", (1, 0, 0)), graphs.brightness(tmp_path / "find.onnx")
    scratched = np.full((40, 60, 3), 40, np.uint8)
    scratched[:, 30] = 255
    source = save(tmp_path / "in" / "a.png", scratched)
    line = ("heal", source, "-n", fill, "--finder", find, "--json", "-o", tmp_path / "out")
    for status in ("done", "up to date"):
        assert run(capsys, *line, "--save-mask", tmp_path / "masks").statuses == {"a.png": status}
    assert names(tmp_path / "masks") == {"a.png", NAME}


def test_the_secret_is_the_users_alone(tmp_path: Path, upscale: Upscale) -> None:
    upscale(photo(tmp_path / "a.png"))
    assert (state_dir() / KEY).stat().st_mode & 0o777 == 0o600
    assert state_dir().stat().st_mode & 0o777 == 0o700
    assert all(not path.stat().st_mode & 0o077 for path in state_dir().rglob("*.sqlite"))


def test_what_was_kept_in_a_damaged_state_folder_is_begun_anew(tmp_path: Path, upscale: Upscale) -> None:
    folder = photos(tmp_path / "in", 2)
    upscale(folder)
    for database in sorted(state_dir().rglob("*.sqlite")):
        database.write_bytes(b"nonsense" * 1000)
        told = upscale(folder / "000.jpg", "--overwrite")
        assert told.statuses == {"000.jpg": "done"}, told.err


@pytest.mark.slow
def test_results_in_a_folder_that_became_read_only_are_up_to_date(tmp_path: Path, model: Path) -> None:
    folder, out = photos(tmp_path / "in", 3), tmp_path / "out"
    out.mkdir()
    script = f"""
        mount -t tmpfs -o mode=700 tmpfs {out} || exit 77
        "$@" || exit 1
        mount -o remount,ro {out}
        "$@"
    """
    line = ["unshare", "-rm", "sh", "-c", script, "sh", *command("upscale", folder, "-o", out, "-n", model)]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this machine lets no user mount a disk")
    assert done.returncode == 0, done.stderr
    assert "3 up to date" in done.stderr.splitlines()[-1]
