"""Atomic writes: all of the old content or all of the new, whatever goes wrong."""

from __future__ import annotations

import ast
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import ganfx
from ganfx.atomic import AtomicFile, copy_file, output_errors, part_of, replacing, write_atomic
from ganfx.errors import DiskFullError, NameLengthError, OutputError

POSIX = pytest.mark.skipif(os.name == "nt", reason="permission bits")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write(target: AtomicFile, text: str) -> None:
    with target.open("w") as file:
        file.write(text)


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
    write(target, "newer")
    target.commit()
    assert (path.read_text(), _mode(path)) == ("newer", 0o640)


def test_nothing_is_overwritten_unasked_even_if_it_appears_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    target = AtomicFile(path, overwrite=False)
    write(target, "ours")
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
    with (tmp_path / "source").open("rb") as source:
        copy_file(source, tmp_path / "link.png", overwrite=True)
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "real.png").read_text() == "new"


@POSIX
def test_a_link_that_nobody_named_is_never_written_through(tmp_path: Path) -> None:
    victim, folder = tmp_path / "victim.png", tmp_path / "out"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (folder / "dangling.png").symlink_to(victim)
    (folder / "aside").symlink_to(tmp_path / "elsewhere")
    for place in (folder / "dangling.png", folder / "aside" / "a.png"):
        with pytest.raises(OutputError, match="is a link") as caught:
            AtomicFile(place, overwrite=True, below=folder)
        assert "-o" in str(caught.value.hint)
    target = AtomicFile(folder / "sub" / "a.png", overwrite=False, below=folder)
    write(target, "ours")
    (folder / "sub" / "a.png").symlink_to(victim)
    with pytest.raises(OutputError):
        target.commit()
    target.discard()
    assert not victim.exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (tmp_path / "link").symlink_to(folder)
    named = AtomicFile(tmp_path / "link" / "b.png", overwrite=False, below=tmp_path / "link")
    write(named, "through the folder that the user named")
    named.commit()
    named.discard()
    assert (folder / "b.png").exists()


@POSIX
def test_a_folder_that_is_exchanged_meanwhile_does_not_lead_elsewhere(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    target = AtomicFile(folder / "a.png", overwrite=False)
    folder.rename(tmp_path / "moved")
    folder.symlink_to(elsewhere)
    write(target, "ours")
    target.commit()
    target.discard()
    assert list(elsewhere.iterdir()) == []
    assert (tmp_path / "moved" / "a.png").read_text() == "ours"


@POSIX
@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_temporary_file_that_is_exchanged_is_not_put_in_place(kind: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    target = AtomicFile(tmp_path / "a.png", overwrite=False)
    write(target, "ours")
    target.part.unlink()
    if kind == "link":
        target.part.symlink_to(victim)
    else:
        target.part.write_text("theirs")
    write(target, "more of ours")
    with pytest.raises(OutputError, match="exchanged"):
        target.commit()
    target.discard()
    with pytest.raises(OSError, match="exchanged"), replacing(tmp_path / "b.json") as part:
        part.unlink()
        part.symlink_to(victim)
    assert os.listdir(tmp_path) == ["victim"]
    assert victim.read_text() == "precious"


@POSIX
def test_devices_and_pipes_are_no_results(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(OutputError, match="no file"):
        AtomicFile(tmp_path / "pipe.png", overwrite=True)


def test_names_may_be_as_long_as_file_systems_take_and_one_that_is_longer_is_said(tmp_path: Path) -> None:
    for name in ("😀" * 62 + ".png", "a" * 251 + ".png"):
        write_atomic(tmp_path / name, "own")
        target = AtomicFile(tmp_path / name, overwrite=True)
        write(target, "ours")
        target.commit()
        assert (tmp_path / name).read_text() == "ours"
    with pytest.raises(NameLengthError, match="256 bytes"):
        AtomicFile(tmp_path / ("😀" * 63 + ".png"), overwrite=True)


def test_the_commit_hook_sees_the_complete_file_and_may_forbid_it(tmp_path: Path) -> None:
    class Hook:
        token = "0123abcd"

        def about_to_appear(self, part: Path) -> None:
            assert part.read_text() == "complete"
            raise OutputError("no")

    path = tmp_path / "a.png"
    target = AtomicFile(path, overwrite=False, commit_hook=Hook())
    assert target.part == part_of(path, "0123abcd") == tmp_path.resolve() / ".a.0123abcd.png"
    write(target, "complete")
    with pytest.raises(OutputError, match="no"):
        target.commit()
    target.discard()
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError), output_errors(tmp_path):
        raise OSError(28, "No space left on device")
    with pytest.raises(OutputError, match="permission denied"), output_errors(tmp_path):
        raise PermissionError(13, "Permission denied")


# Files that are not written through this module, and why that is safe.
ELSEWHERE = {
    "open_folder.py",
    "batch/homes.py",  # sets a damaged journal aside by a rename
    "cli/pipes.py",  # pipes, and a folder of its own in the system's temporary folder
    "cli/terminal.py",  # appends to the log that the user asked for
    "files/animations/spool.py",  # files without a name
    "files/canvas.py",  # files without a name
    "files/codecs/child.py",  # in a folder of its own in the system's temporary folder
    "files/codecs/layered.py",  # the same
    "files/codecs/photoshop.py",  # the same
    "files/writer.py",  # the open temporary file of an AtomicFile
    "batch/report.py",  # the same, and the open temporary file of an AtomicFile
    "hosts/doctor.py",  # a folder of its own in the system's temporary folder
    "hosts/installer.py",  # a new folder among the user's plug-ins
    "hosts/programs.py",  # files without a name
    "hosts/probe.py",  # runs in a painting program, in the folder of hosts/doctor.py
    "hub/fetching.py",  # the unfinished file of a download, in the cache folder
    "hub/registry.py",  # fills the temporary file of `replacing`
    "isolation.py",  # files without a name
    "private.py",  # private files in the state folder, through an open folder
    "server/archive.py",  # a ZIP in memory, on its way to the page
    "server/body.py",  # new files in the page's own folder, which is emptied when the service ends
    "training/monitor.py",  # appends to a log in the folder of the training
    "watch/quarantine.py",  # files made by an open folder
}
_WRITERS = {
    "write_text",
    "write_bytes",
    "copyfile",
    "copy2",
    "copy",
    "copytree",
    "move",
    "mkstemp",
    "replace",
    "rename",
}
_MODULES = {"os", "shutil", "tempfile"}


def _writes(node: ast.AST) -> bool:
    """Whether `node` is a call that opens a file for writing, or writes one by its path."""
    if not isinstance(node, ast.Call):
        return False
    named = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if named in ("write_text", "write_bytes", "TemporaryFile", "NamedTemporaryFile"):
        return True
    if named in _WRITERS and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return node.func.value.id in _MODULES
    words = [*node.args, *(word.value for word in node.keywords)]
    modes = {str(one.value) for one in words if isinstance(one, ast.Constant)}
    return named == "open" and any(re.fullmatch("[wax][bt]?[+]?|r[bt]?[+][bt]?|w[+]b", mode) for mode in modes)


def test_every_file_is_written_through_one_door() -> None:
    package = Path(ganfx.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(_writes(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert found == ELSEWHERE
