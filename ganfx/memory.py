"""How much memory there is: the computer's, or what a container or a service may have of it."""

from __future__ import annotations

import contextlib
import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/")


@dataclass(frozen=True)
class Memory:
    """Memory of the computer, or of the control groups around this process where they allow less."""

    total_bytes: int
    """All of it, in bytes."""
    available_bytes: int
    """What may be taken without swapping, in bytes; memory that only caches files counts."""


@dataclass(frozen=True)
class _Names:
    """The files of one version of control groups, and the entry of `memory.stat` with what only caches files."""

    limit: str
    usage: str
    cached: str


_VERSION_2 = _Names("memory.max", "memory.current", "inactive_file")
_VERSION_1 = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def memory(root: Path = _ROOT) -> Memory:
    """The memory of this process now. `root` is where `proc` and the mounted control groups are looked for."""
    import psutil

    state = psutil.virtual_memory()
    total, available = state.total, state.available
    for limit, used in _limits(root):
        total, available = min(total, limit), min(available, max(limit - used, 0))
    return Memory(total, available)


def release_unused() -> None:
    """Give back to the system what the process has freed; glibc would keep much of it. Nothing where there is none."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # neither musl nor others have it
        ctypes.CDLL(None).malloc_trim(0)


def _limits(root: Path) -> Iterator[tuple[int, int]]:
    """(limit, usage) in bytes of each control group around this process that limits memory; none but on Linux."""
    for folder, names in _groups(root):
        with contextlib.suppress(OSError, ValueError):
            limit = int((folder / names.limit).read_text())  # "max" is no number, and no limit
            yield limit, int((folder / names.usage).read_text()) - _cached(folder, names)


def _cached(folder: Path, names: _Names) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in (folder / "memory.stat").read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == names.cached:
                return int(value)
    return 0


def _groups(root: Path) -> Iterator[tuple[Path, _Names]]:
    """The folders of the control groups around this process, from the innermost, each with how its files are called."""
    own = _own_groups(root)
    for inside, mounted, names in _mounts(root):
        group = own.get(names)
        if group is None:
            continue
        # A container may see only its own part of the tree: its mount shows `inside` of it.
        below = Path(group).relative_to(inside) if Path(group).is_relative_to(inside) else Path()
        place = root / mounted.lstrip("/")
        yield from ((place / above, names) for above in (below, *below.parents))


def _own_groups(root: Path) -> dict[_Names, str]:
    """The control groups that this process is in, by the version that they belong to."""
    found = {}
    for line in _lines(root / "proc/self/cgroup"):
        number, controllers, group = line.split(":", 2)
        if "memory" in controllers.split(","):
            found[_VERSION_1] = group
        elif number == "0" and not controllers:
            found[_VERSION_2] = group
    return found


def _mounts(root: Path) -> Iterator[tuple[str, str, _Names]]:
    """(the part of the tree that is shown, where it is mounted, version) of each tree of control groups with memory."""
    for line in _lines(root / "proc/self/mountinfo"):
        mount, _, kind = line.partition(" - ")
        system, _, options = kind.split(" ", 2)
        names = {"cgroup2": _VERSION_2, "cgroup": _VERSION_1}.get(system)
        if names and (names is _VERSION_2 or "memory" in options.split(",")):
            inside, mounted = (_unescaped(text) for text in mount.split(" ")[3:5])
            yield inside, mounted, names


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []


def _unescaped(text: str) -> str:
    """The kernel writes blanks and backslashes in paths as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
