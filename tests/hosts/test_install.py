"""Plug-ins go in and out: whole or not at all, and nobody else's files are touched."""

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
from tests.hosts.parts import ROOT, place, small_plugins

GIMP, KRITA = HOSTS["gimp"], HOSTS["krita"]


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    return small_plugins(tmp_path / "sources", monkeypatch)


def tree(folder: Path) -> dict[str, bytes]:
    """All files in `folder`, hidden ones too."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_the_plugins_that_ship_are_whole() -> None:
    """As seen in the installed package, with every file in the patterns of what is packed."""
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
    assert sum(1 for line in lines if line.strip()) < 800


def test_nothing_of_ganfx_is_imported_by_a_plugin() -> None:
    for path in (ROOT / "plugins").rglob("*.py"):
        assert "import ganfx" not in path.read_text()
        assert "from ganfx" not in path.read_text()


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_in_and_out_again(sources: Path, tmp_path: Path, host: installer.Host) -> None:
    where = place(tmp_path, host.name)
    before = tree(where.root)
    assert state_of(host, where) == "absent"
    install(host, where)
    assert state_of(host, where) == "installed"
    assert tree(where.plugins) == bundle.bundle(host)
    assert bool((where.plugins / host.folder / host.entry).stat().st_mode & stat.S_IXUSR) == host.needs_executable
    assert uninstall(host, where)
    assert {name: text for name, text in tree(where.root).items() if name != "kritarc"} == before
    assert not (where.plugins / host.folder).exists()
    assert not uninstall(host, where)


def test_what_a_file_browser_left_beside_the_plugin_stays_there(sources: Path, tmp_path: Path) -> None:
    (sources / "krita" / ".DS_Store").write_bytes(b"icons")
    where = place(tmp_path, "krita")
    install(HOSTS["krita"], where)
    assert ".DS_Store" not in {path.name for path in where.plugins.rglob("*")}


def test_the_settings_start_this_very_engine(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", "/my/models")
    where = place(tmp_path, "gimp")
    install(GIMP, where)
    settings = json.loads((where.plugins / "ganfx/engine.json").read_text())
    assert settings["command"] == [sys.executable, "-m", "ganfx"]
    assert settings["state"] == str(tmp_path / "state")
    assert settings["environment"]["GANFX_MODELS"] == "/my/models"


def test_an_older_copy_is_replaced_and_its_neighbours_stay(sources: Path, tmp_path: Path) -> None:
    where = place(tmp_path, "gimp")
    (sources / "gimp/ganfx/old.py").write_text("gone in the next version")
    install(GIMP, where)
    (where.plugins / "ganfx/notes.txt").write_text("mine")
    (where.plugins / "ganfx/__pycache__").mkdir()
    (where.plugins / "ganfx/__pycache__/old.pyc").write_text("")
    (where.plugins / "other").mkdir()
    (where.plugins / "other/other.py").write_text("theirs")
    (sources / "gimp/ganfx/old.py").unlink()
    (sources / "gimp/ganfx/ganfx.py").write_text("NAMES = ['new']")
    assert state_of(GIMP, where) == "other"
    install(GIMP, where)
    others = {"ganfx/notes.txt": b"mine", "other/other.py": b"theirs"}
    assert tree(where.plugins) == bundle.bundle(GIMP) | others
    uninstall(GIMP, where)
    assert tree(where.plugins) == others


@pytest.mark.parametrize("made", ["folder", "link", "file"])
def test_what_is_not_from_ganfx_is_left_alone(sources: Path, tmp_path: Path, made: str) -> None:
    where, target = place(tmp_path, "krita"), tmp_path / "krita/plug-ins/ganfx_krita"
    target.parent.mkdir()
    if made == "folder":
        target.mkdir()
        (target / "__init__.py").write_text("another plug-in of that name")
    elif made == "link":
        install(KRITA, place(tmp_path / "sources", "krita"))
        target.symlink_to(tmp_path / "sources/krita/plug-ins/ganfx_krita")
    else:
        target.write_text("")
    before = tree(where.root)
    with pytest.raises(HostError, match="is not from ganfx"):
        install(KRITA, where)
    assert tree(where.root) == before
    if made != "link":
        assert state_of(KRITA, where) == "foreign"
        assert not uninstall(KRITA, where)
        assert tree(where.root) == before


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("step", ["_fill", "_exchange", "_replace", "_switch"])
def test_where_a_step_fails_all_is_as_it_was(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, older: bool
) -> None:
    where = place(tmp_path, "krita")
    assert where.settings
    where.settings.write_bytes(b"[theme]\r\nx=\xff\r\n")
    if older:
        install(KRITA, where)
        (sources / "krita/ganfx_krita/__init__.py").write_text("NAMES = []")
    before, whole = tree(where.root), getattr(installer, step)

    def fails(*words: object, **more: object) -> None:
        whole(*words, **more)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken, pytest.raises(HostError, match="no space left"):
        broken.setattr(installer, step, fails)
        install(KRITA, where)
    assert tree(where.root) == before
    install(KRITA, where)
    assert state_of(KRITA, where) == "installed"


def test_an_install_that_was_cut_off_is_put_right_by_the_next(sources: Path, tmp_path: Path) -> None:
    where = place(tmp_path, "gimp")
    install(GIMP, where)
    (where.plugins / "ganfx/notes.txt").write_text("mine")
    (where.plugins / "ganfx").rename(where.plugins / ".ganfx.old")
    (where.plugins / ".ganfx.new").mkdir()
    install(GIMP, where)
    assert tree(where.plugins) == bundle.bundle(GIMP) | {"ganfx/notes.txt": b"mine"}


def test_a_place_that_cannot_be_written_is_named(sources: Path, tmp_path: Path) -> None:
    where = place(tmp_path, "gimp")
    where.plugins.write_text("")
    with pytest.raises(HostError, match=f"{where.plugins}: file exists"):
        install(GIMP, where)


def test_a_list_of_files_cannot_reach_out_of_the_plugin(sources: Path, tmp_path: Path) -> None:
    where = place(tmp_path, "gimp")
    install(GIMP, where)
    mine = where.root / "gimprc"
    mine.write_text("mine")
    settings = where.plugins / "ganfx/engine.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "files": ["../gimprc", "ganfx/../../gimprc"]}))
    uninstall(GIMP, where)
    assert mine.read_text() == "mine"


def test_krita_switches_it_on_and_its_settings_stay_behind_a_link(sources: Path, tmp_path: Path) -> None:
    where, real = place(tmp_path, "krita"), tmp_path / "dotfiles"
    assert where.settings
    real.write_bytes(b"[python]\nenable_other=true\n")
    real.chmod(0o640)
    where.settings.symlink_to(real)
    install(KRITA, where)
    assert where.settings.is_symlink()
    assert real.read_bytes() == b"[python]\nenable_ganfx_krita=true\nenable_other=true\n"
    assert real.stat().st_mode & 0o777 == 0o640
    uninstall(KRITA, where)
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
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of no programs."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "GIMP3_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    return tmp_path


def command(*words: object) -> int:
    """The exit status of `ganfx plugins` with these words."""
    with pytest.raises(SystemExit) as ended:
        main(["plugins", *map(str, words)])
    return int(ended.value.code or 0)


def test_the_commands_as_a_person_meets_them(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("install") == 1
    assert "error: no painting program is found" in capsys.readouterr().err
    (alone / ".config/GIMP/3.0").mkdir(parents=True)
    assert command("status") == 1
    assert command("install", "krita") == 1
    assert "error: Krita is not found" in capsys.readouterr().err
    assert command("install") == 0
    said = capsys.readouterr()
    assert str(alone / ".config/GIMP/3.0/plug-ins") in said.out
    assert "Filters > GANFX" in said.err
    assert (alone / "state/filters.json").exists()
    assert command("status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "installed"
    assert command("uninstall") == 0
    assert command("status", "gimp") == 1
    assert command("doctor") == 1


def test_a_named_folder_is_for_one_program(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("install", "--folder", alone / "mine") == 2
    assert command("install", "krita", "--folder", alone / "mine") == 0
    assert command("status", "krita", "--folder", alone / "mine") == 0
    assert command("uninstall", "krita", "--folder", alone / "mine") == 0
    assert tree(alone / "mine") == {}
