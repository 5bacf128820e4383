"""Pictures in formats that libvips does not read here: as their own libraries made them, damaged, and made to hurt."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pyjpegxl
import pytest
from PIL import Image

from ganfx import isolation
from ganfx.errors import ItemError, OptionError, OutputError, PictureSizeError, UnreadableError, UnsupportedError
from ganfx.files import SaveOptions, copy_picture, is_picture, open_picture, open_reader, save_picture, writable_suffix
from ganfx.files.formats import FORMATS, Codec, Format, named
from ganfx.imaging.color import decode_srgb
from ganfx.imaging.picture import Picture, PictureInfo
from tests import profiles
from tests.files import foreign, measured
from tests.files.foreign import HEIGHT, MAKERS, WIDTH, Wanted

FOREIGN = [form for form in FORMATS if isinstance(form.loader, Codec)]
PQ = {"color_primaries": 9, "transfer_characteristics": 16}
LIGHT = ("PFM", "Radiance HDR", "OpenEXR")
EACH = pytest.mark.parametrize("form", FOREIGN, ids=lambda form: form.name)


def put(folder: Path, form: Format, data: bytes | None = None, suffix: str | None = None) -> Path:
    path = folder / f"in{suffix or form.suffixes[0]}"
    path.write_bytes(MAKERS[form.name](Wanted()) if data is None else data)
    return path


@EACH
def test_every_format_is_read_as_its_own_library_wrote_it(tmp_path: Path, form: Format) -> None:
    for words in ("", *foreign.POSSIBLE[form.name].split(), foreign.POSSIBLE[form.name]):
        wanted = Wanted(**dict.fromkeys(words.split(), True))
        if wanted.icc and wanted.deep and form.name in ("KRA", "ORA"):
            continue
        with open_reader(put(tmp_path, form, MAKERS[form.name](wanted))) as reader:
            picture = reader.rows(0, reader.height)
            assert reader.format is form
            assert (picture.width, picture.height, picture.has_alpha) == (WIDTH, HEIGHT, wanted.alpha), words
            assert not wanted.icc or picture.info.metadata["icc"] == foreign.P3
            assert not wanted.exif or "exif" in picture.info.metadata
            if form.name not in ("RAW", "PBM", *LIGHT) and not wanted.icc:
                assert picture.info.bits == (16 if wanted.deep else 8)
                full = 65535 if wanted.deep else 255
                assert np.abs(picture.rgb - wanted.samples[..., :3] / full).max() < 0.005, words


def test_the_table_in_the_documentation_is_what_is_measured() -> None:
    page = measured.PAGE.read_text()
    found = measured.MARKED.search(page)
    assert found
    assert measured.table() in found[0], "python -m tests.files.measured writes it anew"


@pytest.mark.usefixtures("real_processes")
@pytest.mark.parametrize("name", ["HEIC", "RAW", "PSD", "KRA", "OpenEXR"])
def test_decoders_work_in_a_process_of_their_own(tmp_path: Path, name: str) -> None:
    assert open_picture(put(tmp_path, named(name))).width == WIDTH


@pytest.mark.usefixtures("real_processes")
def test_what_takes_too_much_memory_there_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = foreign.archive(foreign.KRITA, bytes(2**28))
    assert len(bomb) < 2**20
    monkeypatch.setenv("GANFX_MAX_MEMORY_MIB", "300")
    with pytest.raises(ItemError) as caught:
        open_picture(put(tmp_path, named("KRA"), bomb))
    assert "\n" not in caught.value.message


@EACH
def test_cut_off_files_are_one_line(tmp_path: Path, form: Format) -> None:
    data = MAKERS[form.name](Wanted())
    for share in (0.0, 0.02, 0.5, 0.9):
        path = put(tmp_path, form, data[: int(len(data) * share)])
        with pytest.raises(ItemError) as caught:
            open_picture(path)
        assert "\n" not in caught.value.message, share
        assert len(caught.value.message) < 250


@EACH
def test_a_wrong_suffix_does_not_matter(tmp_path: Path, form: Format) -> None:
    path = put(tmp_path, form, suffix=".jpg")
    if form.name == "TGA":
        assert not is_picture(path)
        return
    assert is_picture(path)
    assert open_picture(path).width == WIDTH


def _bomb(name: str) -> bytes:
    """The format's file with a size of 60000 by 60000 in its header."""
    data, side = MAKERS[name](Wanted()), 60_000
    by = {"PNM": b"60000 60000", "PBM": b"60000 60000", "PFM": b"60000 60000"}
    if name in by:
        return data.replace(f"{WIDTH} {HEIGHT}".encode(), by[name], 1)
    if name == "PAM":
        return data.replace(b"WIDTH 64", b"WIDTH 60000").replace(b"HEIGHT 48", b"HEIGHT 60000")
    if name == "Radiance HDR":
        return data.replace(b"-Y 48 +X 64", b"-Y 60000 +X 60000")
    if name == "BMP":
        return data[:18] + struct.pack("<ii", side, side) + data[26:]
    if name == "TGA":
        return data[:12] + struct.pack("<HH", side, side) + data[16:]
    if name.startswith("JPEG 2000"):
        at = data.index(b"\xff\x4f\xff\x51")
        return data[: at + 8] + struct.pack(">II", side, side) + data[at + 16 :]
    if name == "PSD":
        return data[:14] + struct.pack(">II", side, side) + data[22:]
    if name == "OpenEXR":
        at = data.index(b"dataWindow\0box2i\0") + 21
        return data[:at] + struct.pack("<4i", 0, 0, side - 1, side - 1) + data[at + 16 :]
    if name in ("KRA", "ORA"):
        kind = foreign.KRITA if name == "KRA" else foreign.OPEN_RASTER
        png = MAKERS["PNG"](Wanted())
        return foreign.archive(kind, png[:16] + struct.pack(">II", side, side) + png[24:])
    assert name == "RAW"
    size = struct.pack("<HHI", 256, 4, 1), struct.pack("<HHI", 257, 4, 1)
    for head, old in zip(size, (WIDTH, HEIGHT), strict=True):
        data = data.replace(head + struct.pack("<I", old), head + struct.pack("<I", side))
    return data


