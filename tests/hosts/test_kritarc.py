"""One line of kritarc is ganfx's: the rest belongs to Krita and its user."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganfx.hosts.kritarc import is_on, switched

NAME = "ganfx_krita"
_LINES = st.sampled_from(
    [
        b"[python]",
        b"[theme]",
        b"[python][ganfx]",
        b"",
        b"a=1",
        b"enable_other=true",
        b" [python] ",
        b"x=\xff\xc3",
        b"# \xe9",
    ]
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    ending = draw(st.sampled_from([b"\n", b"\r\n"]))
    text = ending.join(draw(st.lists(_LINES, max_size=12)))
    return text + draw(st.sampled_from([b"", ending]))


@given(files())
def test_it_is_switched_on_once_and_nothing_else_changes(text: bytes) -> None:
    after = switched(text, NAME, on=True)
    assert is_on(after, NAME)
    assert switched(after, NAME, on=True) == after
    rest = [line for line in after.splitlines() if not line.startswith(b"enable_" + NAME.encode())]
    before = text.splitlines()
    assert rest in (before, [*before, b"[python]"])
    assert len(after.splitlines()) - len(rest) == 1


@given(files())
def test_switched_off_the_file_is_as_it_was_but_for_an_empty_group(text: bytes) -> None:
    after = switched(switched(text, NAME, on=True), NAME, on=False)
    assert not is_on(after, NAME)
    assert after.startswith(text)
    assert after[len(text) :].strip() in (b"", b"[python]")
    assert switched(text, NAME, on=False) == text


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("[python]\nenable_ganfx_krita=true\n", True),
        ("[python]\r\nenable_ganfx_krita = True\r\n", True),
        ("[python]\nenable_ganfx_krita=false\n", False),
        ("[python]\nenable_ganfx_krita_two=true\n", False),
        ("[theme]\nenable_ganfx_krita=true\n", False),
        ("[python]\n\n[theme]\nenable_ganfx_krita=true\n", False),
        ("[python]\na=1\n[theme]\n[python]\nenable_ganfx_krita=true", True),
        ("", False),
    ],
)
def test_what_counts_as_on(text: str, on: bool) -> None:
    assert is_on(text.encode(), NAME) == on
    assert is_on(switched(text.encode(), NAME, on=True), NAME)


def test_an_older_no_becomes_a_yes_in_its_place() -> None:
    text = b"[python]\na=1\nenable_ganfx_krita=false\nb=2\n"
    assert switched(text, NAME, on=True) == b"[python]\na=1\nenable_ganfx_krita=true\nb=2\n"
