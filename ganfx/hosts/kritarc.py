"""Krita's settings file kritarc: enabling a plug-in, and the chosen resource folder.

Edits work on bytes and leave every other line as it is.
"""

from __future__ import annotations

_GROUP = b"[python]"


def resource_folder(text: bytes) -> str | None:
    """The resource folder chosen in the file content `text`; Krita then looks for plug-ins there. None by default."""
    for line in text.splitlines():
        key, _, value = line.partition(b"=")
        if line.lstrip().startswith(b"["):
            break
        if key.strip() == b"ResourceDirectory":
            return value.strip().replace(b"\\\\", b"\\").decode(errors="surrogateescape") or None
    return None


def is_enabled(text: bytes, plugin: str) -> bool:
    """Whether the file content `text` enables `plugin`."""
    lines = text.splitlines()
    return any(lines[at].partition(b"=")[2].strip().lower() == b"true" for at in _positions(lines, _key(plugin)))


def with_plugin(text: bytes, plugin: str, *, enabled: bool) -> bytes:
    """The file content `text` with `plugin` enabled, or without its line."""
    lines = text.splitlines(keepends=True)
    ending = b"\r\n" if b"\r\n" in text else b"\n"
    known = _positions(lines, _key(plugin))
    line = [_key(plugin) + b"=true" + ending] if enabled else []
    if known:
        for at in reversed(known):
            del lines[at]
        lines[known[0] : known[0]] = line
    elif enabled:
        lines = _insert(lines, line, ending)
    return b"".join(lines)


def _insert(lines: list[bytes], line: list[bytes], ending: bytes) -> list[bytes]:
    if lines and not lines[-1].endswith((b"\n", b"\r")):
        lines = [*lines[:-1], lines[-1] + ending]
    start = _group_start(lines)
    if start is None:
        return [*lines, _GROUP + ending, *line]
    return [*lines[: start + 1], *line, *lines[start + 1 :]]


def _group_start(lines: list[bytes]) -> int | None:
    return next((at for at, line in enumerate(lines) if line.strip() == _GROUP), None)


def _positions(lines: list[bytes], key: bytes) -> list[int]:
    """Line numbers of `key` in the group, which may occur several times."""
    found, inside = [], False
    for at, line in enumerate(lines):
        if line.lstrip().startswith(b"["):
            inside = line.strip() == _GROUP
        elif inside and line.partition(b"=")[0].strip() == key:
            found.append(at)
    return found


def _key(plugin: str) -> bytes:
    return b"enable_" + plugin.encode()
