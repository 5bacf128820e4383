"""What is no regular file is said and not waited for; what is one is read, whatever its name."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvips

from ganfx.errors import ItemError, UnreadableError
from ganfx.files import (
    copy_picture,
    is_picture,
    open_picture,
    open_reader,
    preview,
    read_mask,
    save_picture,
    writable_suffix,
)
from ganfx.imaging.picture import Picture

PICTURE = Picture(np.full((20, 30, 3), 0.5, np.float32))


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "in.png")
    return folder / "in.png"


def listening(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(folder / "in.png"))
    return folder / "in.png"


def endless(folder: Path) -> Path:
    return Path("/dev/zero")


def link_to_device(folder: Path) -> Path:
    (folder / "in.png").symlink_to("/dev/zero")
    return folder / "in.png"


def circle(folder: Path) -> Path:
    (folder / "in.png").symlink_to(folder / "in.png")
    return folder / "in.png"


def dangling(folder: Path) -> Path:
    (folder / "in.png").symlink_to(folder / "absent.png")
    return folder / "in.png"


def too_long(folder: Path) -> Path:
    return folder / ("x" * 300 + ".png")


def impossible(folder: Path) -> Path:
    return folder / "in\0.png"


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("make", "word"),
    [
        (pipe, "named pipe"),
        (listening, "socket"),
        (endless, "device"),
        (link_to_device, "device"),
        (circle, "circle"),
        (dangling, "no such file"),
        (too_long, "too long"),
        (impossible, "name"),
    ],
)
def test_what_is_no_file_is_said_at_once(
    tmp_path: Path, make: object, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = make(tmp_path)  # type: ignore[operator]
    good = tmp_path / "good.png"
    save_picture(PICTURE, good)
    for attempt in (
        lambda: open_reader(path),
        lambda: read_mask(path, (30, 20)),
        lambda: preview(path, good, 10),
        lambda: preview(good, path, 10),
    ):
        with pytest.raises(UnreadableError, match=word) as caught:
            attempt()
        assert "\n" not in str(caught.value)
    assert not is_picture(path)
    assert writable_suffix(path) == ".png"


def test_a_link_to_a_picture_is_a_picture(tmp_path: Path) -> None:
    save_picture(PICTURE, tmp_path / "real.png")
    (tmp_path / "link").symlink_to("real.png")
    assert is_picture(tmp_path / "link")
    assert open_picture(tmp_path / "link").width == 30


@pytest.mark.parametrize(
    "name",
    [
        b"caf\xe9.png",
        b"\xff\xfe.png",
        b"a[page=2].png",
        b"-rf.png",
        b"%s%n.png",
        b"new\nline.png",
        "\u202egnp.png".encode(),
    ],
)
@pytest.mark.parametrize("suffix", [b"png", b"jpg", b"webp", b"tif", b"avif", b"gif"])
def test_a_name_may_have_any_bytes(tmp_path: Path, name: bytes, suffix: bytes) -> None:
    path = tmp_path / os.fsdecode(name.replace(b"png", suffix))
    save_picture(PICTURE, tmp_path / f"plain.{suffix.decode()}")
    os.rename(tmp_path / f"plain.{suffix.decode()}", path)
    assert is_picture(path)
    assert open_picture(path).width == 30
    assert preview(path, path, 10).size == (10, 7)
    save_picture(open_picture(path), path, overwrite=True)
    assert open_picture(path).width == 30


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        (
            "drawing.png",
            b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
            "SVG",
        ),
        ("document.png", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>", "PDF"),
        ("drawing.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage", "PostScript"),
        ("painting.xcf", b"gimp xcf v011\0".ljust(200, b"\0"), "XCF"),
        (
            "script.png",
            b"push graphic-context\nviewbox 0 0 9 9\nfill 'url(https://127.0.0.1/x.png)'\npop graphic-context",
            "known kind",
        ),
        ("matrix.png", b"2 2\n1 2\n3 4\n", "known kind"),
        ("raw.png", b"\xb6\xa6\xf2\x08".ljust(200, b"\0"), "known kind"),
        ("page.png", b"<!doctype html><html><body><svg></svg></body></html>", "known kind"),
    ],
)
def test_only_the_formats_that_ganfx_reads_reach_a_decoder(
    tmp_path: Path, name: str, content: bytes, word: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ItemError, match=word) as caught:
        open_reader(tmp_path / name)
    assert caught.value.hint
    assert not is_picture(tmp_path / name)


def test_every_other_loader_is_blocked(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"1 1\n1\n")
    for name in ("svgload", "csvload", "matrixload", "rawload", "vipsload", "magickload", "pdfload", "openslideload"):
        options = (1, 1, 1) if name == "rawload" else ()
        with pytest.raises((pyvips.Error, AttributeError), match=r"blocked|not found|no property|class"):
            pyvips.Operation.call(name, str(tmp_path / "in"), *options)


def test_a_photo_with_a_gain_map_is_read_as_its_base(tmp_path: Path) -> None:
    """Phones write JPEG with a second, brighter layer; libvips has a loader of its own for them."""
    light = pyvips.Image.black(64, 48, bands=3).cast("float").copy(interpretation="scrgb")
    try:
        light.uhdrsave(str(tmp_path / "phone.jpg"))
    except (pyvips.Error, AttributeError):
        pytest.skip("this libvips cannot write one")
    assert open_picture(tmp_path / "phone.jpg").width == 64


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no path there")
@pytest.mark.parametrize("exchange", [os.mkfifo, lambda path: path.write_text("another file")], ids=["pipe", "file"])
def test_a_copy_is_of_the_picture_that_was_opened(tmp_path: Path, exchange: Callable[[Path], object]) -> None:
    path = tmp_path / "a.png"
    save_picture(PICTURE, path)
    content = path.read_bytes()
    with open_reader(path) as reader:
        path.unlink()
        exchange(path)
        copy_picture(reader, tmp_path / "copy.png")
    assert (tmp_path / "copy.png").read_bytes() == content


def test_a_file_that_becomes_a_pipe_meanwhile_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pipe(tmp_path)
    real = os.stat
    save_picture(PICTURE, tmp_path / "real.png")
    monkeypatch.setattr(
        os, "stat", lambda place, **rest: real(tmp_path / "real.png" if place == path else place, **rest)
    )
    started = time.monotonic()
    with pytest.raises(UnreadableError, match="named pipe"):
        open_reader(path)
    assert time.monotonic() - started < 5
