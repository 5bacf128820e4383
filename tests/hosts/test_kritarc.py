"""Enabling and disabling the plug-in changes one line of kritarc and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganfx.hosts.kritarc import is_enabled, with_plugin

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
def test_enabling_adds_one_line_and_changes_nothing_else(text: bytes) -> None:
    after = with_plugin(text, NAME, enabled=True)
    assert is_enabled(after, NAME)
    assert with_plugin(after, NAME, enabled=True) == after
    rest = [line for line in after.splitlines() if not line.startswith(b"enable_" + NAME.encode())]
    before = text.splitlines()
    assert rest in (before, [*before, b"[python]"])
    assert len(after.splitlines()) - len(rest) == 1


@given(files())
def test_disabling_restores_the_file_but_for_an_empty_group(text: bytes) -> None:
    after = with_plugin(with_plugin(text, NAME, enabled=True), NAME, enabled=False)
    assert not is_enabled(after, NAME)
    assert after.startswith(text)
    assert after[len(text) :].strip() in (b"", b"[python]")
    assert with_plugin(text, NAME, enabled=False) == text


@pytest.mark.parametrize(
    ("text", "enabled"),
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
def test_which_files_enable_the_plugin(text: str, enabled: bool) -> None:
    assert is_enabled(text.encode(), NAME) == enabled
    assert is_enabled(with_plugin(text.encode(), NAME, enabled=True), NAME)


def test_a_line_that_disables_is_replaced_in_place() -> None:
    text = b"[python]\na=1\nenable_ganfx_krita=false\nb=2\n"
    assert with_plugin(text, NAME, enabled=True) == b"[python]\na=1\nenable_ganfx_krita=true\nb=2\n"
