"""EXIF, XMP, IPTC, resolution and orientation: the whole matrix of formats."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from ganfx.files import SaveOptions, open_picture, open_reader, save_picture
from ganfx.imaging.picture import Picture, PictureInfo

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)
IPTC = b"\x1c\x02\x05\x00\x05Title" + b"\x1c\x02\x19\x00\x03sea"
WITH_EXIF = [".jpg", ".png", ".webp", ".tif", ".avif"]
CAMERA, PLACE, THUMBNAIL = ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.IFD1


def exif_block(orientation: int, size: tuple[int, int], byte_order: str = "<") -> bytes:
    exif = Image.Exif()
    exif.endian = byte_order
    exif[ExifTags.Base.Make] = "Acme"
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = "Ada"
    exif[ExifTags.Base.Rating] = 5
    exif[ExifTags.Base.HostComputer] = "pocket"
    exif[ExifTags.Base.XResolution] = exif[ExifTags.Base.YResolution] = IFDRational(300)
    exif[ExifTags.Base.ResolutionUnit] = 2
    camera, place, thumbnail = (exif.get_ifd(ifd) for ifd in (CAMERA, PLACE, THUMBNAIL))
    camera[ExifTags.Base.DateTimeOriginal] = "2020:01:02 03:04:05"
    camera[ExifTags.Base.FNumber] = IFDRational(28, 10)
    camera[ExifTags.Base.ISOSpeedRatings] = 100
    camera[ExifTags.Base.MakerNote] = b"AcmeNote" * 40
    camera[ExifTags.Base.LensModel] = "50mm"
    camera[ExifTags.Base.ExifImageWidth], camera[ExifTags.Base.ExifImageHeight] = size
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (IFDRational(51), IFDRational(30), IFDRational(1234, 100))
    thumbnail[ExifTags.Base.Compression] = 6
    return exif.tobytes()


def scene(width: int = 24, height: int = 16) -> np.ndarray:
    """A smooth picture that looks different in each of its eight orientations."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // width, y * 255 // height, (x > width // 2) * 180], axis=-1).astype(np.uint8)


def turned(upright: np.ndarray, orientation: int) -> np.ndarray:
    """The stored array that EXIF `orientation` turns into `upright`."""
    undo: dict[int, Any] = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
        8: lambda a: np.rot90(a, -1),
    }
    return np.ascontiguousarray(undo[orientation](upright))


def write(path: Path, samples: np.ndarray, block: bytes) -> Path:
    """A picture with EXIF, by Pillow; lossless where the format can."""
    options: dict[str, Any] = {".webp": {"lossless": True}, ".jpg": {"quality": 100, "subsampling": 0}}.get(
        path.suffix, {}
    )
    Image.fromarray(samples).save(path, exif=block, **options)
    return path


def read_exif(path: Path) -> dict[str, Any]:
    exif = Image.open(path).getexif()
    return {"main": dict(exif), "camera": exif.get_ifd(CAMERA), "place": exif.get_ifd(PLACE)}


@pytest.mark.parametrize("target", WITH_EXIF)
@pytest.mark.parametrize("source", [".jpg", ".png", ".webp", ".tif"])
def test_exif_goes_from_any_format_to_any(tmp_path: Path, source: str, target: str) -> None:
    made = write(tmp_path / f"in{source}", turned(scene(), 6), exif_block(6, (16, 24)))
    notes = save_picture(open_picture(made), tmp_path / f"out{target}")
    found = read_exif(tmp_path / f"out{target}")
    assert found["main"][ExifTags.Base.Make] == "Acme"
    assert found["main"][ExifTags.Base.Artist] == "Ada"
    assert found["main"][ExifTags.Base.Rating] == 5
    assert found["main"][ExifTags.Base.HostComputer] == "pocket"
    assert found["camera"][ExifTags.Base.DateTimeOriginal] == "2020:01:02 03:04:05"
    assert found["camera"][ExifTags.Base.FNumber] == IFDRational(28, 10)
    assert found["camera"][ExifTags.Base.MakerNote] == b"AcmeNote" * 40
    assert found["camera"][ExifTags.Base.LensModel] == "50mm"
    assert found["place"][ExifTags.GPS.GPSLatitude] == (51.0, 30.0, 12.34)
    assert found["main"].get(ExifTags.Base.Orientation, 1) == 1
    assert (found["camera"][ExifTags.Base.ExifImageWidth], found["camera"][ExifTags.Base.ExifImageHeight]) == (24, 16)
    assert notes == ()


