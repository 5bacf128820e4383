"""Bad input and bad luck: one clear line each, no stray file, nothing lost."""

from __future__ import annotations

import contextlib
import os
import resource
import struct
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from ganfx.errors import GanfxError, ItemError, OutputError, PictureSizeError, UnreadableError
from ganfx.files import is_picture, open_picture, open_reader, open_writer, save_picture
from ganfx.files.formats import FORMATS
from ganfx.imaging.picture import Picture, PictureInfo

WRITTEN = [form for form in FORMATS if form.is_written]
GREY = Picture(np.full((20, 30, 3), 0.5, np.float32))
NOISE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


def one_line(error: GanfxError) -> str:
    assert "\n" not in error.message
    assert len(error.message) < 250
    return f"{error.message} {error.hint}"


def png_header(width: int, height: int, body: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("absent.jpg", None, "no such file"),
        ("empty.jpg", b"", "empty"),
        ("text.jpg", b"Dear diary, this is no picture.\n" * 20, "not a picture"),
        ("page.png", b"<!doctype html><html><body>404</body></html>", "not a picture"),
        ("table.csv", b"1,2,3\n4,5,6\n", "not a picture"),
    ],
)
def test_what_is_no_picture(tmp_path: Path, name: str, content: bytes | None, word: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableError) as caught:
        open_reader(tmp_path / name)
    assert word in one_line(caught.value)
    assert not is_picture(tmp_path / name)


def test_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="folder"):
        open_reader(tmp_path)
    assert not is_picture(tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("form", WRITTEN, ids=lambda form: form.name)
def test_truncated_pictures_are_errors(tmp_path: Path, form: object, share: float) -> None:
    whole = tmp_path / f"whole{form.suffixes[0]}"  # type: ignore[attr-defined]
    save_picture(Picture(NOISE / np.float32(255)), whole)
    data = whole.read_bytes()
    cut = tmp_path / f"cut{whole.suffix}"
    cut.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableError) as caught:
        open_picture(cut)
    one_line(caught.value)


def test_truncation_shows_up_late_while_streaming(tmp_path: Path) -> None:
    Image.fromarray(np.tile(NOISE, (8, 3, 1))).save(tmp_path / "whole.jpg", quality=95)
    data = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) * 9 // 10])
    with open_reader(tmp_path / "cut.jpg") as reader:
        reader.rows(0, 100)
        with pytest.raises(UnreadableError):
            reader.rows(100, reader.height)


def test_gigantic_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png_header(60_000, 60_000))
    with pytest.raises(PictureSizeError, match="60000x60000"):
        open_reader(tmp_path / "bomb.png")


def test_large_header_over_little_data_costs_little(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png_header(30_000, 30_000, zlib.compress(bytes(1000))))
    script = f"""
        from tests.memory import peak_megabytes
        from ganfx.errors import ItemError
        from ganfx.files import open_reader
        try:
            open_reader({str(tmp_path / "bomb.png")!r}).rows(0, 100)
        except ItemError as error:
            print(type(error).__name__, peak_megabytes())
    """
    kind, megabytes = run(script).stdout.split()
    assert kind == "UnreadableError"
    assert int(megabytes) < 500


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=120, check=True
    )


def test_damaged_bytes_never_crash_nor_chatter(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for form in WRITTEN:
        whole = tmp_path / f"whole{form.suffixes[0]}"
        save_picture(Picture(NOISE[:60, :80] / np.float32(255)), whole)
        # Those that are decoded in a process of their own take half a second each.
        for number in range(12 if isinstance(form.loader, str) else 1):
            data = bytearray(whole.read_bytes())
            for at in rng.integers(8, len(data), 6):
                data[at] = rng.integers(0, 256)
            (tmp_path / f"hurt-{number}{whole.suffix}").write_bytes(data)
    script = f"""
        from pathlib import Path
        from ganfx.errors import ItemError
        from ganfx.files import open_picture
        for path in sorted(Path({str(tmp_path)!r}).glob("hurt-*")):
            try:
                open_picture(path)
            except ItemError as error:
                assert "\\n" not in error.message
    """
    result = run(script)
    assert (result.stdout, result.stderr) == ("", "")


@pytest.mark.parametrize("name", ["out.xyz", "out", "out.dng", "out.psd"])
def test_unknown_suffix_lists_the_known(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError) as caught:
        save_picture(GREY, tmp_path / name)
    assert ".png" in one_line(caught.value)
    assert not list(tmp_path.iterdir())


def test_existing_target_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists"):
        open_writer(tmp_path / "out.png", width=3, height=2, has_alpha=False, info=PictureInfo())
    assert (tmp_path / "out.png").read_bytes() == b"mine"
    save_picture(GREY, tmp_path / "out.png", overwrite=True)
    assert open_picture(tmp_path / "out.png").width == 30


def test_target_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "out.png", width=30, height=20, has_alpha=False, info=PictureInfo())
    writer.write(GREY)
    (tmp_path / "out.png").write_bytes(b"theirs")
    with pytest.raises(OutputError, match="exists"), writer:
        pass
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"theirs"]


