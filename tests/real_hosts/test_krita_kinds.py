"""The Krita plug-in on every kind of image and layer: grey, 16 bit, transparent, groups, other color spaces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.real_hosts.krita_host import KritaHost
from tests.real_hosts.krita_pictures import SRGB, activate, as_srgb, command_line, layer, pixels
from tests.real_hosts.service import Service

pytestmark = pytest.mark.hosts


@pytest.mark.parametrize(("mode", "filter_name"), [("I;16", "upscale"), ("L", "upscale"), ("L", "colorize")])
def test_grey_images(
    krita: KritaHost, running_service: Service, photo: Path, tmp_path: Path, mode: str, filter_name: str
) -> None:
    grey = np.asarray(Image.open(photo).convert("L"))
    source = tmp_path / "grey.png"
    Image.fromarray(grey if mode == "L" else grey.astype(np.uint16) * 257 + 3).save(source)
    model = ", model='Photo x2'" if filter_name == "upscale" else ""
    reply = krita.apply(f"load({str(source)!r}); apply({filter_name.capitalize()!r}{model})")
    krita.do(f"export({str(tmp_path / 'out.png')!r})")
    assert reply == "Done, in a new layer. Undo takes 2 steps"
    found, expected = layer(krita, tmp_path / "layer"), command_line(running_service, filter_name, source)
    assert found.dtype.itemsize == (1 if mode == "L" else 2)
    assert np.array_equal(found[..., :-1].squeeze(), expected)
    assert (found[..., -1] == np.iinfo(found.dtype).max).all()


def test_sixteen_bits(krita: KritaHost, running_service: Service, photo: Path, tmp_path: Path) -> None:
    import pyvips

    rng = np.random.default_rng(7)
    deep = pixels(photo).astype(np.uint16) * 257 + rng.integers(0, 200, (96, 128, 3), np.uint16)
    source = tmp_path / "deep.png"
    pyvips.Image.new_from_array(deep, interpretation="rgb16").write_to_file(str(source))
    reply = krita.apply(f"load({str(source)!r}); apply('Stylize')")
    assert reply == "Done, in a new layer"
    target = tmp_path / "cli.png"
    running_service.ganfx("stylize", source, "--output", target)
    expected = pyvips.Image.new_from_file(str(target)).numpy()
    assert expected.dtype == np.uint16
    assert np.array_equal(layer(krita, tmp_path / "layer")[..., :3], expected)


def test_transparency_stays(krita: KritaHost, running_service: Service, photo: Path, tmp_path: Path) -> None:
    alpha = np.tile(np.linspace(1, 255, 128).astype(np.uint8), (96, 1))
    source = tmp_path / "clear.png"
    Image.fromarray(np.dstack([pixels(photo), alpha])).save(source)
    reply = krita.apply(f"load({str(source)!r}); apply('Upscale', 'The active layer', model='Photo x2')")
    assert reply == "Done, in a new layer. Undo takes 2 steps"
    assert np.array_equal(layer(krita, tmp_path / "layer"), command_line(running_service, "upscale", source))


def test_layer_that_reaches_over_the_edge(
    krita: KritaHost, running_service: Service, photo: Path, tmp_path: Path
) -> None:
    """Of a layer partly outside the canvas, the inside is filtered, and the result has its position."""
    rng = np.random.default_rng(3)
    small = rng.integers(0, 255, (50, 60, 4), np.uint8)
    small[..., 3] = 255
    krita.apply(f"""
d = load({str(photo)!r})
layer(d, "small", bytes.fromhex({small[..., [2, 1, 0, 3]].tobytes().hex()!r}), -20, 66, 60, 50).setLocked(True)
""")
    activate(krita, "small")
    assert krita.apply("apply('Stylize', 'The active layer')") == "Done, in a new layer"
    assert krita.do("answer = layers()") == ["Background", "small", "Stylize: Vangogh"]
    assert krita.do("answer = top().bounds().getRect()") == [0, 66, 40, 30]
    Image.fromarray(small[:30, 20:, :3]).save(tmp_path / "inside.png")
    expected = command_line(running_service, "stylize", tmp_path / "inside.png")
    assert np.array_equal(layer(krita, tmp_path / "layer")[..., :3], expected)
    before = layer(krita, tmp_path / "before", "app.activeDocument().nodeByName('small')")
    assert np.array_equal(before, small)


def test_group_is_taken_as_it_shows(krita: KritaHost, running_service: Service, photo: Path, tmp_path: Path) -> None:
    red, half = bytes([0, 0, 255, 255]).hex(), bytes([255, 255, 255, 128]).hex()
    krita.do(f"""
d = load({str(photo)!r})
group = d.createGroupLayer("group")
d.rootNode().addChildNode(group, top())
layer(d, "red", bytes.fromhex({red!r}) * 3200, 10, 20, 80, 40, group)
layer(d, "half", bytes.fromhex({half!r}) * 1600, 30, 20, 40, 40, group)
""")
    activate(krita, "group")
    shown = layer(krita, tmp_path / "group")
    assert {tuple(color) for color in shown[0]} == {(255, 0, 0, 255), (255, 128, 128, 255)}
    assert krita.apply("apply('Stylize', 'The active layer')") == "Done, in a new layer"
    assert krita.do("answer = layers()") == ["Background", "group", "Stylize: Vangogh"]
    Image.fromarray(shown).save(tmp_path / "group.png")
    assert np.array_equal(
        layer(krita, tmp_path / "layer"), command_line(running_service, "stylize", tmp_path / "group.png")
    )


@pytest.mark.parametrize(
    ("model", "depth", "profile"),
    [
        ("RGBA", "F32", "sRGB-elle-V2-g10.icc"),
        ("RGBA", "F16", "sRGB-elle-V2-srgbtrc.icc"),
        ("RGBA", "U16", "ClayRGB-elle-V2-g22.icc"),
        ("GRAYA", "U16", "Gray-D50-elle-V2-g10.icc"),
        ("LABA", "U16", "Lab identity built-in"),
        ("CMYKA", "U8", "Chemical proof"),
    ],
)
def test_other_color_spaces_go_there_and_back(
    krita: KritaHost, running_service: Service, photo: Path, tmp_path: Path, model: str, depth: str, profile: str
) -> None:
    """Stylize with strength 0 changes nothing: the new layer has the colors of the old one."""
    krita.do(f"""
d = load({str(photo)!r})
d.setColorSpace({model!r}, {depth!r}, {profile!r})
d.waitForDone()
""")
    before = as_srgb(krita, tmp_path / "before.png")
    assert krita.apply("apply('Stylize', strength=0.0)").startswith("Done, in a new layer")
    space = krita.do(f"answer = dump(top(), {str(tmp_path / 'layer')!r})['space']")
    assert space == [model if model != "GRAYA" else "RGBA", depth, profile if model != "GRAYA" else SRGB]
    difference = np.abs(before - as_srgb(krita, tmp_path / "after.png"))
    # Krita's only CMYK profile is not invertible: grey 128 becomes 116 without any filter.
    assert difference.max() <= 1 if model != "CMYKA" else difference.mean() < 10
    assert before.std() > 20
    assert krita.do("answer = len(app.documents())") == 1
