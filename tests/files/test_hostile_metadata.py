"""Metadata made to hurt: read in no time, left out with a note or kept as it was, and the picture is made."""

from __future__ import annotations

import contextlib
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from ganfx.errors import UnreadableError
from ganfx.files import open_picture, open_reader, preview, save_picture
from ganfx.files.directories import ExifError
from ganfx.files.exif import parse, refreshed
from ganfx.imaging.picture import Picture, PictureInfo
from tests import profiles
from tests.files import hostile
from tests.files.hostile import ASCII, LONG, PARTS, RATIONAL, SCENE, SHORT, UNDEFINED

MAKE, X_RESOLUTION, ORIENTATION, EXIF_POINTER = 0x010F, 0x011A, 0x0112, 0x8769
COPYRIGHT, MAKER_NOTE, IPTC = 0x8298, 0x927C, 0x83BB


def copied(tmp_path: Path, name: str, data: bytes, target: str) -> tuple[Path, tuple[str, ...]]:
    """The picture in `data`, read and written again, in at most two seconds of the processor; all notes."""
    (tmp_path / name).write_bytes(data)
    started = time.process_time()
    picture = open_picture(tmp_path / name)
    notes = save_picture(picture, tmp_path / target)
    assert time.process_time() - started < 2
    assert (picture.width, picture.height) == (24, 16)
    return tmp_path / target, (*picture.info.notes, *notes)


@pytest.mark.parametrize("kind", [ASCII, SHORT, RATIONAL])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("target", ["out.jpg", "out.tif"])
def test_tags_that_share_their_bytes_cost_nothing(tmp_path: Path, kind: int, order: str, target: str) -> None:
    data = hostile.with_exif(hostile.of_shared_bytes(order, kind=kind))
    assert len(data) < 70_000
    _, notes = copied(tmp_path, "in.jpg", data, target)
    assert notes == ("the EXIF block is damaged and is left out",)


@pytest.mark.parametrize("pointer", [None, EXIF_POINTER])
def test_tags_of_a_tiff_that_share_their_bytes_cost_nothing(tmp_path: Path, pointer: int | None) -> None:
    rows = [(COPYRIGHT if pointer is None else 0x9000 + i, SHORT, 40_000, 8) for i in range(4000)]
    parts = hostile.directory(rows).ljust(84_000, b"\0")
    tags = [(pointer, LONG, 1, PARTS)] if pointer else rows
    _, notes = copied(tmp_path, "in.tif", hostile.tiff(tags, parts), "out.tif")
    assert "the EXIF block is damaged and is left out" in notes


def test_a_directory_that_leads_to_itself_ends(tmp_path: Path) -> None:
    rows = [(MAKE, ASCII, 4, b"Me\0\0"), (EXIF_POINTER, LONG, 1, 8)]
    copied(tmp_path, "in.jpg", hostile.with_exif(hostile.block(hostile.directory(rows))), "out.tif")


def test_exif_without_a_next_directory_is_kept(tmp_path: Path) -> None:
    block = hostile.block(hostile.directory([(MAKE, ASCII, 4, b"Me\0\0")], tail=b""))
    made, notes = copied(tmp_path, "in.jpg", hostile.with_exif(block), "out.jpg")
    assert notes == ()
    assert Image.open(made).getexif()[MAKE].rstrip("\0") == "Me"


def test_values_in_the_place_of_the_next_directory_are_kept() -> None:
    """Some cameras leave the pointer out, and values begin where it would be."""
    at = 8 + 2 + 12
    block = hostile.block(hostile.directory([(MAKE, ASCII, 8, at)], tail=b"Acme Co\0"))
    assert refreshed(block, 24, 16).endswith(b"Acme Co\0")


@pytest.mark.parametrize("name", ["in.jpg", "in.png", "in.webp"])
@pytest.mark.parametrize("magic", [43, 44, 0])
def test_exif_that_says_to_be_something_else_is_left_out(tmp_path: Path, name: str, magic: int) -> None:
    block = hostile.block(hostile.directory([(MAKE, ASCII, 4, b"Me\0\0")]), magic=magic)
    Image.fromarray(SCENE).save(tmp_path / name, exif=b"Exif\0\0" + block)
    _, notes = copied(tmp_path, name, (tmp_path / name).read_bytes(), "out.jpg")
    assert notes == ("the EXIF block is damaged and is left out",)


def test_a_tag_that_lies_over_another_is_not_written_through() -> None:
    """The resolution is said to be where the maker note is, which an update would overwrite."""
    at = 8 + 2 + 2 * 12 + 4
    camera = hostile.directory([(MAKER_NOTE, UNDEFINED, 16, at + 18)]) + b"sixteen letters."
    rows = [(X_RESOLUTION, RATIONAL, 1, at + 18), (EXIF_POINTER, LONG, 1, at)]
    block = hostile.block(hostile.directory(rows) + camera)
    assert parse(block).camera[MAKER_NOTE].data == b"sixteen letters."
    with pytest.raises(ExifError):
        refreshed(block, 24, 16, (300, 300))