@pytest.mark.parametrize("suffix", WITH_EXIF)
@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_enlarged_picture_gets_its_own_size_and_no_thumbnail(tmp_path: Path, suffix: str, byte_order: str) -> None:
    made = write(tmp_path / "in.jpg", scene(), exif_block(1, (24, 16), byte_order))
    picture = open_picture(made)
    large = Picture(np.repeat(np.repeat(picture.rgb, 2, 0), 2, 1), None, picture.info)
    save_picture(large, tmp_path / f"out{suffix}")
    exif = Image.open(tmp_path / f"out{suffix}").getexif()
    camera = exif.get_ifd(CAMERA)
    assert (camera[ExifTags.Base.ExifImageWidth], camera[ExifTags.Base.ExifImageHeight]) == (48, 32)
    assert not exif.get_ifd(THUMBNAIL)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif"])
@pytest.mark.parametrize("length", [0, 1, 99, 100, 40_000])
def test_exif_keeps_its_bytes(tmp_path: Path, suffix: str, length: int) -> None:
    exif = Image.Exif()
    exif[0xBEEF] = bytes(range(256)) * 200
    exif[0xBEEF] = exif[0xBEEF][:length] + b"private"
    block = exif.tobytes()
    save_picture(
        Picture(scene() / np.float32(255), None, PictureInfo(metadata={"exif": block})), tmp_path / f"out{suffix}"
    )
    stored = open_picture(tmp_path / f"out{suffix}").info.metadata["exif"].removeprefix(b"Exif\0\0")
    assert stored.rstrip(b"\0") == block.removeprefix(b"Exif\0\0").rstrip(b"\0")
    Image.open(tmp_path / f"out{suffix}").load()


def test_exif_too_long_for_its_place_is_said(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0xBEEF] = bytes(70_000)
    picture = Picture(scene() / np.float32(255), None, PictureInfo(metadata={"exif": exif.tobytes()}))
    assert any("EXIF" in note for note in save_picture(picture, tmp_path / "out.jpg"))
    assert any("EXIF" in note for note in save_picture(picture, tmp_path / "out.png"))


@pytest.mark.parametrize("with_exif", [False, True])
def test_resolution_from_another_place_goes_into_exif(tmp_path: Path, with_exif: bool) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Acme"
    Image.fromarray(scene()).save(tmp_path / "in.png", dpi=(240, 240), **({"exif": exif} if with_exif else {}))
    save_picture(open_picture(tmp_path / "in.png"), tmp_path / "out.jpg")
    found = Image.open(tmp_path / "out.jpg").getexif()
    assert found[ExifTags.Base.XResolution] == pytest.approx(240, abs=0.1)
    assert (ExifTags.Base.Make in found) == with_exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_orientation_is_applied_once(tmp_path: Path, suffix: str, orientation: int) -> None:
    made = write(tmp_path / f"in{suffix}", turned(scene(), orientation), exif_block(orientation, (24, 16)))
    picture = open_picture(made)
    tolerance = 12 / 255 if suffix == ".jpg" else 1e-6
    assert np.abs(picture.rgb - scene() / 255).max() <= tolerance
    save_picture(picture, tmp_path / "out.png")
    assert np.abs(open_picture(tmp_path / "out.png").rgb - picture.rgb).max() <= 1e-6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_is_turned_neither_too_little_nor_twice(tmp_path: Path, orientation: int) -> None:
    made = write(tmp_path / "in.png", turned(scene(), orientation), exif_block(orientation, (24, 16)))
    save_picture(open_picture(made), tmp_path / "out.avif", options=SaveOptions(quality=100))
    assert np.array_equal(open_picture(tmp_path / "out.avif").rgb, scene() / np.float32(255))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.avif")), scene())
    Image.fromarray(scene()).save(tmp_path / "pillow.avif", exif=exif_block(orientation, (24, 16)), quality=100)
    upright = {1: (24, 16), 5: (16, 24), 6: (16, 24), 7: (16, 24), 8: (16, 24)}.get(orientation, (24, 16))
    picture = open_picture(tmp_path / "pillow.avif")
    assert (picture.width, picture.height) == upright


@pytest.mark.parametrize("target", WITH_EXIF)
def test_xmp_is_kept_and_turned_upright(tmp_path: Path, target: str) -> None:
    Image.fromarray(scene()).save(tmp_path / "in.webp", xmp=XMP, lossless=True)
    save_picture(open_picture(tmp_path / "in.webp"), tmp_path / f"out{target}")
    image = pyvips.Image.new_from_file(str(tmp_path / f"out{target}"))
    assert image.get("xmp-data") == XMP.replace(b'Orientation="6"', b'Orientation="1"')


