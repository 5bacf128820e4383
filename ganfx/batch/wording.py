"""Numbers of things in words, for messages."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """`count` things in words: "1 picture", "2 pictures"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def is_or_are(count: int) -> str:
    """The verb for `count` things."""
    return "is" if count == 1 else "are"
