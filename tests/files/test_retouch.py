"""Retouched files: samples that no patch changes are the file's own, bit for bit, whatever stands around them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ganfx.errors import EngineError, OutputError
from ganfx.files import PictureReader, SaveOptions, copy_picture, open_picture, open_reader, open_writer
from ganfx.imaging.picture import Box, Patch, Picture
from tests import profiles

HEIGHT, WIDTH = 37, 29
PROFILES = {
    "untagged": None,
    "adobe": profiles.rgb_profile(profiles.ADOBE_RGB, profiles.gamma_curve(2.2)),
    "prophoto": profiles.rgb_profile(profiles.PROPHOTO, profiles.gamma_curve(1.8)),
    "lut": profiles.lut_profile(),
    "grey": profiles.grey_profile(profiles.gamma_curve(1.8)),
}
CASES = [
    (suffix, bits, alpha, grey, profile)
    for suffix, bits, alpha, grey, profile in itertools.product(
        (".png", ".tif", ".webp"), (8, 16), (False, True), (False, True), PROFILES
    )
    if (profile == "grey") <= grey
    and (profile not in ("grey", "untagged")) <= (not grey)
    and (suffix == ".webp") <= (bits == 8 and not grey)
]


def stored(path: Path, bits: int, alpha: bool, grey: bool, profile: bytes | None) -> NDArray[Any]:
    """Write noise to a PNG and return it."""
    dtype = np.uint8 if bits == 8 else np.uint16
    shape = (HEIGHT, WIDTH, (1 if grey else 3) + alpha)
    samples = np.random.default_rng(bits).integers(0, 2**bits, shape, dtype)
    space = ("b-w" if bits == 8 else "grey16") if grey else ("srgb" if bits == 8 else "rgb16")
    image = pyvips.Image.new_from_array(samples).copy(interpretation=space)
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    image.pngsave(str(path))
    return samples


def samples_of(path: Path) -> NDArray[Any]:
    return np.atleast_3d(pyvips.Image.new_from_file(str(path)).numpy())


def patch(reader: PictureReader, box: Box, seed: int) -> Patch:
    """White where a random half of `box` is changed; elsewhere it is wrong on purpose."""
    changed = np.random.default_rng(seed).random((box.height, box.width)) < 0.5
    rgb = np.where(changed[..., None], np.float32(1), np.float32(0.3)).repeat(3, axis=-1)
    alpha = np.ones(changed.shape, np.float32) if reader.has_alpha else None
    return Patch(box, Picture(rgb, alpha, reader.info), changed)


def patches(reader: PictureReader, boxes: list[Box]) -> list[Patch]:
    return [patch(reader, box, seed) for seed, box in enumerate(sorted(boxes, key=lambda box: box.top))]


def write(
    reader: PictureReader, target: Path, made: list[Patch] | Iterator[Patch], options: SaveOptions
) -> tuple[str, ...]:
    with open_writer(
        target,
        width=reader.width,
        height=reader.height,
        has_alpha=reader.has_alpha,
        info=reader.info,
        options=options,
    ) as writer:
        writer.retouch(reader, made)
    return writer.notes


BOXES = [Box(0, 0, 9, 12), Box(3, 5, 29, 30), Box(20, 5, 25, 37), Box(4, 36, 5, 37)]


def where_changed(made: list[Patch]) -> NDArray[np.bool_]:
    changed = np.zeros((HEIGHT, WIDTH), bool)
    for one in made:
        changed[one.box.window] |= one.changed
    return changed


@pytest.mark.parametrize(("suffix", "bits", "alpha", "grey", "profile"), CASES)
def test_unchanged_samples_are_the_files_own(
    tmp_path: Path, suffix: str, bits: int, alpha: bool, grey: bool, profile: str
) -> None:
    samples = stored(tmp_path / "in.png", bits, alpha, grey, PROFILES[profile])
    with open_reader(tmp_path / "in.png") as reader:
        made = patches(reader, BOXES)
        notes = write(reader, tmp_path / f"out{suffix}", made, SaveOptions(quality=100))
    result, changed = samples_of(tmp_path / f"out{suffix}"), where_changed(made)
    assert result.dtype == samples.dtype
    assert np.array_equal(result[~changed], samples[~changed])
    # A profile's own white may be a hair off (1, 1, 1).
    assert result[changed].min() >= 0.999 * np.iinfo(samples.dtype).max
    assert notes == ()
    written = pyvips.Image.new_from_file(str(tmp_path / f"out{suffix}"))
    if PROFILES[profile]:
        assert written.get("icc-profile-data") == PROFILES[profile]


spans = st.tuples(st.integers(0, 28), st.integers(0, 36), st.integers(1, 29), st.integers(1, 37))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(corners=st.lists(spans, max_size=8), piece=st.sampled_from([1, 5 * WIDTH * 3, 2**20]))
def test_any_boxes_and_pieces(tmp_path: Path, corners: list[tuple[int, int, int, int]], piece: int) -> None:
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    samples = stored(source, 8, False, False, PROFILES["adobe"])
    target.unlink(missing_ok=True)
    boxes = [Box(x, y, min(x + w, WIDTH), min(y + h, HEIGHT)) for x, y, w, h in corners]
    with pytest.MonkeyPatch.context() as monkey, open_reader(source) as reader:
        monkey.setattr("ganfx.files.source._REST_CHUNK_BYTES", piece)
        made = patches(reader, boxes)
        write(reader, target, made, SaveOptions())
    samples[where_changed(made)] = 255
    assert np.array_equal(samples_of(target), samples)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(corners=st.lists(spans, min_size=1, max_size=5), rising=st.booleans())
def test_any_crops_equal_those_of_the_whole(
    tmp_path: Path, corners: list[tuple[int, int, int, int]], rising: bool
) -> None:
    stored(tmp_path / "in.png", 16, True, False, PROFILES["prophoto"])
    whole = open_picture(tmp_path / "in.png")
    with open_reader(tmp_path / "in.png") as reader:
        for x, y, w, h in sorted(corners, key=lambda corner: corner[1]) if rising else corners:
            box = Box(x, y, min(x + w, WIDTH), min(y + h, HEIGHT))
            # How many pixels a matrix product is given decides about its last bit.
            np.testing.assert_allclose(reader.crop(box).rgb, whole.crop(box).rgb, atol=1e-6)
            assert np.array_equal(reader.crop(box).alpha, whole.crop(box).alpha)


@pytest.mark.parametrize(("suffix", "bits", "word"), [(".jpg", 8, "JPEG"), (".webp", 16, "WebP"), (".jpg", 16, "JPEG")])
def test_formats_that_cannot_hold_the_samples_get_the_nearest_and_say_so(
    tmp_path: Path, suffix: str, bits: int, word: str
) -> None:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / HEIGHT
    ramp = np.stack([y, x, y], -1) * (2**bits - 1)
    image = pyvips.Image.new_from_array(ramp.astype(np.uint8 if bits == 8 else np.uint16))
    image.copy(interpretation="srgb" if bits == 8 else "rgb16").pngsave(str(tmp_path / "in.png"))
    with open_reader(tmp_path / "in.png") as reader:
        made = patches(reader, [Box(0, 0, 9, 9)])
        notes = write(reader, tmp_path / f"out{suffix}", made, SaveOptions())
    assert any(f"{word} stores all pixels anew" in note for note in notes)
    result = samples_of(tmp_path / f"out{suffix}") / 255
    assert np.abs(result[16:, 16:] - ramp[16:, 16:] / (2**bits - 1)).mean() < 0.02


def test_transparency_is_put_on_the_background_where_there_is_no_place_for_it(tmp_path: Path) -> None:
    samples = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    pyvips.Image.new_from_array(samples).copy(interpretation="srgb").pngsave(str(tmp_path / "in.png"))
    with open_reader(tmp_path / "in.png") as reader:
        notes = write(reader, tmp_path / "out.jpg", [], SaveOptions(background=(255, 255, 255)))
    assert samples_of(tmp_path / "out.jpg").min() > 250
    assert any("no transparency" in note for note in notes)


def test_a_turned_photograph_is_retouched_upright(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    turned = pyvips.Image.new_from_array(np.ascontiguousarray(np.rot90(samples))).copy(interpretation="srgb")
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    turned.tiffsave(str(tmp_path / "in.tif"))
    with open_reader(tmp_path / "in.tif") as reader:
        made = patches(reader, BOXES)
        write(reader, tmp_path / "out.tif", made, SaveOptions())
    samples[where_changed(made)] = 255
    assert np.array_equal(samples_of(tmp_path / "out.tif"), samples)


def test_patches_are_asked_for_only_as_the_rows_need_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganfx.files.source._REST_CHUNK_BYTES", 1)
    stored(tmp_path / "in.png", 8, False, False, None)
    written: list[int] = []
    with open_reader(tmp_path / "in.png") as reader:
        original = reader.samples

        def counted() -> Iterator[NDArray[Any]]:
            for number, rows in enumerate(original()):
                written.append(number)
                yield rows

        monkeypatch.setattr(reader, "samples", counted)

        def lazily() -> Iterator[Patch]:
            for top in (0, 10, 20, 30):
                assert len(written) >= top - 10
                yield patch(reader, Box(0, top, 4, top + 4), top)

        write(reader, tmp_path / "out.png", lazily(), SaveOptions())


def test_a_filter_that_fails_leaves_no_file(tmp_path: Path) -> None:
    stored(tmp_path / "in.png", 8, False, False, None)

    def failing(reader: PictureReader) -> Iterator[Patch]:
        yield patch(reader, Box(0, 0, 4, 4), 0)
        raise EngineError("the device is gone")

    with open_reader(tmp_path / "in.png") as reader, pytest.raises(EngineError):
        write(reader, tmp_path / "out.png", failing(reader), SaveOptions())
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


@pytest.mark.parametrize(("suffix", "same"), [(".png", True), (".tif", False), (".jpg", False)])
def test_a_copy_is_the_same_bytes_in_the_same_format(tmp_path: Path, suffix: str, same: bool) -> None:
    samples = stored(tmp_path / "in.png", 16, True, False, PROFILES["adobe"])
    with open_reader(tmp_path / "in.png") as reader:
        copy_picture(reader, tmp_path / f"out{suffix}")
        with pytest.raises(OutputError, match="exists already"):
            copy_picture(reader, tmp_path / f"out{suffix}")
    assert ((tmp_path / f"out{suffix}").read_bytes() == (tmp_path / "in.png").read_bytes()) == same
    if suffix == ".tif":
        assert np.array_equal(samples_of(tmp_path / "out.tif"), samples)
