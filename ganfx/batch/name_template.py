"""Templates for the names of results, which may come from a file in a stranger's folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ganfx.errors import OptionError
from ganfx.files import WRITABLE
from ganfx.text import printable

# Fields of templates for names; ext includes its dot.
FIELDS = ("stem", "model", "scale", "ext", "filter", "suffix", "candidate")
# Default templates: beside the source, and in another folder.
BESIDE, APART = "{stem}_{suffix}{ext}", "{stem}{ext}"

# The most characters of a template: the result's own length is checked when it is written.
_MOST = 200
# What no common file system, or no shell of Windows, takes in a name.
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_SEPARATORS = re.compile(r"[/\\]")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)\s*(\.|$)", re.IGNORECASE)
_FIELD = re.compile(r"\{([^{}]*)\}")


class NameTemplate(str):
    """A template that names results, and nothing else, within their folder; raises OptionError where it does not.

    It is text and fields, as in "{stem}_{suffix}{ext}"; see `FIELDS`.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> NameTemplate:
        if isinstance(text, cls):
            return text
        _check(text)
        return super().__new__(cls, text)

    def fill(self, values: Mapping[str, str]) -> str:
        """The name with the `values` of the fields. Raises KeyError where one is missing."""
        plain = {name: values[name] if name in ("stem", "ext") else _plain(values[name]) for name in _fields(self)}
        return _FIELD.sub(lambda field: plain[field[1]], self)


def _plain(value: str) -> str:
    """`value`, which may come from a model file, without what leads out of a folder, hides a file or is no text."""
    return _FORBIDDEN.sub("-", _SEPARATORS.sub("-", printable(value))).lstrip(".") or "-"


def _fields(text: str) -> list[str]:
    return _FIELD.findall(text)


def _check(text: str) -> None:
    shown = f"name {printable(text)[:_MOST]!r}"
    example = f"as in {BESIDE!r}"
    for name in _fields(text):
        if name not in FIELDS:
            known = ", ".join(f"{{{field}}}" for field in FIELDS)
            raise OptionError(f"{shown}: there is no field {{{printable(name)[:40]}}}", hint=f"there are {known}")
    rest = _FIELD.sub("", text)
    if "{" in rest or "}" in rest:
        raise OptionError(f"{shown} is no template: a brace is alone", hint=example)
    if _SEPARATORS.search(rest):
        raise OptionError(f"{shown} is a path, not a name", hint="-o says the folder")
    if _FORBIDDEN.search(rest) or printable(rest) != rest:
        raise OptionError(f"{shown} has characters that names should not have", hint=example)
    if len(text) > _MOST:
        raise OptionError(f"{shown} is longer than {_MOST} characters", hint=example)
    name = _FIELD.sub(lambda field: ".png" if field[1] == "ext" else "x", text)
    if Path(name).suffix.lower() not in WRITABLE or name.startswith((".", " ")):
        raise OptionError(f"{shown} gives no picture's name", hint=f"end it with {{ext}}: {BESIDE!r}")
    if _DEVICES.match(name):
        raise OptionError(f"{shown} gives the name of a device of Windows", hint=example)