@pytest.mark.parametrize("name", ["folder.png", "absent/out.png"])
def test_impossible_targets(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError) as caught:
        save_picture(GREY, tmp_path / name, overwrite=True)
    assert "folder" in one_line(caught.value)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(OutputError, match="read-only"):
            save_picture(GREY, tmp_path / "out.png")
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize(("suffix", "size"), [(".jpg", (70_000, 1)), (".webp", (1, 20_000)), (".avif", (20_000, 1))])
def test_too_large_for_the_format_is_said_before_any_work(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    with pytest.raises(PictureSizeError, match=f"{size[0]}x{size[1]}"):
        open_writer(tmp_path / f"out{suffix}", width=size[0], height=size[1], has_alpha=False, info=PictureInfo())
    assert not list(tmp_path.iterdir())


def test_failure_inside_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"mine")
    writer = open_writer(tmp_path / "out.png", width=30, height=40, has_alpha=False, info=PictureInfo(), overwrite=True)
    writer.write(GREY)
    with pytest.raises(KeyboardInterrupt), writer:
        raise KeyboardInterrupt
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]


def test_missing_rows_are_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="20 of 40"),
        open_writer(tmp_path / "out.png", width=30, height=40, has_alpha=False, info=PictureInfo()) as writer,
    ):
        writer.write(GREY)
    assert not list(tmp_path.iterdir())


@contextlib.contextmanager
def small_files() -> Iterator[None]:
    """No file may grow past 4 KiB, as if the disk were full; the test runner's own log included."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("gathered_in_file", [False, True])
@pytest.mark.parametrize("form", WRITTEN, ids=lambda form: form.name)
def test_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, form: object, gathered_in_file: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if gathered_in_file:
        monkeypatch.setattr("ganfx.files.canvas.MEMORY_BYTES", 0)
    target = tmp_path / f"out{form.suffixes[0]}"  # type: ignore[attr-defined]
    target.write_bytes(b"mine")
    with pytest.raises(OutputError) as caught, small_files():
        save_picture(Picture(NOISE / np.float32(255)), target, overwrite=True)
    assert "free space" in one_line(caught.value)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]


def test_link_stays_a_link_and_permissions_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "out.png"
    target.write_bytes(b"old")
    target.chmod(0o640)
    (tmp_path / "link.png").symlink_to(target)
    save_picture(GREY, tmp_path / "link.png", overwrite=True)
    assert (tmp_path / "link.png").is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert open_picture(target).height == 20


def test_new_files_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        for form in WRITTEN:
            save_picture(GREY, tmp_path / f"out{form.suffixes[0]}")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}


@pytest.mark.parametrize("bands", [5, 7])
def test_strange_channels_are_an_error_of_one_item(tmp_path: Path, bands: int) -> None:
    pyvips.Image.black(5, 5, bands=bands).tiffsave(str(tmp_path / "in.tif"))
    with pytest.raises(ItemError) as caught:
        open_picture(tmp_path / "in.tif")
    assert "RGB" in one_line(caught.value)


def test_lab_tiff_is_one_clear_error(tmp_path: Path) -> None:
    Image.fromarray(NOISE[:5, :5]).convert("LAB").save(tmp_path / "lab.tif")
    with pytest.raises(UnreadableError) as caught:
        open_picture(tmp_path / "lab.tif")
    one_line(caught.value)