@pytest.mark.parametrize("name", [form.name for form in FOREIGN if form.name not in ("HEIC", "JPEG XL")])
def test_a_header_that_claims_gigapixels_is_refused_by_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(ItemError) as caught:
        open_picture(put(tmp_path, named(name), _bomb(name)))
    # LibRaw and OpenEXR see by themselves that there is not so much in the file.
    assert isinstance(caught.value, PictureSizeError) or name in ("RAW", "OpenEXR")


@EACH
def test_the_limit_of_pixels_holds_for_every_format(
    tmp_path: Path, form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, form)
    monkeypatch.setenv("GANFX_MAX_PIXELS", "1000")
    with pytest.raises(PictureSizeError, match=f"{WIDTH}x{HEIGHT}"):
        open_picture(path)


@EACH
def test_a_missing_decoder_says_what_to_install(tmp_path: Path, form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, form)
    monkeypatch.setattr(Codec, "is_installed", False)
    assert is_picture(path)
    with pytest.raises(UnsupportedError, match=form.name) as caught:
        open_picture(path)
    assert "pip install" in (caught.value.hint or "")
    assert "damaged" not in caught.value.message
    assert writable_suffix(path) == (form.result or form.suffixes[0])


def test_a_missing_encoder_names_the_extra_for_the_index_and_for_a_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Codec, "is_installed", False)
    with pytest.raises(OutputError, match="HEIC") as caught:
        save_picture(Picture(np.zeros((4, 4, 3), np.float32)), tmp_path / "out.heic")
    assert '"ganfx[heic]"' in (caught.value.hint or "")
    assert '".[heic]"' in (caught.value.hint or "")
    assert not list(tmp_path.iterdir())


def test_a_decoder_that_crashes_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(*arguments: object, **limits: object) -> None:
        raise isolation.ChildError("ends the process that works on it (SIGSEGV)")

    path = put(tmp_path, named("HEIC"))
    monkeypatch.setattr(isolation, "call", call)
    with pytest.raises(UnreadableError, match="SIGSEGV"):
        open_picture(path)


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [(".dng", ".tif"), (".psd", ".tif"), (".kra", ".png"), (".tga", ".tga"), (".j2k", ".jp2"), (".pbm", ".pgm")],
)
def test_what_is_not_written_becomes_what_people_expect(tmp_path: Path, suffix: str, expected: str) -> None:
    form = next(form for form in FORMATS if suffix in form.suffixes)
    assert writable_suffix(put(tmp_path, form, suffix=suffix)) == expected


@pytest.mark.parametrize(("suffix", "bits"), [(".jp2", 8), (".jp2", 16), (".tga", 8)])
@pytest.mark.parametrize("alpha", [False, True])
def test_other_programs_read_every_sample_as_it_was(tmp_path: Path, suffix: str, bits: int, alpha: bool) -> None:
    path, full = tmp_path / f"out{suffix}", 2**bits - 1
    samples = np.random.default_rng(1).integers(0, full + 1, (40, 50, 3 + alpha))
    rgba = (samples / full).astype(np.float32)
    save_picture(Picture(rgba[..., :3], rgba[..., 3] if alpha else None, PictureInfo(bits)), path)
    if bits == 8:
        found = np.asarray(Image.open(path))
    else:
        found = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3][: 3 + alpha]]
    assert (found == samples).all()


