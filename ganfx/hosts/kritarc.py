"""What kritarc says of plug-ins: the line that switches one on, and where Krita looks for them.

Everything else of the file stays as it is, byte for byte.
"""

from __future__ import annotations

_GROUP = b"[python]"


def resources(text: bytes) -> str | None:
    """The folder for resources, plug-ins among them, that somebody has chosen in `text`, the whole file."""
    for line in text.splitlines():
        key, _, value = line.partition(b"=")
        if line.lstrip().startswith(b"["):
            break
        if key.strip() == b"ResourceDirectory":
            return value.strip().replace(b"\\\\", b"\\").decode(errors="surrogateescape") or None
    return None


def is_on(text: bytes, plugin: str) -> bool:
    """Whether `text`, the whole file, has `plugin` switched on."""
    lines = text.splitlines()
    return any(lines[at].partition(b"=")[2].strip().lower() == b"true" for at in _positions(lines, _key(plugin)))


def switched(text: bytes, plugin: str, *, on: bool) -> bytes:
    """`text`, the whole file, with `plugin` switched on, or with no word of it."""
    lines = text.splitlines(keepends=True)
    ending = b"\r\n" if b"\r\n" in text else b"\n"
    known = _positions(lines, _key(plugin))
    line = [_key(plugin) + b"=true" + ending] if on else []
    if known:
        for at in reversed(known):
            del lines[at]
        lines[known[0] : known[0]] = line
    elif on:
        lines = _added(lines, line, ending)
    return b"".join(lines)


def _added(lines: list[bytes], line: list[bytes], ending: bytes) -> list[bytes]:
    if lines and not lines[-1].endswith((b"\n", b"\r")):
        lines = [*lines[:-1], lines[-1] + ending]
    start = _start(lines)
    if start is None:
        return [*lines, _GROUP + ending, *line]
    return [*lines[: start + 1], *line, *lines[start + 1 :]]


def _start(lines: list[bytes]) -> int | None:
    return next((at for at, line in enumerate(lines) if line.strip() == _GROUP), None)


def _positions(lines: list[bytes], key: bytes) -> list[int]:
    """Where `key` stands in the group, however often that is written."""
    found, inside = [], False
    for at, line in enumerate(lines):
        if line.lstrip().startswith(b"["):
            inside = line.strip() == _GROUP
        elif inside and line.partition(b"=")[0].strip() == key:
            found.append(at)
    return found


def _key(plugin: str) -> bytes:
    return b"enable_" + plugin.encode()
