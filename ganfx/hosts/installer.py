"""Installs and uninstalls plug-ins: all or nothing, and without touching other files."""

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
from ganfx.hosts.table import Host, Installation


def install(host: Host, installation: Installation) -> None:
    """Copy the plug-in for `host` into `installation`, replacing an older copy, and enable it there.

    Raises HostError, with everything rolled back, if the folder belongs to something else or cannot be written.
    """
    files = bundle(host)
    with _host_errors(installation.plugins), contextlib.ExitStack() as undo:
        installation.plugins.mkdir(parents=True, exist_ok=True)
        target = installation.plugins / host.folder
        _refuse_foreign(target)
        part, old = _work_paths(target)
        undo.callback(shutil.rmtree, part, ignore_errors=True)
        _fill(part, target, host, files)
        _swap(target, part, old, undo)
        for name in host.beside:
            _replace(installation.plugins / name, files[name], undo)
        _set_enabled(host, installation, undo, enabled=True)
        undo.pop_all()
        shutil.rmtree(old, ignore_errors=True)


def uninstall(host: Host, installation: Installation) -> bool:
    """Remove the plug-in; files that are not its own stay. Returns whether there was one. Raises HostError."""
    target = installation.plugins / host.folder
    settings = read_settings(target)
    if settings is None:
        return False
    with _host_errors(installation.plugins), contextlib.ExitStack() as undo:
        _set_enabled(host, installation, undo, enabled=False)
        undo.pop_all()
        # SETTINGS goes last, so that a failed run can be repeated.
        for name in sorted(_own_files(host, settings), key=lambda name: name.endswith(SETTINGS)):
            (installation.plugins / name).unlink(missing_ok=True)
        for cache in target.rglob("__pycache__"):
            shutil.rmtree(cache)
        _remove_empty(target)
    return True


def read_settings(folder: Path) -> dict[str, Any] | None:
    """The content of SETTINGS in `folder`; None if that is no plug-in of ganfx."""
    try:
        found = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "command" in found else None


def _refuse_foreign(target: Path) -> None:
    if target.is_symlink() or (target.exists() and read_settings(target) is None):
        raise HostError(f"{target} is there, and is not from ganfx", hint="move it away")


def _work_paths(target: Path) -> tuple[Path, Path]:
    """Paths for the new copy and for the backup of the old one. Recovers from an interrupted run."""
    part, old = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
    if old.exists() and not target.exists():
        old.rename(target)
    for leftover in (part, old):
        shutil.rmtree(leftover, ignore_errors=True)
    return part, old


def _fill(part: Path, target: Path, host: Host, files: dict[str, bytes]) -> None:
    """Create in `part` the new content of `target`: the plug-in, and the foreign files of `target`."""
    part.mkdir()
    for path in _foreign_files(target):
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


def _foreign_files(target: Path) -> Iterator[Path]:
    """Files in `target` that are not part of the plug-in installed there."""
    own = set((read_settings(target) or {}).get("files", []))
    for path in target.rglob("*"):
        name = path.relative_to(target.parent).as_posix()
        if path.is_file() and name not in own and "__pycache__" not in path.parts:
            yield path


def _own_files(host: Host, settings: dict[str, Any]) -> list[str]:
    """The files listed in SETTINGS, without paths that cannot belong to the plug-in."""
    return [name for name in map(str, settings.get("files", [])) if host.owns(name)]


def _swap(target: Path, part: Path, old: Path, undo: contextlib.ExitStack) -> None:
    if target.exists():
        target.rename(old)
        undo.callback(old.rename, target)
    part.rename(target)
    undo.callback(shutil.rmtree, target)


def _replace(path: Path, content: bytes, undo: contextlib.ExitStack) -> None:
    """Write `content` to `path` atomically; if that is a link, to its target."""
    path = Path(os.path.realpath(path))
    before = path.read_bytes() if path.exists() else None
    write_atomic(path, content)
    undo.callback(path.unlink if before is None else _restore(path, before))


def _restore(path: Path, content: bytes) -> Callable[[], object]:
    return lambda: write_atomic(path, content)


def _set_enabled(host: Host, installation: Installation, undo: contextlib.ExitStack, *, enabled: bool) -> None:
    """Enable or disable the plug-in if the host has a settings file for that."""
    if installation.settings is None:
        return
    text = installation.settings.read_bytes() if installation.settings.exists() else b""
    changed = kritarc.with_plugin(text, host.folder, enabled=enabled)
    if changed != text:
        installation.settings.parent.mkdir(parents=True, exist_ok=True)
        _replace(installation.settings, changed, undo)


def _remove_empty(folder: Path) -> None:
    """Remove `folder` and its subfolders if they are empty."""
    for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()


def write_zip(host: Host, path: Path) -> None:
    """Write the plug-in to the zip archive `path`, for the host's own importer. Raises HostError."""
    with _host_errors(path), replacing(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        # Krita recognizes a module only by an entry for its folder.
        archive.mkdir(host.folder)
        for name, content in bundle(host).items():
            archive.writestr(name, content)


@contextlib.contextmanager
def _host_errors(where: Path) -> Iterator[None]:
    """Turn OSError into HostError that names the file."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise HostError(f"{error.filename or where}: {reason}", hint="may you write there?") from error
