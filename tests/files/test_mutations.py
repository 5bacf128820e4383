"""Metadata of every shape, right in its form and wrong in its content: read soon and in bounds, or an item's error."""

from __future__ import annotations

import contextlib
import resource
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.files import hostile
from tests.fuzz import target_exif, target_icc, target_jpeg, target_png, target_tiff, target_webp
from tests.fuzz.pictures import encoded

pytestmark = pytest.mark.timeout(60)

# Known tags, and unknown ones.
TAGS = st.sampled_from([0x0100, 0x010F, 0x0112, 0x011A, 0x0128, 0x83BB, 0x8769, 0x8825, 0x8298, 0x927C, 0xA002, 0xBEEF])
NUMBERS = st.one_of(st.sampled_from([0, 1, 2, 8, 14, 100, 2**16 - 1, 2**31, 2**32 - 1]), st.integers(0, 200))
ROWS = st.lists(st.tuples(TAGS, st.integers(0, 19), NUMBERS, st.one_of(NUMBERS, st.binary(max_size=4))), max_size=8)
ORDERS = st.sampled_from(["<", ">"])
MAGICS = st.sampled_from([42, 42, 42, 43, 0])


@st.composite
def exif_blocks(draw: st.DrawFn) -> bytes:
    """Two directories, of which the first may lead to the second, and loose bytes."""
    order = draw(ORDERS)
    tails = st.sampled_from([bytes(4), b"", b"\xff" * 4, struct.pack(order + "I", 8)])
    first, second = (hostile.directory(draw(ROWS), order, tail=draw(tails)) for _ in range(2))
    at = 8 + len(first) + 12
    rows = [*draw(ROWS), (0x8769, 4, 1, draw(st.sampled_from([8, at, at + 1])))]
    body = hostile.directory(rows, order, tail=draw(tails)) + second
    return hostile.block(
        body + draw(st.binary(max_size=60)), order, draw(MAGICS), draw(st.sampled_from([8, 8, 8, 0, 9]))
    )


FIXED = st.one_of(st.sampled_from([0, 1, -1, 65536, -65536, 2**31 - 1, -(2**31)]), st.integers(-(2**17), 2**17))


@st.composite
def curves(draw: st.DrawFn) -> bytes:
    if draw(st.booleans()):
        values = draw(st.lists(st.integers(0, 65535), max_size=6))
        count = draw(st.one_of(st.just(len(values)), st.sampled_from([0, 1, 2, 2**31])))
        return b"curv\0\0\0\0" + struct.pack(">I", count) + struct.pack(f">{len(values)}H", *values)
    numbers = draw(st.lists(FIXED, max_size=7))
    kind = draw(st.integers(0, 5))
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + struct.pack(f">{len(numbers)}i", *numbers)


@st.composite
def profiles(draw: st.DrawFn) -> bytes:
    """A profile whose colorants and curves are anything."""
    tags = {name: draw(curves()) for name in (b"kTRC", b"rTRC", b"gTRC", b"bTRC")}
    for name in (b"rXYZ", b"gXYZ", b"bXYZ"):
        tags[name] = b"XYZ \0\0\0\0" + struct.pack(">3i", *draw(st.tuples(FIXED, FIXED, FIXED)))
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data
    space = draw(st.sampled_from([b"RGB ", b"GRAY", b"CMYK"]))
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"", 0x04200000, b"mntr", space, b"XYZ ")
    return head.ljust(36, b"\0") + b"acsp".ljust(92, b"\0") + table + body


CONTENTS = st.one_of(st.binary(max_size=40), exif_blocks(), exif_blocks().map(b"Exif\0\0".__add__), profiles())
TEXTS = st.tuples(st.sampled_from([b"tEXt", b"zTXt", b"iTXt"]), st.binary(max_size=12).map(b"Key\0".__add__))
CHUNKS = st.tuples(st.sampled_from([b"eXIf", b"iCCP", b"pHYs", b"gAMA", b"acTL", b"zzZz"]), CONTENTS)
SEGMENTS = st.tuples(st.sampled_from([0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE, 0xDD]), CONTENTS)


@st.composite
def webps(draw: st.DrawFn) -> bytes:
    """A WebP with more chunks, whose sizes may lie."""
    chunks = hostile.webp_chunks(encoded("webp", exif=b"Exif\0\0", icc_profile=b"x" * 20, lossless=True))
    names = st.sampled_from([b"ICCP", b"EXIF", b"XMP ", b"ANIM", b"ANMF", b"ALPH", b"zzzz"])
    chunks[1:1] = draw(st.lists(st.tuples(names, CONTENTS), max_size=3))
    body = b"WEBP"
    for name, content in chunks:
        size = len(content) + draw(st.sampled_from([0, 0, 0, 0, 0, 1, 2**31]))
        body += name + struct.pack("<I", size) + content + bytes(len(content) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@contextlib.contextmanager
def little_memory() -> Iterator[None]:
    """No more than a gigabyte of address space above what the process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**30, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize(
    ("target", "inputs", "examples"),
    [
        (target_exif, exif_blocks(), 300),
        (target_icc, profiles(), 300),
        (target_tiff, st.tuples(ROWS, st.binary(max_size=60)).map(lambda parts: hostile.tiff(*parts)), 60),
        (target_webp, webps(), 60),
        (target_jpeg, st.lists(SEGMENTS, max_size=3).map(lambda parts: hostile.jpeg(*parts)), 60),
        (target_png, st.lists(st.one_of(TEXTS, CHUNKS), max_size=3).map(lambda parts: hostile.png(*parts)), 60),
    ],
    ids=["exif", "icc", "tiff", "webp", "jpeg", "png"],
)
def test_metadata_of_any_shape_is_read_or_refused(
    target: object, inputs: st.SearchStrategy[bytes], examples: int
) -> None:
    @settings(
        max_examples=examples, deadline=10_000, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(inputs)
    def run(data: bytes) -> None:
        target.one_input(data)  # type: ignore[attr-defined]

    with little_memory():
        run()