def test_small_pictures_of_16_bits_are_no_jpeg_2000_and_that_is_said(tmp_path: Path) -> None:
    picture = Picture(np.full((20, 50, 3), 0.5, np.float32), info=PictureInfo(16))
    with pytest.raises(OutputError, match="from 32 pixels a side on"):
        save_picture(picture, tmp_path / "out.jp2")
    assert not list(tmp_path.iterdir())
    save_picture(replace(picture, info=PictureInfo(8)), tmp_path / "out.jp2")
    assert open_picture(tmp_path / "out.jp2").height == 20


def test_raw_is_developed_by_the_cameras_white_balance_and_that_is_said(tmp_path: Path) -> None:
    color = (0.8, 0.5, 0.2)
    picture = open_picture(put(tmp_path, named("RAW"), foreign.dng(color=color)))
    assert np.abs(decode_srgb(picture.rgb[10:-10, 10:-10]) - color).max() < 0.01
    assert picture.info.bits == 16
    assert any("white balance" in note for note in picture.info.notes)


def test_raw_is_not_taken_for_the_tiff_that_it_looks_like(tmp_path: Path) -> None:
    path = put(tmp_path, named("RAW"), suffix=".tif")
    with open_reader(path) as reader:
        assert reader.format.name == "RAW"


def test_light_beyond_white_survives(tmp_path: Path) -> None:
    for form in map(named, LIGHT):
        picture = open_picture(put(tmp_path, form))
        tolerance = 0.05 if form.name == "Radiance HDR" else 1e-4
        assert np.abs(decode_srgb(picture.rgb) - foreign.linear()).max() < tolerance
        for suffix in (".exr", ".pfm", ".tif", ".jxl"):
            assert (
                save_picture(picture, tmp_path / f"out{suffix}", options=SaveOptions(quality=100), overwrite=True) == ()
            )
            assert np.allclose(open_picture(tmp_path / f"out{suffix}").rgb, picture.rgb, atol=1e-4), (form.name, suffix)


def test_other_primaries_of_openexr_become_those_of_srgb(tmp_path: Path) -> None:
    p3 = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329)
    picture = open_picture(put(tmp_path, named("OpenEXR"), foreign.exr(chromaticities=p3)))
    to_srgb = np.array([[1.2249, -0.2249, 0], [-0.0420, 1.0420, 0], [-0.0196, -0.0786, 1.0983]])
    assert np.abs(decode_srgb(picture.rgb) - foreign.linear() @ to_srgb.T).max() < 2e-3
    assert any("primaries" in note for note in picture.info.notes)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("deep", [False, True])
def test_psd_is_read_packed_or_not_and_without_the_white_behind_it(tmp_path: Path, packed: bool, deep: bool) -> None:
    wanted = Wanted(deep=deep, alpha=True)
    picture = open_picture(put(tmp_path, named("PSD"), foreign.psd(wanted, packed=packed)))
    assert picture.alpha is not None
    full = 65535 if deep else 255
    assert np.abs(picture.alpha - wanted.samples[..., 3] / full).max() < 1e-4
    assert np.abs(picture.rgb - wanted.samples[..., :3] / full).max() < 0.005
    assert picture.info.metadata["dpi"] == pytest.approx((300, 300))


def test_an_archive_without_a_merged_picture_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no merged picture"):
        open_picture(put(tmp_path, named("KRA"), foreign.archive(foreign.KRITA, None)))


@pytest.mark.parametrize("mimetype", [foreign.KRITA, "application/zip"])
def test_krita_packs_even_the_name_of_its_format(tmp_path: Path, mimetype: str) -> None:
    place = tmp_path / "in.kra"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", mimetype)
        file.writestr("mergedimage.png", MAKERS["PNG"](Wanted()))
    assert open_picture(place).width == WIDTH


def test_heic_with_colors_that_are_only_numbers_is_followed_or_that_is_said(tmp_path: Path) -> None:
    for numbers, has_profile, notes in (({}, False, 0), ({"color_primaries": 12}, True, 0), (PQ, False, 1)):
        data = io.BytesIO()
        samples = np.full((16, 16, 3), 90, np.uint8).tobytes()
        pillow_heif.encode("RGB", (16, 16), samples, data, quality=90, save_nclx_profile=True, **numbers)
        picture = open_picture(put(tmp_path, named("HEIC"), data.getvalue()))
        assert ("icc" in picture.info.metadata) == has_profile, numbers
        assert len(picture.info.notes) == notes, numbers


