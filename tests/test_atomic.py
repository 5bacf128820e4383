"""Atomic writes: all of the old content or all of the new, whatever goes wrong."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ganfx.atomic import AtomicFile, copy_file, output_errors, part_of, replacing, write_atomic
from ganfx.errors import DiskFullError, OutputError

POSIX = pytest.mark.skipif(os.name == "nt", reason="permission bits")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_content_replaces_content(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, "ä")
    assert path.read_bytes() == "ä".encode()
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.json"]


def test_only_what_is_durable_is_flushed_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    write_atomic(tmp_path / "status", "now", durable=False)
    assert not flushed
    write_atomic(tmp_path / "model", "weights")
    assert flushed


def test_a_failure_leaves_the_old_content_and_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_killed_process_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, "old")
    script = (
        "import os, sys, pathlib; from ganfx.atomic import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as part: part.write_text('half'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)]).returncode == 9
    assert path.read_text() == "old"
    (left,) = [name for name in os.listdir(tmp_path) if name != "a.json"]
    assert left.startswith(".a.json.")
    assert left.endswith(".part")


@POSIX
def test_a_private_file_is_never_readable_for_others(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    before = os.umask(0)
    try:
        with replacing(path, mode=0o600) as part:
            assert _mode(part) == 0o600
            part.write_text("token")
    finally:
        os.umask(before)
    assert _mode(path) == 0o600


@POSIX
def test_permissions_of_a_replaced_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o640)
    write_atomic(path, "new")
    assert _mode(path) == 0o640
    target = AtomicFile(path, overwrite=True)
    target.part.write_text("newer")
    target.commit()
    assert (path.read_text(), _mode(path)) == ("newer", 0o640)


def test_nothing_is_overwritten_unasked_even_if_it_appears_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    target = AtomicFile(path, overwrite=False)
    target.part.write_text("ours")
    path.write_text("theirs")
    with pytest.raises(OutputError, match="exists already"):
        target.commit()
    target.discard()
    assert path.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["a.png"]


@POSIX
def test_a_link_stays_a_link_for_the_users_files(tmp_path: Path) -> None:
    (tmp_path / "real.png").write_text("old")
    (tmp_path / "link.png").symlink_to("real.png")
    (tmp_path / "source").write_text("new")
    copy_file(tmp_path / "source", tmp_path / "link.png", overwrite=True)
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "real.png").read_text() == "new"


def test_the_commit_hook_sees_the_complete_file_and_may_forbid_it(tmp_path: Path) -> None:
    class Hook:
        token = "0123abcd"

        def about_to_appear(self, part: Path) -> None:
            assert part.read_text() == "complete"
            raise OutputError("no")

    path = tmp_path / "a.png"
    target = AtomicFile(path, overwrite=False, commit_hook=Hook())
    assert target.part == part_of(path, "0123abcd") == tmp_path.resolve() / ".a.0123abcd.png"
    target.part.write_text("complete")
    with pytest.raises(OutputError, match="no"):
        target.commit()
    target.discard()
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError), output_errors(tmp_path):
        raise OSError(28, "No space left on device")
    with pytest.raises(OutputError, match="permission denied"), output_errors(tmp_path):
        raise PermissionError(13, "Permission denied")
