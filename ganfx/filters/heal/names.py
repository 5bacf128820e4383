"""The names of the kinds of damage."""

from __future__ import annotations

from ganfx.errors import nearest

DUST, SCRATCHES, CRACKS, STAINS = KINDS = ("dust", "scratches", "cracks", "stains")


def parse_kind(text: str) -> str:
    """`text` as a kind of damage. Raises ValueError with the nearest names."""
    word = str(text).strip().lower()
    if word not in KINDS:
        raise ValueError(f"{text!r} is no kind of damage; {nearest(word, KINDS)}")
    return word
