"""Installing and uninstalling plug-ins: all or nothing, and without touching other files."""

from __future__ import annotations

import json
import stat
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from ganfx.cli import main
from ganfx.errors import HostError
from ganfx.hosts import bundle, installer
from ganfx.hosts.installations import state_of
from ganfx.hosts.installer import install, uninstall, write_zip
from ganfx.hosts.table import HOSTS
from tests.hosts.helpers import ROOT, installation, small_plugins

GIMP, KRITA = HOSTS["gimp"], HOSTS["krita"]


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    return small_plugins(tmp_path / "sources", monkeypatch)


def tree(folder: Path) -> dict[str, bytes]:
    """The content of all files in `folder` by path, hidden ones included."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_bundles_hold_every_source_file() -> None:
    """The package-data patterns cover every file, and bundles hold them all."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"][
        "ganfx.plugins"
    ]
    packed = {path for pattern in patterns for path in (ROOT / "plugins").glob(pattern)}
    below = [path for path in (ROOT / "plugins").glob("*/**/*") if path.is_file() and path.parent.name != "__pycache__"]
    assert packed == set(below)
    for host in HOSTS.values():
        files = bundle.bundle(host)
        assert {f"{host.folder}/{host.entry}", f"{host.folder}/client.py", *host.beside} <= set(files)
        assert {path.read_bytes() for path in below if host.name in path.parts} <= set(files.values())


def test_the_plugins_stay_thin() -> None:
    lines = [line for path in (ROOT / "plugins").rglob("*.py") for line in path.read_text().splitlines()]
    assert sum(1 for line in lines if line.strip()) < 850


def test_nothing_of_ganfx_is_imported_by_a_plugin() -> None:
    for path in (ROOT / "plugins").rglob("*.py"):
        assert "import ganfx" not in path.read_text()
        assert "from ganfx" not in path.read_text()


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_install_and_uninstall(sources: Path, tmp_path: Path, host: installer.Host) -> None:
    target = installation(tmp_path, host.name)
    before = tree(target.root)
    assert state_of(host, target) == "absent"
    install(host, target)
    assert state_of(host, target) == "installed"
    assert tree(target.plugins) == bundle.bundle(host)
    assert bool((target.plugins / host.folder / host.entry).stat().st_mode & stat.S_IXUSR) == host.needs_executable
    assert uninstall(host, target)
    assert {name: text for name, text in tree(target.root).items() if name != "kritarc"} == before
    assert not (target.plugins / host.folder).exists()
    assert not uninstall(host, target)


def test_hidden_files_beside_the_sources_are_not_installed(sources: Path, tmp_path: Path) -> None:
    (sources / "krita" / ".DS_Store").write_bytes(b"icons")
    target = installation(tmp_path, "krita")
    install(HOSTS["krita"], target)
    assert ".DS_Store" not in {path.name for path in target.plugins.rglob("*")}


