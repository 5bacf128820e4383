"""Plug-ins go in, and out again: whole or not at all, and nobody else's files are touched."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ganfx.atomic import replacing, write_atomic
from ganfx.errors import HostError
from ganfx.hosts import kritarc
from ganfx.hosts.bundle import SETTINGS, bundle
from ganfx.hosts.table import Host, Place


def install(host: Host, place: Place) -> None:
    """Lay the plug-in for `host` into `place`, in the stead of an older copy, and switch it on there.

    Raises HostError, with everything as it was, where what lies there is not ganfx's or nothing can be written.
    """
    files = bundle(host)
    with _told(place.plugins), contextlib.ExitStack() as undo:
        place.plugins.mkdir(parents=True, exist_ok=True)
        target = place.plugins / host.folder
        _refuse_foreign(target)
        part, old = _beside(target)
        undo.callback(shutil.rmtree, part, ignore_errors=True)
        _fill(part, target, host, files)
        _exchange(target, part, old, undo)
        for name in host.beside:
            _replace(place.plugins / name, files[name], undo)
        _switch(host, place, undo, on=True)
        undo.pop_all()
        shutil.rmtree(old, ignore_errors=True)


def uninstall(host: Host, place: Place) -> bool:
    """Take the plug-in out of `place`; files that are not its own stay. Says whether it was there. Raises HostError."""
    target = place.plugins / host.folder
    settings = read_settings(target)
    if settings is None:
        return False
    with _told(place.plugins), contextlib.ExitStack() as undo:
        _switch(host, place, undo, on=False)
        undo.pop_all()
        # SETTINGS goes last: should the rest fail, this can be tried again.
        for name in sorted(_own_files(host, settings), key=lambda name: name.endswith(SETTINGS)):
            (place.plugins / name).unlink(missing_ok=True)
        for cache in target.rglob("__pycache__"):
            shutil.rmtree(cache)
        _prune(target)
    return True


def read_settings(folder: Path) -> dict[str, Any] | None:
    """What a plug-in's `folder` holds of its engine; None where it is no plug-in of ganfx."""
    try:
        found = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "command" in found else None


def _refuse_foreign(target: Path) -> None:
    if target.is_symlink() or (target.exists() and read_settings(target) is None):
        raise HostError(f"{target} is there, and is not from ganfx", hint="move it away")


def _beside(target: Path) -> tuple[Path, Path]:
    """Where the new copy grows, and where the old one goes meanwhile; what a run that was cut off left is put right."""
    part, old = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
    if old.exists() and not target.exists():
        old.rename(target)
    for left in (part, old):
        shutil.rmtree(left, ignore_errors=True)
    return part, old


def _fill(part: Path, target: Path, host: Host, files: dict[str, bytes]) -> None:
    """Make in `part` what `target` is to be: the plug-in, and what else lay there."""
    part.mkdir()
    for path in _foreign(target):
        copy = part / path.relative_to(target)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    for name, content in files.items():
        if name not in host.beside:
            path = part / Path(name).relative_to(host.folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    if host.needs_executable:
        (part / host.entry).chmod(0o755)


def _foreign(target: Path) -> Iterator[Path]:
    own = set((read_settings(target) or {}).get("files", []))
    for path in target.rglob("*"):
        name = path.relative_to(target.parent).as_posix()
        if path.is_file() and name not in own and "__pycache__" not in path.parts:
            yield path


def _own_files(host: Host, settings: dict[str, Any]) -> list[str]:
    """The files of an installed plug-in, as far as what it says of them can be true."""
    return [name for name in map(str, settings.get("files", [])) if host.owns(name)]


def _exchange(target: Path, part: Path, old: Path, undo: contextlib.ExitStack) -> None:
    if target.exists():
        target.rename(old)
        undo.callback(old.rename, target)
    part.rename(target)
    undo.callback(shutil.rmtree, target)


def _replace(path: Path, content: bytes, undo: contextlib.ExitStack) -> None:
    """Let `path` hold `content`, through a link too."""
    path = Path(os.path.realpath(path))
    before = path.read_bytes() if path.exists() else None
    write_atomic(path, content)
    undo.callback(path.unlink if before is None else _restore(path, before))


def _restore(path: Path, content: bytes) -> Callable[[], object]:
    return lambda: path.write_bytes(content)


def _switch(host: Host, place: Place, undo: contextlib.ExitStack, *, on: bool) -> None:
    """Switch the plug-in on or off where the host has a file that says so."""
    if place.settings is None:
        return
    text = place.settings.read_bytes() if place.settings.exists() else b""
    wanted = kritarc.switched(text, host.folder, on=on)
    if wanted != text:
        place.settings.parent.mkdir(parents=True, exist_ok=True)
        _replace(place.settings, wanted, undo)


def _prune(folder: Path) -> None:
    """Remove `folder` and those in it, as far as they are empty."""
    for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()


def write_zip(host: Host, path: Path) -> None:
    """Write the plug-in as an archive that the host's own importer takes, at `path`. Raises HostError."""
    with _told(path), replacing(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        # Krita takes a folder for a module only where the archive names it.
        archive.mkdir(host.folder)
        for name, content in bundle(host).items():
            archive.writestr(name, content)


@contextlib.contextmanager
def _told(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise HostError(f"{error.filename or where}: {said}", hint="may you write there?") from error