def test_what_cannot_be_updated_is_left_out_with_a_note(tmp_path: Path) -> None:
    block = hostile.block(hostile.directory([(ORIENTATION, SHORT, 1, 1), (X_RESOLUTION, RATIONAL, 1, 0)]))
    picture = Picture(SCENE / np.float32(255), None, PictureInfo(metadata={"exif": block, "dpi": (300.0, 300.0)}))
    assert save_picture(picture, tmp_path / "out.jpg") == ("the EXIF block is damaged and is left out",)


@pytest.mark.parametrize("count", [0, 1])
def test_numbers_without_room_are_not_written(count: int) -> None:
    rows = [(ORIENTATION, SHORT, count, 0), (X_RESOLUTION, RATIONAL, 0, 0), (0x0128, SHORT, 1, 7)]
    block = hostile.block(hostile.directory(rows))
    assert parse(refreshed(block, 24, 16)).main[0x0128].number == 7


def test_iptc_that_claims_the_whole_file_is_left_out_with_a_note(tmp_path: Path) -> None:
    data = hostile.tiff([(IPTC, UNDEFINED, 20 * 2**20, PARTS)], bytes(20 * 2**20))
    _, notes = copied(tmp_path, "in.tif", data, "out.tif")
    assert notes == ("the IPTC block is damaged and is left out",)


@pytest.mark.parametrize("number", [float("inf"), float("nan"), -300.0, 1e30])
def test_a_resolution_that_is_none_is_ignored(tmp_path: Path, number: float) -> None:
    image = pyvips.Image.new_from_array(SCENE).copy(interpretation="srgb", xres=300 / 25.4, yres=300 / 25.4)
    image.tiffsave(str(tmp_path / "in.tif"), resunit="inch")
    data = bytearray((tmp_path / "in.tif").read_bytes())
    for tag in (X_RESOLUTION, X_RESOLUTION + 1):
        # As a single float in the place of a fraction.
        at = data.find(struct.pack("<HHI", tag, RATIONAL, 1))
        data[at : at + 12] = struct.pack("<HHIf", tag, 11, 1, number)
    with contextlib.suppress(UnreadableError):  # libvips takes some of them for damage of the whole file
        _, notes = copied(tmp_path, "in.tif", bytes(data), "out.jpg")
        assert notes == ("the resolution is damaged and is left out",)


@pytest.mark.parametrize("keyword", ["Author", "Créateur", "%s%n", "a-b-c"])
@pytest.mark.parametrize("text", ["Ada", "é", "%s%n%x", "日本"])
def test_png_text_in_any_script_is_kept(tmp_path: Path, keyword: str, text: str) -> None:
    name = keyword.encode("latin-1")
    kind = (
        (b"iTXt", name + bytes(5) + text.encode())
        if ord(text[0]) > 255
        else (b"tEXt", name + b"\0" + text.encode("latin-1"))
    )
    made, notes = copied(
        tmp_path, "in.png", hostile.png(kind, (b"zTXt", b"Second\0\0" + zlib.compress(b"Ada"))), "out.png"
    )
    assert notes == ()
    kept = Image.open(made)
    kept.load()
    assert kept.text == {keyword: text, "Second": "Ada"}
    assert dict(open_picture(made).info.metadata["text"]) == kept.text


@pytest.mark.parametrize(
    "chunk",
    [
        (b"iTXt", b"Author\0\0\0\0\0\xff\xfe"),
        (b"iTXt", b"Author\0\1"),
        (b"zTXt", b"Author\0\0" + zlib.compress(bytes(10**8))),
        (b"zTXt", b"Author\0\0no stream"),
    ],
)
def test_damaged_png_text_is_said(tmp_path: Path, chunk: tuple[bytes, bytes]) -> None:
    _, notes = copied(tmp_path, "in.png", hostile.png(chunk), "out.png")
    assert notes == ("PNG text that is damaged, or too much, is left out",)


def test_thousands_of_png_texts_are_bounded_and_said(tmp_path: Path) -> None:
    data = hostile.png(*[(b"tEXt", b"Key\0value")] * 3000)
    made, notes = copied(tmp_path, "in.png", data, "out.png")
    assert notes == ("PNG text that is damaged, or too much, is left out",)
    assert len(open_picture(made).info.metadata["text"]) == 500


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("in.png", hostile.png((b"iCCP", b"name\0\0" + zlib.compress(b"no profile")))),
        ("in.png", hostile.png((b"iCCP", b"name\0\0no stream"))),
        ("in.jpg", hostile.jpeg((0xE2, b"ICC_PROFILE\0\1\2first of two"))),
    ],
)
def test_a_damaged_profile_is_said(tmp_path: Path, name: str, data: bytes) -> None:
    _, notes = copied(tmp_path, name, data, "out.png")
    assert any("color profile" in note for note in notes)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif"])
