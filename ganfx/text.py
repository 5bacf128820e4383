"""Text from outside, such as names of files, made safe to show and to store."""

from __future__ import annotations

import re
from typing import Any

# Controls, separators of lines, marks that change the direction of writing or are not seen, and bytes that are no text
# (surrogates). The joiners of scripts and emoji stay.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_NO_TEXT = re.compile("[\ud800-\udfff]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Detail(str):
    """A note for the user that is shown only to those who ask for more."""


def printable(text: object) -> str:
    """`text` in one line that no terminal, log or list takes for anything but text.

    Control characters and the like are shown as Python writes them, such as `\\n` and `\\x1b`; so are the bytes of
    names that are not valid text.
    """
    return _UNSAFE.sub(_escaped, str(text))


def valid(value: Any) -> Any:
    """`value`, of plain data for JSON, with bytes that are no text shown as `\\xff`; all else stays as it is."""
    if isinstance(value, str):
        return _NO_TEXT.sub(_escaped, value)
    if isinstance(value, dict):
        return {valid(key): valid(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [valid(one) for one in value]
    return value


def clipped(text: str, most_bytes: int) -> str:
    """The beginning of `text`, in whole characters, that takes at most `most_bytes` bytes as UTF-8."""
    text = text[:most_bytes]
    while len(text.encode("utf-8", "surrogatepass")) > most_bytes:
        text = text[:-1]
    return text


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    # The bytes of a name that is not valid text, as Python keeps them.
    code -= 0xDC00 if 0xDC80 <= code <= 0xDCFF else 0
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