def test_the_settings_start_this_copy_of_ganfx(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", "/my/models")
    target = installation(tmp_path, "gimp")
    install(GIMP, target)
    settings = json.loads((target.plugins / "ganfx/engine.json").read_text())
    assert settings["command"] == [sys.executable, "-P", "-m", "ganfx"]
    assert settings["state"] == str(tmp_path / "state")
    assert settings["environment"]["GANFX_MODELS"] == "/my/models"


def test_an_older_copy_is_replaced_and_foreign_files_stay(sources: Path, tmp_path: Path) -> None:
    target = installation(tmp_path, "gimp")
    (sources / "gimp/ganfx/old.py").write_text("gone in the next version")
    install(GIMP, target)
    (target.plugins / "ganfx/notes.txt").write_text("mine")
    (target.plugins / "ganfx/__pycache__").mkdir()
    (target.plugins / "ganfx/__pycache__/old.pyc").write_text("")
    (target.plugins / "other").mkdir()
    (target.plugins / "other/other.py").write_text("theirs")
    (sources / "gimp/ganfx/old.py").unlink()
    (sources / "gimp/ganfx/ganfx.py").write_text("NAMES = ['new']")
    assert state_of(GIMP, target) == "other"
    install(GIMP, target)
    others = {"ganfx/notes.txt": b"mine", "other/other.py": b"theirs"}
    assert tree(target.plugins) == bundle.bundle(GIMP) | others
    uninstall(GIMP, target)
    assert tree(target.plugins) == others


@pytest.mark.parametrize("kind", ["folder", "link", "file"])
def test_a_foreign_folder_link_or_file_is_not_replaced(sources: Path, tmp_path: Path, kind: str) -> None:
    target, path = installation(tmp_path, "krita"), tmp_path / "krita/plug-ins/ganfx_krita"
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
        (path / "__init__.py").write_text("another plug-in of that name")
    elif kind == "link":
        install(KRITA, installation(tmp_path / "sources", "krita"))
        path.symlink_to(tmp_path / "sources/krita/plug-ins/ganfx_krita")
    else:
        path.write_text("")
    before = tree(target.root)
    with pytest.raises(HostError, match="is not from ganfx"):
        install(KRITA, target)
    assert tree(target.root) == before
    if kind != "link":
        assert state_of(KRITA, target) == "foreign"
        assert not uninstall(KRITA, target)
        assert tree(target.root) == before


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("step", ["_fill", "_swap", "_replace", "_set_enabled"])
def test_a_failed_step_is_rolled_back(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, older: bool
) -> None:
    target = installation(tmp_path, "krita")
    assert target.settings
    target.settings.write_bytes(b"[theme]\r\nx=\xff\r\n")
    if older:
        install(KRITA, target)
        (sources / "krita/ganfx_krita/__init__.py").write_text("NAMES = []")
    before, whole = tree(target.root), getattr(installer, step)

    def fails(*words: object, **more: object) -> None:
        whole(*words, **more)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken, pytest.raises(HostError, match="no space left"):
        broken.setattr(installer, step, fails)
        install(KRITA, target)
    assert tree(target.root) == before
    install(KRITA, target)
    assert state_of(KRITA, target) == "installed"


def test_an_interrupted_install_is_repaired_by_the_next(sources: Path, tmp_path: Path) -> None:
    target = installation(tmp_path, "gimp")
    install(GIMP, target)
    (target.plugins / "ganfx/notes.txt").write_text("mine")
    (target.plugins / "ganfx").rename(target.plugins / ".ganfx.old")
    (target.plugins / ".ganfx.new").mkdir()
    install(GIMP, target)
    assert tree(target.plugins) == bundle.bundle(GIMP) | {"ganfx/notes.txt": b"mine"}


def test_a_folder_that_cannot_be_written_is_named(sources: Path, tmp_path: Path) -> None:
    target = installation(tmp_path, "gimp")
    target.plugins.write_text("")
    with pytest.raises(HostError, match=f"{target.plugins}: file exists"):
        install(GIMP, target)


def test_listed_files_outside_the_plugin_are_not_removed(sources: Path, tmp_path: Path) -> None:
    target = installation(tmp_path, "gimp")
    install(GIMP, target)
    mine = target.root / "gimprc"
    mine.write_text("mine")
    settings = target.plugins / "ganfx/engine.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "files": ["../gimprc", "ganfx/../../gimprc"]}))
    uninstall(GIMP, target)
    assert mine.read_text() == "mine"


def test_kritarc_is_edited_through_a_link(sources: Path, tmp_path: Path) -> None:
    target, real = installation(tmp_path, "krita"), tmp_path / "dotfiles"
    assert target.settings
    real.write_bytes(b"[python]\nenable_other=true\n")
    real.chmod(0o640)
    target.settings.symlink_to(real)
    install(KRITA, target)
    assert target.settings.is_symlink()
    assert real.read_bytes() == b"[python]\nenable_ganfx_krita=true\nenable_other=true\n"
    assert real.stat().st_mode & 0o777 == 0o640
    uninstall(KRITA, target)
    assert real.read_bytes() == b"[python]\nenable_other=true\n"


def test_the_zip_is_what_kritas_importer_looks_for(sources: Path, tmp_path: Path) -> None:
    write_zip(KRITA, tmp_path / "ganfx-krita.zip")
    with zipfile.ZipFile(tmp_path / "ganfx-krita.zip") as archive:
        assert "ganfx_krita/" in archive.namelist()
        assert {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")} == bundle.bundle(
            KRITA
        )
    with pytest.raises(HostError, match="no such file"):
        write_zip(KRITA, tmp_path / "none" / "ganfx-krita.zip")


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without any host, and none in PATH."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "GIMP3_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    return tmp_path


def command(*words: object) -> int:
    """Run `ganfx plugins` with these arguments; returns the exit status."""
    with pytest.raises(SystemExit) as exited:
        main(["plugins", *map(str, words)])
    return int(exited.value.code or 0)


def test_the_commands_in_the_order_of_use(empty_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("install") == 1
    assert "error: no painting program is found" in capsys.readouterr().err
    (empty_home / ".config/GIMP/3.0").mkdir(parents=True)
    assert command("status") == 1
    assert command("install", "krita") == 1
    assert "error: Krita is not found" in capsys.readouterr().err
    assert command("install") == 0
    printed = capsys.readouterr()
    assert str(empty_home / ".config/GIMP/3.0/plug-ins") in printed.out
    assert "Filters > GANFX" in printed.err
    assert (empty_home / "state/filters.json").exists()
    assert command("status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "installed"
    assert command("uninstall") == 0
    assert command("status", "gimp") == 1
    assert command("doctor") == 1


def test_a_named_folder_is_for_one_program(empty_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("install", "--folder", empty_home / "mine") == 2
    assert command("install", "krita", "--folder", empty_home / "mine") == 0
    assert command("status", "krita", "--folder", empty_home / "mine") == 0
    assert command("uninstall", "krita", "--folder", empty_home / "mine") == 0
    assert tree(empty_home / "mine") == {}
