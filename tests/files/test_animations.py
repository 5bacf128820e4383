"""Animations keep their frames, their times and what is transparent, whichever program made them."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganfx.errors import OutputError, PictureSizeError, UnreadableError, UnsupportedError
from ganfx.files import SaveOptions, open_animation, open_animation_writer, open_picture, open_reader
from ganfx.files.animations.timing import Timing, ticks
from ganfx.imaging.picture import Picture, PictureInfo
from tests import profiles
from tests.files.animations import (
    MILLISECONDS,
    copy,
    moving,
    read,
    save,
    save_whole,
    seconds,
    seen,
    timing,
)
from tests.fuzz.pictures import exif

SUFFIXES = [".gif", ".png", ".webp", ".avif"]
EXACT = [".gif", ".png", ".webp"]


@pytest.mark.parametrize("alpha", [False, True], ids=["opaque", "transparent"])
@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
@pytest.mark.parametrize("suffix", EXACT)
def test_frames_are_read_as_other_programs_show_them(tmp_path: Path, suffix: str, disposal: int, alpha: bool) -> None:
    if suffix == ".png" and disposal == 3:
        pytest.skip("APNG has three ways")
    # Nothing was there before the first frame: programs differ in what they show.
    ways = [1, 3, 3, 3, 3] if disposal == 3 else disposal
    made = save(tmp_path / f"in{suffix}", moving(alpha=alpha), disposal=ways)
    assert len(read(made)) == len(MILLISECONDS)
    # Where an opaque frame is taken away, Pillow shows black.
    bands = 4 if alpha else 3
    for frame, expected in zip(read(made), seen(made), strict=True):
        assert np.array_equal(frame[..., :bands], expected[..., :bands])
    assert timing(made) == (MILLISECONDS, 0)


@pytest.mark.parametrize("alpha", [False, True], ids=["opaque", "transparent"])
@pytest.mark.parametrize("target", SUFFIXES)
@pytest.mark.parametrize("source", SUFFIXES)
def test_frames_times_and_plays_survive_in_every_format(tmp_path: Path, source: str, target: str, alpha: bool) -> None:
    given = save(tmp_path / f"in{source}", moving(alpha=alpha), **({} if source == ".avif" else {"loop": 3}))
    made = tmp_path / f"out{target}"
    copy(given, made, quality=100)
    milliseconds, plays = timing(made)
    assert milliseconds == MILLISECONDS
    if target != ".avif":
        assert plays == timing(given)[1]
    few = 40 if ".avif" in (source, target) else 0
    for frame, expected in zip(seen(made), seen(given), strict=True):
        assert np.array_equal(frame[..., 3], expected[..., 3])
        assert np.abs(frame.astype(int) - expected).mean() <= few / 10


@pytest.mark.parametrize("alpha", [False, True], ids=["opaque", "transparent"])
@pytest.mark.parametrize("suffix", EXACT)
def test_what_is_written_is_shown_by_other_programs(tmp_path: Path, suffix: str, alpha: bool) -> None:
    given = save(tmp_path / "in.png", moving(alpha=alpha))
    made = tmp_path / f"out{suffix}"
    copy(given, made, quality=100)
    for frame, expected in zip(seen(made), seen(given), strict=True):
        assert np.array_equal(frame, expected)


def test_a_gif_of_many_colors_has_one_palette_and_stands_still_where_the_picture_does(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    still = rng.integers(0, 256, (40, 60, 3), np.uint8)
    frames = []
    for index in range(4):
        samples = still.copy()
        samples[:, :10] = rng.integers(0, 256, (40, 10, 3), np.uint8)
        samples[20:30, 20 + index : 30 + index] = (255, 60 * index, 0)
        frames.append(Image.fromarray(samples))
    made = tmp_path / "out.gif"
    copy(save(tmp_path / "in.webp", frames, duration=100), made)
    data = made.read_bytes()
    assert data[10] & 0x80
    shown = seen(made)
    colors = {tuple(color) for frame in shown for color in frame[..., :3].reshape(-1, 3)}
    assert 200 < len(colors) <= 256
    for one, other in itertools.pairwise(shown):
        assert np.array_equal(one[:, 40:], other[:, 40:])
    for frame, given in zip(shown, frames, strict=True):
        assert np.abs(frame[..., :3].astype(int) - np.asarray(given)).mean() < 25


def test_a_gif_keeps_its_256_colors_exactly(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    colors = np.unique(rng.integers(0, 256, (300, 3), np.uint8), axis=0)[:256]
    frames = [Image.fromarray(np.roll(colors, 5 * index, axis=0).reshape(16, 16, 3)) for index in range(3)]
    made = tmp_path / "out.gif"
    copy(save(tmp_path / "in.png", frames, duration=100), made)
    for frame, given in zip(seen(made), frames, strict=True):
        assert np.array_equal(frame[..., :3], np.asarray(given))


def test_frames_of_a_gif_without_time_are_as_slow_elsewhere_as_browsers_show_them(tmp_path: Path) -> None:
    given = save(tmp_path / "in.gif", moving(3), duration=[0, 10, 50], disposal=1)
    for suffix, expected in ((".gif", [0, 10, 50]), (".webp", [100, 100, 50])):
        copy(given, tmp_path / f"out{suffix}")
        assert timing(tmp_path / f"out{suffix}")[0] == expected


def test_rounded_times_do_not_add_up_to_a_delay() -> None:
    thirds = [Fraction(1, 30)] * 300
    assert sum(ticks(thirds, 100, 2**16 - 1)) == 1000
    assert set(ticks(thirds, 100, 2**16 - 1)) == {3, 4}


@pytest.mark.parametrize("suffix", EXACT)
def test_equal_frames_stay_frames_of_their_own(tmp_path: Path, suffix: str) -> None:
    one, other = moving(2)
    chunks = [one, other, other, other, one]
    given = tmp_path / "in.png"
    save_whole(given, chunks)
    copy(given, tmp_path / f"out{suffix}", quality=100)
    again = open_animation(tmp_path / f"out{suffix}")
    assert again
    with again:
        assert [frame.is_repeat for frame in again.frames()] == [False, False, True, True, False]


@pytest.mark.parametrize("dispose", [0, 1, 2])
@pytest.mark.parametrize("blend", [0, 1])
def test_half_transparent_frames_of_an_apng_are_composed(tmp_path: Path, dispose: int, blend: int) -> None:
    rng = np.random.default_rng(3)
    frames = [Image.fromarray(rng.integers(0, 256, (20, 30, 4), np.uint8)) for _ in range(4)]
    save_whole(tmp_path / "in.png", frames, dispose, blend)
    below = Image.new("RGBA", (30, 20))
    for index, (given, frame) in enumerate(zip(frames, read(tmp_path / "in.png"), strict=True)):
        shown = Image.alpha_composite(below, given) if blend else given
        expected, strong = np.asarray(shown).astype(int), np.asarray(shown)[..., 3:] > 40
        # Pillow computes with fewer bits.
        assert (np.abs(frame.astype(int) - expected) * strong).max() <= 3
        if dispose != 2 or index == 0:
            below = shown if dispose == 0 else Image.new("RGBA", (30, 20))


def test_an_apng_keeps_its_16_bits(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    frames = [rng.random((12, 17, 3), np.float32) for _ in range(3)]
    info = PictureInfo(bits=16)
    options = {"timing": Timing(seconds(100, 100, 100), 0), "options": SaveOptions()}
    with open_animation_writer(
        tmp_path / "a.png",
        width=17,
        height=12,
        has_alpha=False,
        info=info,
        **options,  # type: ignore[arg-type]
    ) as writer:
        for rgb in frames:
            writer.write(Picture(rgb, None, info))
            writer.end_frame()
    copy(tmp_path / "a.png", tmp_path / "b.png")
    animation = open_animation(tmp_path / "b.png")
    assert animation
    with animation:
        assert animation.first.info.bits == 16
        for frame, rgb in zip(animation.frames(), frames, strict=True):
            assert np.abs(frame.picture.rgb - rgb).max() < 1e-5


@pytest.mark.parametrize("target", [".png", ".webp", ".avif"])
@pytest.mark.parametrize("source", [".png", ".webp", ".avif"])
def test_metadata_survive(tmp_path: Path, source: str, target: str) -> None:
    profile = profiles.rgb_profile(profiles.DISPLAY_P3, profiles.srgb_curve())
    given = save(tmp_path / f"in{source}", moving(), exif=exif(), icc_profile=profile)
    copy(given, tmp_path / f"out{target}")
    with open_reader(given, frame=1) as one, open_reader(tmp_path / f"out{target}", frame=1) as other:
        assert one.info.metadata["icc"] == other.info.metadata["icc"] == profile
        assert b"Acme" in other.info.metadata["exif"]
        assert one.info.metadata.get("xmp") == other.info.metadata.get("xmp")
    copy(given, tmp_path / f"bare{target}", strip_metadata=True)
    with open_reader(tmp_path / f"bare{target}", frame=1) as bare:
        assert set(bare.info.metadata) == {"icc"}


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (33, 17)], ids=str)
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("suffix", EXACT)
def test_all_kinds_of_colors_and_small_sizes_are_read_and_written(
    tmp_path: Path, suffix: str, mode: str, size: tuple[int, int]
) -> None:
    rng = np.random.default_rng(7)
    frames = []
    for _ in range(3):
        samples = rng.integers(0, 256, (*size[::-1], 4), np.uint8)
        samples[..., 3] = np.where(samples[..., 3] > 99, 255, 0)
        frames.append(Image.fromarray(samples).convert("RGB" if mode == "P" else mode))
    if mode == "P":
        palette = frames[0].quantize(16)
        frames = [palette, *(frame.quantize(palette=palette) for frame in frames[1:])]
    given = save_whole(tmp_path / "in.png", frames)
    made = tmp_path / f"out{suffix}"
    copy(given, made, quality=100)
    assert len(seen(made)) == 3
    for frame, expected in zip(seen(made), read(given), strict=True):
        assert np.array_equal(frame[..., 3], expected[..., 3])
        assert suffix == ".gif" or np.array_equal(frame, expected)


def _by_gifsicle(frames: list[Path], made: Path) -> list[str]:
    for frame in frames:
        Image.open(frame).convert("RGB").quantize(120).save(frame.with_suffix(".gif"))
    given = [str(frame.with_suffix(".gif")) for frame in frames]
    return ["gifsicle", "-O3", "-d12", "-l", "--colors", "256", *given, "-o", str(made)]


def _by_apngasm(frames: list[Path], made: Path) -> list[str]:
    return ["apngasm", str(made), str(frames[0]), "12", "100"]


def _by_img2webp(frames: list[Path], made: Path) -> list[str]:
    return ["img2webp", "-loop", "0", "-lossless", "-d", "120", *map(str, frames), "-o", str(made)]


def _by_avifenc(frames: list[Path], made: Path) -> list[str]:
    return ["avifenc", "--timescale", "100", "--duration", "12", *map(str, frames), str(made)]


@pytest.mark.parametrize(
    ("command", "suffix"),
    [(_by_gifsicle, ".gif"), (_by_apngasm, ".png"), (_by_img2webp, ".webp"), (_by_avifenc, ".avif")],
    ids=["gifsicle", "apngasm", "img2webp", "avifenc"],
)
def test_files_of_the_usual_programs_are_read(
    tmp_path: Path, command: Callable[[list[Path], Path], list[str]], suffix: str
) -> None:
    frames = [tmp_path / f"f{index}.png" for index in range(5)]
    for path, frame in zip(frames, moving(), strict=True):
        frame.save(path)
    made = tmp_path / f"made{suffix}"
    line = command(frames, made)
    if not shutil.which(line[0]):
        pytest.skip(f"{line[0]} is not installed")
    subprocess.run(line, check=True, capture_output=True)
    assert timing(made) == ([120] * 5, 0)
    few = 6 if suffix == ".avif" else 0
    for frame, path in zip(read(made), frames, strict=True):
        assert np.abs(frame[..., :3].astype(int) - np.asarray(Image.open(path))).mean() <= few


@pytest.mark.parametrize("turn", range(1, 9))
def test_turned_animations_are_upright(tmp_path: Path, turn: int) -> None:
    frames = moving(2)
    save(tmp_path / "in.webp", frames, exif=exif(turn))
    frames[0].save(tmp_path / "still.png", exif=exif(turn))
    assert np.array_equal(read(tmp_path / "in.webp")[0], _bytes(open_picture(tmp_path / "still.png")))


def _bytes(picture: Picture) -> np.ndarray:
    opaque = np.ones((picture.height, picture.width), np.float32)
    return np.rint(np.dstack([picture.rgb, opaque]) * 255).astype(np.uint8)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_frame_is_read_as_a_picture(tmp_path: Path, suffix: str) -> None:
    made = save(tmp_path / f"in{suffix}", moving())
    for number in (1, 3, 5):
        with open_reader(made, frame=number) as reader:
            assert np.array_equal(_bytes(reader.rows(0, reader.height)), read(made)[number - 1])
            assert not reader.info.notes
    with open_reader(made) as reader:
        assert reader.info.notes == ("only the first of 5 frames or pages is read",)
    with pytest.raises(UnreadableError, match="no frame 6: it has 5"):
        open_reader(made, frame=6)


def test_a_still_picture_has_one_frame(tmp_path: Path) -> None:
    moving(1)[0].save(tmp_path / "in.png")
    assert open_animation(tmp_path / "in.png") is None
    assert open_reader(tmp_path / "in.png", frame=1).width == 60
    with pytest.raises(UnreadableError, match="no frame 2: it is a single picture"):
        open_reader(tmp_path / "in.png", frame=2)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_broken_frame_is_named_and_nothing_is_written(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(5)
    frames = [Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)) for _ in range(4)]
    given = save(tmp_path / f"in{suffix}", frames, duration=100)
    data = bytearray(given.read_bytes())
    at = len(data) * 6 // 10
    # Bytes that are damaged in another way are colors, too, where a format has no checksums.
    length = 40 if suffix != ".avif" else len(data) - at
    data[at : at + length] = b"\xff" * length
    given.write_bytes(data)
    with pytest.raises(UnreadableError) as found:
        copy(given, tmp_path / "out.png")
    assert "\n" not in str(found.value)
    assert found.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == [given.name]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path, suffix: str, share: float) -> None:
    rng = np.random.default_rng(6)
    frames = [Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)) for _ in range(4)]
    given = save(tmp_path / f"in{suffix}", frames, duration=100)
    data = given.read_bytes()
    given.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableError):
        copy(given, tmp_path / "out.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == [given.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_all_frames_together_may_have_so_many_pixels(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = save(tmp_path / f"in{suffix}", moving())
    monkeypatch.setenv("GANFX_MAX_PIXELS", str(60 * 44 * 5))
    assert len(read(given)) == 5
    monkeypatch.setenv("GANFX_MAX_PIXELS", str(60 * 44 * 5 - 1))
    with pytest.raises(PictureSizeError, match="5 frames of 60x44 are 13200 pixels"):
        open_animation(given)
    monkeypatch.delenv("GANFX_MAX_PIXELS")
    monkeypatch.setattr("ganfx.files.budget.MAX_FRAMES", 4)
    with pytest.raises(PictureSizeError, match="5 frames are more than the 4"):
        open_animation(given)


def test_a_format_for_one_picture_refuses_several(tmp_path: Path) -> None:
    given = save(tmp_path / "in.gif", moving())
    for suffix in (".jpg", ".tif"):
        with pytest.raises(OutputError, match="has 5 frames, and") as found:
            copy(given, tmp_path / f"out{suffix}")
        assert "--frame 1" in str(found.value.hint)


@pytest.mark.parametrize(
    "start",
    [
        b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41",
        b"\0\0\0\x14ftypqt  \0\0\x02\0qt  ",
        b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x86\x81\x01",
        b"RIFF\0\0\1\0AVI LIST",
    ],
    ids=["mp4", "mov", "webm", "avi"],
)
def test_videos_are_said_to_be_for_later(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "in.gif").write_bytes(start.ljust(4096, b"\0"))
    with pytest.raises(UnsupportedError, match="videos are not read yet") as found:
        open_reader(tmp_path / "in.gif")
    assert "ffmpeg" in str(found.value.hint)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "target"), [(".gif", ".gif"), (".png", ".png"), (".webp", ".webp"), (".gif", ".avif")]
)
def test_memory_does_not_grow_with_the_frames(tmp_path: Path, source: str, target: str) -> None:
    peaks = []
    for count in (20, 200):
        made = tmp_path / f"{count}{source}"
        scene = np.mgrid[0:200, 0:300][1][..., None] // [2, 3, 4]
        save(made, [Image.fromarray((scene + shift).astype(np.uint8)) for shift in range(count)], duration=40)
        code = textwrap.dedent("""
            import sys
            from pathlib import Path
            from tests.files.animations import copy
            from tests.memory import peak_megabytes
            copy(Path(sys.argv[1]), Path(sys.argv[2]))
            print(peak_megabytes())
        """)
        arguments = [sys.executable, "-c", code, made, tmp_path / f"out{count}{target}"]
        told = subprocess.run(arguments, check=True, capture_output=True, text=True)
        peaks.append(int(told.stdout))
    # 180 more frames have 124 MiB as floats, and 31 MiB as bytes.
    assert peaks[1] - peaks[0] < 20, peaks