@pytest.mark.parametrize("source", [".jpg", ".tif"])
@pytest.mark.parametrize("target", [".jpg", ".tif"])
def test_iptc_is_kept_where_there_is_a_place(tmp_path: Path, source: str, target: str) -> None:
    look = PictureInfo(metadata={"iptc": IPTC})
    save_picture(Picture(scene() / np.float32(255), None, look), tmp_path / f"in{source}")
    assert open_picture(tmp_path / f"in{source}").info.metadata["iptc"].rstrip(b"\0") == IPTC
    save_picture(open_picture(tmp_path / f"in{source}"), tmp_path / f"out{target}")
    assert open_picture(tmp_path / f"out{target}").info.metadata["iptc"].rstrip(b"\0") == IPTC


def test_photoshop_jpeg_gives_its_iptc(tmp_path: Path) -> None:
    other = b"8BIM\x03\xed\x00\x00" + (16).to_bytes(4, "big") + bytes(16)
    records = b"8BIM\x04\x04\x04Name\x00" + len(IPTC).to_bytes(4, "big") + IPTC + bytes(len(IPTC) % 2)
    segment = b"Photoshop 3.0\0" + other + records
    data = io.BytesIO()
    Image.fromarray(scene()).save(data, "jpeg")
    stored = data.getvalue()
    marked = stored[:2] + b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment + stored[2:]
    (tmp_path / "in.jpg").write_bytes(marked)
    assert open_picture(tmp_path / "in.jpg").info.metadata["iptc"] == IPTC


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif", ".gif"])
def test_lost_iptc_is_said(tmp_path: Path, suffix: str) -> None:
    notes = save_picture(
        Picture(scene() / np.float32(255), None, PictureInfo(metadata={"iptc": IPTC})), tmp_path / f"out{suffix}"
    )
    assert any("IPTC" in note for note in notes)


@pytest.mark.parametrize("source", [".jpg", ".png", ".tif"])
@pytest.mark.parametrize("target", WITH_EXIF)
def test_resolution_is_kept(tmp_path: Path, source: str, target: str) -> None:
    Image.fromarray(scene()).save(tmp_path / f"in{source}", dpi=(300, 300))
    save_picture(open_picture(tmp_path / f"in{source}"), tmp_path / f"out{target}")
    assert open_picture(tmp_path / f"out{target}").info.metadata["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.mark.parametrize("target", WITH_EXIF)
def test_no_metadata_is_made_up(tmp_path: Path, target: str) -> None:
    Image.fromarray(scene()).save(tmp_path / "in.png")
    save_picture(open_picture(tmp_path / "in.png"), tmp_path / f"out{target}")
    assert set(open_picture(tmp_path / f"out{target}").info.metadata) <= {"dpi"}


@pytest.mark.parametrize("target", WITH_EXIF)
def test_strip_metadata_leaves_no_trace_of_the_camera(tmp_path: Path, target: str) -> None:
    made = write(tmp_path / "in.jpg", scene(), exif_block(1, (24, 16)))
    save_picture(open_picture(made), tmp_path / f"out{target}", options=SaveOptions(strip_metadata=True))
    stored = (tmp_path / f"out{target}").read_bytes()
    assert b"Acme" not in stored
    assert b"2020:01" not in stored


def test_png_text_is_kept_in_png_and_its_loss_said(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Author", "Ada")
    Image.fromarray(scene()).save(tmp_path / "in.png", pnginfo=info)
    picture = open_picture(tmp_path / "in.png")
    assert save_picture(picture, tmp_path / "out.png") == ()
    assert Image.open(tmp_path / "out.png").text["Author"] == "Ada"
    assert any("text" in note for note in save_picture(picture, tmp_path / "out.jpg"))


def test_damaged_exif_is_said_and_hurts_nothing(tmp_path: Path) -> None:
    block = b"Exif\0\0II*\0\xff\xff\xff\x0f" + bytes(30)
    Image.fromarray(scene()).save(tmp_path / "in.webp", exif=block, lossless=True)
    with open_reader(tmp_path / "in.webp") as reader:
        assert any("EXIF" in note for note in reader.info.notes)
        save_picture(reader.rows(0, reader.height), tmp_path / "out.jpg")


def test_big_tiff_takes_exif(tmp_path: Path) -> None:
    from ganfx.files import tiff
    from ganfx.files.directories import FileBlock

    image = pyvips.Image.new_from_array(scene()).copy(interpretation="srgb")
    image.tiffsave(str(tmp_path / "big.tif"), bigtiff=True)
    with (tmp_path / "big.tif").open("r+b") as file:
        tiff.add_tags(file, exif_block(1, (24, 16)), IPTC)
    found = read_exif(tmp_path / "big.tif")
    assert found["camera"][ExifTags.Base.LensModel] == "50mm"
    with (tmp_path / "big.tif").open("rb") as file:
        assert tiff.read_iptc(FileBlock(file)) == IPTC
    assert np.array_equal(np.asarray(Image.open(tmp_path / "big.tif")), scene())
    assert np.array_equal(open_picture(tmp_path / "big.tif").rgb, scene() / np.float32(255))