def test_marks_inside_a_profile_are_never_taken_for_exif(tmp_path: Path, suffix: str) -> None:
    """A profile that holds what EXIF begins with, and the words that ganfx itself leaves where EXIF will be."""
    note = b"II*\0\x08\0\0\0Exif\0\0EXIFeXIf\xff\xe1ganfx: the EXIF block belongs here"
    profile = profiles.rgb_profile(profiles.DISPLAY_P3, profiles.gamma_curve(2.2))
    profile = struct.pack(">I", len(profile) + 200) + profile[4:] + note.ljust(200, b"\0")
    exif = Image.Exif()
    exif[MAKE] = "Acme"
    info = PictureInfo(metadata={"icc": profile, "exif": exif.tobytes()})
    save_picture(Picture(SCENE / np.float32(255), None, info), tmp_path / f"out{suffix}")
    with open_reader(tmp_path / f"out{suffix}") as reader:
        assert reader.info.metadata["icc"] == profile
        assert parse(reader.info.metadata["exif"]).main[MAKE].data == b"Acme\0"


def test_xmp_that_looks_like_exif_keeps_its_bytes(tmp_path: Path) -> None:
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>II*\0 ganfx: the EXIF block belongs here</x:xmpmeta>"
    exif = Image.Exif()
    exif[MAKE] = "Acme"
    for suffix in (".jpg", ".png", ".webp", ".avif"):
        info = PictureInfo(metadata={"xmp": xmp.replace(b"\0", b" "), "exif": exif.tobytes()})
        save_picture(Picture(SCENE / np.float32(255), None, info), tmp_path / f"out{suffix}")
        found = open_picture(tmp_path / f"out{suffix}").info.metadata
        assert found["xmp"] == xmp.replace(b"\0", b" ")
        assert parse(found["exif"]).main[MAKE].data == b"Acme\0"


def test_samples_that_are_no_numbers_become_black_and_infinite_ones_white(tmp_path: Path) -> None:
    light = np.full((16, 24, 3), 0.5, np.float32)
    light[0, :4, 0] = [np.nan, np.inf, -np.inf, 1e38]
    pyvips.Image.new_from_array(light).copy(interpretation="scrgb").tiffsave(str(tmp_path / "in.tif"))
    picture = open_picture(tmp_path / "in.tif")
    assert np.isfinite(picture.rgb).all()
    save_picture(picture, tmp_path / "out.png")
    assert open_picture(tmp_path / "out.png").rgb[0, :4, 0].tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    "curve",
    [
        profiles.parametric_curve(1, 2.2, 0, 0.5),
        profiles.parametric_curve(3, 30000, 30000, 30000, 1, 0.5),
        profiles.parametric_curve(4, 0.0001, 1, 0, 0, 0, 30000, 0),
        profiles.parametric_curve(4, 2.4, 1, 0, 0, 0.9, 0, 0),
        profiles.gamma_curve(0),
        b"curv\0\0\0\0" + struct.pack(">I", 2**31),
        b"para\0\0\0\0\0\x09\0\0",
        b"",
    ],
)
@pytest.mark.parametrize("grey", [False, True])
def test_a_profile_that_makes_no_sense_is_kept_and_not_followed(tmp_path: Path, curve: bytes, grey: bool) -> None:
    profile = profiles.grey_profile(curve) if grey else profiles.rgb_profile(profiles.DISPLAY_P3, curve)
    scene = Image.fromarray(SCENE).convert("L") if grey else Image.fromarray(SCENE)
    scene.save(tmp_path / "in.tif", icc_profile=profile)
    picture = open_picture(tmp_path / "in.tif")
    assert any("kept but not followed" in note for note in picture.info.notes)
    save_picture(picture, tmp_path / "out.tif")
    assert open_picture(tmp_path / "out.tif").info.metadata["icc"] == profile
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.tif")), np.asarray(scene))


@pytest.mark.parametrize("profile", [b"no profile", profiles.lut_profile(), b""])
def test_cmyk_with_a_broken_profile_is_converted_all_the_same(tmp_path: Path, profile: bytes) -> None:
    Image.fromarray(SCENE).convert("CMYK").save(tmp_path / "in.tif", icc_profile=profile)
    _, notes = copied(tmp_path, "in.tif", (tmp_path / "in.tif").read_bytes(), "out.png")
    assert any("CMYK" in note for note in notes)


def test_a_preview_needs_no_sound_profile(tmp_path: Path) -> None:
    for name, profile in (("a", b"no profile"), ("b", profiles.lut_profile()[:200])):
        Image.fromarray(SCENE).save(tmp_path / f"{name}.tif", icc_profile=profile)
    assert preview(tmp_path / "a.tif", tmp_path / "b.tif", 10).size == (10, 7)


@pytest.mark.timeout(30)
def test_a_damaged_picture_that_claims_to_be_tall_fails_soon(tmp_path: Path) -> None:
    Image.fromarray(SCENE).save(tmp_path / "in.avif", speed=10)
    data = (tmp_path / "in.avif").read_bytes()
    at, pixels = data.index(b"ispe") + 8, data.index(b"mdat") + 4
    (tmp_path / "in.avif").write_bytes(data[:at] + struct.pack(">II", 16, 60_000) + data[at + 8 : pixels] + bytes(40))
    started = time.process_time()
    with pytest.raises(UnreadableError):
        open_picture(tmp_path / "in.avif")
    assert time.process_time() - started < 2
