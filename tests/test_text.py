"""Text from outside is shown as text and as nothing else."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganfx.text import clipped, printable, valid

NAMES = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Fähre 2.jpg", "Fähre 2.jpg"),
        ("a\nerror: b.jpg", "a\\nerror: b.jpg"),
        ("\x1b[2Ja.jpg", "\\x1b[2Ja.jpg"),
        ("\x9b2Ja.jpg", "\\x9b2Ja.jpg"),
        (os.fsdecode(b"\xff\xfe.png"), "\\xff\\xfe.png"),
        ("photo\u202egpj.exe", "photo\\u202egpj.exe"),
        ("a\u2028b", "a\\u2028b"),
        ("\N{MAN}\u200d\N{WOMAN}.jpg", "\N{MAN}\u200d\N{WOMAN}.jpg"),
    ],
)
def test_a_name_is_shown_in_one_line_without_effect(name: str, shown: str) -> None:
    assert printable(name) == shown


@given(NAMES)
def test_any_name_makes_one_line_that_can_be_written_and_sent(name: str) -> None:
    shown = printable(name)
    assert len(f"{shown}.".splitlines()) == 1
    assert "\x1b" not in shown
    shown.encode("utf-8")
    json.dumps(valid({name: [name, 1, None]}), ensure_ascii=False).encode("utf-8")


@given(NAMES, st.integers(0, 20))
def test_a_clipped_name_fits(name: str, size: int) -> None:
    assert len(clipped(name, size).encode("utf-8", "surrogatepass")) <= size
    assert name.startswith(clipped(name, size))
    assert clipped(name, 1000) == name or len(name) > 300
