"""Files that libvips does not read, in the formats that ganfx itself takes apart: read, or an error of one item."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

from ganfx import isolation
from ganfx.files.codecs import child
from tests.files import foreign
from tests.files.foreign import MAKERS, Wanted
from tests.fuzz.pictures import read_and_write

# The decoders of others run apart from everything else, so that what they do is no defect of ganfx.
_OWN = ("PNM", "PBM", "PAM", "PSD", "KRA")


def seeds() -> Iterator[bytes]:
    """One of each, plain, and with what it can have."""
    for name in _OWN:
        yield MAKERS[name](Wanted())
        yield MAKERS[name](Wanted(alpha="alpha" in foreign.POSSIBLE[name]))
    yield foreign.psd(packed=True)
    yield b"P3 # text\n2 2\n15\n0 15 7 1 2 3 4 5 6 7 8 9\n"


def one_input(data: bytes) -> None:
    """Raises what `read_and_write` raises."""
    with mock.patch.object(isolation, "call", lambda function, *arguments, limits: child.decode(*arguments)):
        read_and_write(data, "out.png")
