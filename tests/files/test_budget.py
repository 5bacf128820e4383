"""A picture of a few bytes that claims to be enormous is refused in one line, which names the setting."""

from __future__ import annotations

import io
import struct
import time
from pathlib import Path

import psutil
import pytest
import pyvips
from PIL import Image

from ganfx.errors import OptionError, PictureSizeError
from ganfx.files import open_picture, open_reader, read_mask
from ganfx.files.budget import parse_pixels
from ganfx.memory import Memory
from tests.files import hostile
from tests.files.hostile import SCENE


def encoded(form: str, **options: object) -> bytes:
    data = io.BytesIO()
    Image.fromarray(SCENE).save(data, form, **options)
    return data.getvalue()


def patched(data: bytes, at: int, content: bytes) -> bytes:
    return data[:at] + content + data[at + len(content) :]


def webp() -> bytes:
    data = encoded("webp", lossless=True)
    head = (16382 | 16382 << 14).to_bytes(4, "little")
    return patched(data, 21, head[:3] + bytes([head[3] | data[24] & 0xF0]))


def avif() -> bytes:
    data = encoded("avif")
    return patched(data, data.index(b"ispe") + 8, struct.pack(">II", 16384, 16384))


def gif() -> bytes:
    data = encoded("gif")
    frame = data.index(b"\x2c" + struct.pack("<4H", 0, 0, 24, 16))
    size = struct.pack("<HH", 16000, 16000)
    return patched(patched(data, 6, size), frame + 5, size)


def jpeg() -> bytes:
    data = encoded("jpeg", progressive=True)
    return patched(data, data.index(b"\xff\xc2") + 5, struct.pack(">HH", 16000, 16000))


def png() -> bytes:
    return hostile.png_of(30_000, 30_000, interlaced=True)


@pytest.mark.parametrize("make", [webp, avif, gif, jpeg, png], ids=lambda make: make.__name__)
def test_what_must_be_decoded_as_a_whole_is_measured_against_memory(
    tmp_path: Path, make: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(make())  # type: ignore[operator]
    assert path.stat().st_size < 10_000
    monkeypatch.setenv("GANFX_MAX_MEMORY_MIB", "300")
    with pytest.raises(PictureSizeError, match=r"takes \d+ MiB of memory, more than the 300 MiB") as caught:
        open_reader(path)
    assert "GANFX_MAX_MEMORY_MIB=" in (caught.value.hint or "")
    monkeypatch.setenv("GANFX_MAX_MEMORY_MIB", "100000")
    open_reader(path).close()


def test_half_of_the_free_memory_is_the_limit_where_none_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bomb").write_bytes(webp())
    state = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: state._replace(available=2**30))
    with pytest.raises(PictureSizeError, match="more than the 512 MiB"):
        open_reader(tmp_path / "bomb")


def test_a_container_counts_as_the_computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bomb").write_bytes(webp())
    monkeypatch.setattr("ganfx.files.budget.memory", lambda: Memory(2**30, 2**29))
    with pytest.raises(PictureSizeError, match="more than the 256 MiB"):
        open_reader(tmp_path / "bomb")


def test_two_gigapixels_in_few_bytes_are_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bomb.png").write_bytes(hostile.png_of(45_000, 45_000))
    assert (tmp_path / "bomb.png").stat().st_size < 300_000
    started = time.process_time()
    with pytest.raises(PictureSizeError, match="45000x45000 are 2025000000 pixels, more than the 1073741824") as caught:
        open_reader(tmp_path / "bomb.png")
    assert time.process_time() - started < 1
    assert caught.value.hint == "cut it into parts, or allow it: --max-pixels 2025000000, or GANFX_MAX_PIXELS"
    monkeypatch.setenv("GANFX_MAX_PIXELS", "2025000000")
    with open_reader(tmp_path / "bomb.png") as reader:
        assert reader.rows(0, 1).width == 45_000


def test_a_smaller_limit_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.png").write_bytes(hostile.png())
    monkeypatch.setenv("GANFX_MAX_PIXELS", "383")
    with pytest.raises(PictureSizeError, match="24x16 are 384 pixels"):
        open_picture(tmp_path / "in.png")


@pytest.mark.parametrize(
    ("value", "pixels"), [("150000000", 15 * 10**7), ("150M", 15 * 10**7), ("1.5GP", 15 * 10**8), ("2g", 2 * 10**9)]
)
def test_a_number_of_pixels_may_be_written_as_people_write_it(value: str, pixels: int) -> None:
    assert parse_pixels("--max-pixels", value) == pixels


@pytest.mark.parametrize("value", ["", "M", "1e9", "150 M", "-1M", "0.0M", "nan", "1.5", "9T", "٣M"])
def test_what_is_no_number_of_pixels_is_said(value: str) -> None:
    with pytest.raises(OptionError, match="--max-pixels"):
        parse_pixels("--max-pixels", value)


@pytest.mark.parametrize("value", ["much", "0", "-5", "1e9"])
@pytest.mark.parametrize("name", ["GANFX_MAX_PIXELS", "GANFX_MAX_MEMORY_MIB"])
def test_a_limit_that_is_no_number_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    (tmp_path / "bomb").write_bytes(webp())
    monkeypatch.setenv(name, value)
    with pytest.raises(OptionError, match=name):
        open_reader(tmp_path / "bomb")


def test_a_whole_picture_that_does_not_fit_into_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "large.png").write_bytes(hostile.png_of(20_000, 10_000))
    monkeypatch.setenv("GANFX_MAX_MEMORY_MIB", "300")
    with pytest.raises(PictureSizeError, match="picture of 20000x10000 pixels takes"):
        open_picture(tmp_path / "large.png")
    assert not read_mask(tmp_path / "large.png", (20_000, 10_000)).any()


def test_a_mask_that_fills_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyvips.Image.black(12_000, 8_000).invert().pngsave(str(tmp_path / "mask.png"))
    monkeypatch.setenv("GANFX_MAX_MEMORY_MIB", "300")
    with pytest.raises(PictureSizeError, match="mask of 12000x8000 pixels takes"):
        read_mask(tmp_path / "mask.png", (12_000, 8_000))
