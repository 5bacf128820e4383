"""The GIMP plug-in on every kind of image: alpha, grey, indexed, 16 bit, float, linear, wide gamut."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests import profiles
from tests.real_hosts.gimp_host import GimpHost
from tests.real_hosts.gimp_pictures import FILTERS, Pixels, filtered, max_difference, pixels, raw
from tests.real_hosts.service import Service

pytestmark = pytest.mark.hosts


def kinds() -> dict[str, Pixels]:
    """Pictures of every kind, in BGR order."""
    y, x = np.mgrid[:60, :80].astype(np.float32)
    waves = [0.5 + 0.5 * np.sin(x / (3 + i) + y / (7 - i)) for i in range(3)]
    rgb = np.stack(waves, -1)
    alpha = np.clip((x + y) / 100, 0, 1)[..., None]
    both = np.concatenate([rgb, alpha], -1)
    return {
        "alpha": np.round(both * 255).astype(np.uint8),
        "grey": np.round(rgb[..., 0] * 255).astype(np.uint8),
        "16 bit": np.round(rgb * 65535).astype(np.uint16),
        "16 bit alpha": np.round(both * 65535).astype(np.uint16),
        "16 bit grey": np.round(rgb[..., 0] * 65535).astype(np.uint16),
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("alpha", "upscale"),
        ("alpha", "heal"),
        ("grey", "upscale"),
        ("grey", "stylize"),
        ("16 bit", "stylize"),
        ("16 bit alpha", "upscale"),
        ("16 bit grey", "colorize"),
    ],
)
def test_pictures_of_every_kind_equal_the_command_line(
    gimp: GimpHost, running_service: Service, tmp_path: Path, kind: str, name: str
) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), kinds()[kind])
    words, values = (["-n", "photo-x2"], "model='photo-x2'") if name == "upscale" else (FILTERS[name], "")
    running_service.ganfx(name, tmp_path / "in.png", "-o", tmp_path / "cli.png", *words)
    result = filtered(gimp, tmp_path / "in.png", name, tmp_path / "gimp.png", values=values)
    expected = pixels(tmp_path / "cli.png")
    assert result.dtype == expected.dtype
    if "alpha" in kind:
        # GIMP exports transparent pixels as black.
        expected = np.where(expected[..., 3:] > 0, expected, 0)
    assert max_difference(result, expected) == 0


def test_indexed_images_become_rgb(gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path) -> None:
    Image.open(photo).quantize(16).save(tmp_path / "indexed.png")
    Image.open(tmp_path / "indexed.png").convert("RGB").save(tmp_path / "rgb.png")
    running_service.ganfx("stylize", tmp_path / "rgb.png", "-o", tmp_path / "cli.png", "-n", "vangogh")
    result = filtered(gimp, tmp_path / "indexed.png", "stylize", tmp_path / "gimp.png")
    assert max_difference(result, pixels(tmp_path / "cli.png")) == 0
    assert gimp.do("answer = image.get_base_type() == Gimp.ImageBaseType.RGB")


@pytest.mark.parametrize("precision", ["U16_LINEAR", "FLOAT_LINEAR", "HALF_NON_LINEAR", "U8_PERCEPTUAL"])
def test_images_of_every_precision_give_the_same_colors(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path, precision: str
) -> None:
    running_service.ganfx("stylize", photo, "-o", tmp_path / "cli.png", "-n", "vangogh")
    before = f"image.convert_precision(Gimp.Precision.{precision})"
    filtered(gimp, photo, "stylize", tmp_path / "gimp.png", before)
    size = gimp.do(f"""answer = dump(image.get_layers()[0], {str(tmp_path / "dump")!r}, "R'G'B' u8")""")
    # 16-bit linear light and half floats are coarser than 8 bits in places.
    assert max_difference(raw(tmp_path / "dump", size, 3)[..., ::-1], pixels(tmp_path / "cli.png")) <= 1


def test_colors_outside_srgb_are_kept(gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path) -> None:
    wide = profiles.rgb_profile(profiles.DISPLAY_P3, profiles.srgb_curve())
    dull = np.asarray(Image.open(photo)) // 4 + 96
    dull[:32] = (0, 255, 0)
    Image.fromarray(dull).save(tmp_path / "wide.png", icc_profile=wide)
    running_service.ganfx("upscale", tmp_path / "wide.png", "-o", tmp_path / "cli.png", "-n", "photo-x2")
    result = filtered(gimp, tmp_path / "wide.png", "upscale", tmp_path / "gimp.png", values="model='photo-x2'")
    expected = pixels(tmp_path / "cli.png")
    assert max_difference(result, expected) <= 1
    # In sRGB, the nearest green has this much red.
    assert result[:50, :, 2].mean() < 117 / 2
