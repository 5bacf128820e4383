"""The fidelity matrix: format x depth x alpha x color profile x EXIF x orientation, all at once."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from ganfx.files import SaveOptions, open_picture, save_picture
from ganfx.files.formats import FORMATS, Format
from tests import profiles

PROFILES = {
    "untagged": None,
    "srgb": profiles.rgb_profile(profiles.SRGB, profiles.srgb_curve()),
    "p3": profiles.rgb_profile(profiles.DISPLAY_P3, profiles.srgb_curve()),
    "grey": profiles.grey_profile(profiles.gamma_curve(2.2)),
}
HOLDERS = [form for form in FORMATS if form.is_written and form.name != "GIF"]
# Of colors in [0, 1]; Radiance HDR has one exponent for all three.
TOLERANCES = {"JPEG": 0.05, "Radiance HDR": 0.06}
CASES = [
    case
    for case in itertools.product((8, 16), (False, True), (False, True), PROFILES, (None, 1, 6))
    if (case[3] == "grey") <= case[2] and (case[3] in ("srgb", "p3")) <= (not case[2])
]


def make(
    path: Path, size: tuple[int, int], bits: int, alpha: bool, grey: bool, icc: bytes | None, orientation: int | None
) -> np.ndarray:
    """Write a TIFF or PNG of `size` by libvips and return its upright samples."""
    full = 2**bits - 1
    width, height = size
    y, x = np.mgrid[0:height, 0:width] / width
    channels = [x] if grey else [x, y, 0.9 - 0.8 * x]
    samples = np.rint(np.stack([*channels, *([0.5 + y / 2] if alpha else [])], -1) * full)
    stored = samples.astype(np.uint8 if bits == 8 else np.uint16)
    turned = np.ascontiguousarray(np.rot90(stored) if orientation == 6 else stored)
    space = ("b-w" if bits == 8 else "grey16") if grey else ("srgb" if bits == 8 else "rgb16")
    image = pyvips.Image.new_from_array(turned).copy(interpretation=space)
    if icc:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    if orientation:
        exif = Image.Exif()
        exif[0x010F], exif[0x0112] = "Acme", orientation
        image.set_type(pyvips.GValue.blob_type, "exif-data", exif.tobytes())
        image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.pngsave(str(path), keep="icc|exif" if orientation else "icc")
    return stored


@pytest.mark.parametrize("form", HOLDERS, ids=lambda form: form.name)
def test_everything_at_once(tmp_path: Path, form: Format) -> None:
    source, target = tmp_path / "in.png", tmp_path / f"out{form.suffixes[0]}"
    # Smaller ones are not written with 16 bits.
    size = (60, 36) if form.name == "JPEG 2000" else (20, 12)
    for case in CASES:
        bits, alpha, grey, name, orientation = case
        samples = make(source, size, bits, alpha, grey, PROFILES[name], orientation)
        picture = open_picture(source)
        notes = save_picture(picture, target, overwrite=True, options=SaveOptions(quality=100))
        back = open_picture(target)
        assert (back.width, back.height) == size, case
        assert back.info.bits == max(form.least, min(bits, 16 if form.bits > 8 else 8)), case
        assert back.info.grey == (grey and form.grey), case
        assert back.has_alpha == (alpha and form.alpha), case
        assert ("exif" in back.info.metadata) == (bool(orientation) and "exif" in form.keeps), case
        _check_profile(back.info.metadata.get("icc"), name, form, case, notes)
        if form.bits >= bits and not alpha and form.quality is None and isinstance(form.saver, str):
            stored = pyvips.Image.new_from_file(str(target), revalidate=True)
            exact = np.asarray(stored).reshape(*size[::-1], -1).astype(int) - samples
            assert np.abs(exact).max() <= (0 if bits == 8 else 2), case
        expected = picture.rgb if back.has_alpha or not alpha else _on_white(picture)
        if "icc" not in form.keeps and form.bits != 32:
            expected = np.clip(expected, 0, 1)
        if form.name == "Radiance HDR":
            expected = np.maximum(expected, 0)
        assert np.abs(back.rgb - expected).max() < TOLERANCES.get(form.name, 0.011), case
        assert bool(notes) == _must_lose_something(form, case), (case, notes)


def _on_white(picture: object) -> np.ndarray:
    alpha = picture.alpha[..., None]  # type: ignore[attr-defined]
    return picture.rgb * alpha + 1 - alpha  # type: ignore[attr-defined, no-any-return]


def _check_profile(found: bytes | None, name: str, form: Format, case: object, notes: tuple[str, ...]) -> None:
    if "icc" not in form.keeps:
        assert found is None, case
    elif name == "grey" and not form.grey:
        assert any("sRGB" in note for note in notes), case
    else:
        assert found == PROFILES[name], case


def _must_lose_something(form: Format, case: tuple[int, bool, bool, str, int | None]) -> bool:
    bits, alpha, _, name, orientation = case
    lost_profile = name in ("p3", "grey") and "icc" not in form.keeps
    lost_exif = bool(orientation) and "exif" not in form.keeps
    lost_grey = name == "grey" and not form.grey
    return bits > form.bits or (alpha and not form.alpha) or lost_grey or lost_profile or lost_exif