def test_plain_netpbm_with_comments_and_few_levels(tmp_path: Path) -> None:
    text = b"P3 # by hand\n2 2\n15\n0 15 7  1 2 3 # a row\n4 5 6 7 8 9\n"
    picture = open_picture(put(tmp_path, named("PNM"), text))
    assert np.rint(picture.rgb * 15).astype(int).ravel().tolist() == [0, 15, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    "text", [b"P3\n2 2\n15\n0 1", b"P3\n2 2\n0\n", b"P3\n2 2\n15\n" + b"x " * 12, b"P2\n", b"P7\nEND"]
)
def test_netpbm_that_makes_no_sense_is_one_line(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(UnreadableError):
        open_picture(put(tmp_path, named("PNM"), text))


def test_icc_srgb_and_p3_convert_and_say_what_is_stored(tmp_path: Path) -> None:
    colors = np.full((8, 8, 3), (0.9, 0.3, 0.2), np.float32)
    p3 = profiles.rgb_profile(profiles.DISPLAY_P3, profiles.srgb_curve())
    picture = Picture(colors, None, PictureInfo(16, metadata={"icc": p3}))
    for icc in ("keep", "srgb", "p3"):
        for suffix in (".png", ".tif", ".jxl", ".avif", ".heic"):
            path = tmp_path / f"{icc}{suffix}"
            save_picture(picture, path, options=SaveOptions(quality=100, icc=icc))  # type: ignore[arg-type]
            back = open_picture(path)
            assert np.abs(back.rgb - colors).max() < 0.003, path.name
            assert (back.info.metadata["icc"] == p3) == (icc == "keep"), path.name
    stored = np.asarray(Image.open(tmp_path / "p3.png").convert("RGB"))[0, 0] / 255
    assert stored[0] < 0.88


def test_a_copy_into_another_color_space_is_no_copy(tmp_path: Path) -> None:
    save_picture(Picture(np.full((8, 8, 3), 0.5, np.float32)), tmp_path / "in.png")
    with open_reader(tmp_path / "in.png") as reader:
        copy_picture(reader, tmp_path / "out.png", options=SaveOptions(icc="p3"))
    assert "icc" in open_picture(tmp_path / "out.png").info.metadata


def test_lossless_is_lossless_or_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (20, 30, 3), np.uint8)
    for form in (form for form in FORMATS if form.saver):
        path = tmp_path / f"out{form.suffixes[0]}"
        picture = Picture(noise / np.float32(255))
        if not form.lossless:
            with pytest.raises(OutputError, match="lossless"):
                save_picture(picture, path, options=SaveOptions(lossless=True))
            continue
        save_picture(picture, path, options=SaveOptions(lossless=True))
        assert np.abs(open_picture(path).rgb - picture.rgb).max() < 1e-5, form.name
    with pytest.raises(OptionError, match="not lossless"):
        SaveOptions(quality=50, lossless=True)


def test_jpeg_xl_has_its_exif_where_other_programs_look_for_it(tmp_path: Path) -> None:
    picture = Picture(np.zeros((8, 8, 3), np.float32), None, PictureInfo(metadata={"exif": foreign.exif()}))
    save_picture(picture, tmp_path / "out.jxl")
    stored = pyjpegxl.probe((tmp_path / "out.jxl").read_bytes()).exif
    # ISO/IEC 18181-2: four bytes of offset, then the TIFF structure.
    assert stored[:4] == bytes(4)
    assert stored[4:6] in (b"II", b"MM")
    bare = pyjpegxl.encode_from_numpy(np.zeros((8, 8, 3), np.uint8), exif=stored[4:])
    (tmp_path / "bare.jxl").write_bytes(bare)
    for name in ("out.jxl", "bare.jxl"):
        assert "exif" in open_picture(tmp_path / name).info.metadata


def test_quality_changes_what_jpeg_xl_and_heic_take(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (80, 120, 3), np.uint8)
    for suffix in (".jxl", ".heic"):
        sizes = []
        for quality in (20, 60, 90):
            path = tmp_path / f"out-{quality}{suffix}"
            save_picture(Picture(noise / np.float32(255)), path, options=SaveOptions(quality=quality))
            sizes.append(path.stat().st_size)
        assert sizes == sorted(set(sizes))
