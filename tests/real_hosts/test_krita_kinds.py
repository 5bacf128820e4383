"""The Krita plug-in on images and layers of every kind: grey, deep, clear, grouped, in other colors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.real_hosts.krita_host import KritaHost
from tests.real_hosts.krita_pictures import SRGB, activate, command_line, layer, looks, pixels
from tests.real_hosts.service import Service

pytestmark = pytest.mark.hosts


@pytest.mark.parametrize(("mode", "filter_name"), [("I;16", "upscale"), ("L", "upscale"), ("L", "colorize")])
def test_grey_images(
    krita: KritaHost, engine: Service, photo: Path, tmp_path: Path, mode: str, filter_name: str
) -> None:
    grey = np.asarray(Image.open(photo).convert("L"))
    source = tmp_path / "grey.png"
    Image.fromarray(grey if mode == "L" else grey.astype(np.uint16) * 257 + 3).save(source)
    model = ", model='Photo x2'" if filter_name == "upscale" else ""
    said = krita.apply(f"load({str(source)!r}); apply({filter_name.capitalize()!r}{model})")
    krita.do(f"export({str(tmp_path / 'out.png')!r})")
    assert said == "Done, in a new layer. Undo takes 2 steps"
    found, expected = layer(krita, tmp_path / "layer"), command_line(engine, filter_name, source)
    assert found.dtype.itemsize == (1 if mode == "L" else 2)
    assert np.array_equal(found[..., :-1].squeeze(), expected)
    assert (found[..., -1] == np.iinfo(found.dtype).max).all()


def test_sixteen_bits(krita: KritaHost, engine: Service, photo: Path, tmp_path: Path) -> None:
    import pyvips

    rng = np.random.default_rng(7)
    deep = pixels(photo).astype(np.uint16) * 257 + rng.integers(0, 200, (96, 128, 3), np.uint16)
    source = tmp_path / "deep.png"
    pyvips.Image.new_from_array(deep, interpretation="rgb16").write_to_file(str(source))
    said = krita.apply(f"load({str(source)!r}); apply('Stylize')")
    assert said == "Done, in a new layer"
    target = tmp_path / "by-hand.png"
    engine.ganfx("stylize", source, "--output", target)
    expected = pyvips.Image.new_from_file(str(target)).numpy()
    assert expected.dtype == np.uint16
    assert np.array_equal(layer(krita, tmp_path / "layer")[..., :3], expected)


def test_transparency_stays(krita: KritaHost, engine: Service, photo: Path, tmp_path: Path) -> None:
    alpha = np.tile(np.linspace(1, 255, 128).astype(np.uint8), (96, 1))
    source = tmp_path / "clear.png"
    Image.fromarray(np.dstack([pixels(photo), alpha])).save(source)
    said = krita.apply(f"load({str(source)!r}); apply('Upscale', 'The active layer', model='Photo x2')")
    assert said == "Done, in a new layer. Undo takes 2 steps"
    assert np.array_equal(layer(krita, tmp_path / "layer"), command_line(engine, "upscale", source))


def test_layer_that_reaches_over_the_edge(krita: KritaHost, engine: Service, photo: Path, tmp_path: Path) -> None:
    """A small layer, half outside: what is inside is worked on, and comes to lie where it was."""
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
    expected = command_line(engine, "stylize", tmp_path / "inside.png")
    assert np.array_equal(layer(krita, tmp_path / "layer")[..., :3], expected)
    before = layer(krita, tmp_path / "before", "app.activeDocument().nodeByName('small')")
    assert np.array_equal(before, small)


def test_group_is_taken_as_it_shows(krita: KritaHost, engine: Service, photo: Path, tmp_path: Path) -> None:
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
    assert np.array_equal(layer(krita, tmp_path / "layer"), command_line(engine, "stylize", tmp_path / "group.png"))


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
    krita: KritaHost, engine: Service, photo: Path, tmp_path: Path, model: str, depth: str, profile: str
) -> None:
    """A painting of strength 0 is the photograph: the new layer looks as the old one does."""
    krita.do(f"""
d = load({str(photo)!r})
d.setColorSpace({model!r}, {depth!r}, {profile!r})
d.waitForDone()
""")
    before = looks(krita, tmp_path / "before.png")
    assert krita.apply("apply('Stylize', strength=0.0)").startswith("Done, in a new layer")
    space = krita.do(f"answer = dump(top(), {str(tmp_path / 'layer')!r})['space']")
    assert space == [model if model != "GRAYA" else "RGBA", depth, profile if model != "GRAYA" else SRGB]
    difference = np.abs(before - looks(krita, tmp_path / "after.png"))
    # Krita's one profile for ink does not lead back to where it leads from: grey of 128 becomes 116 by itself.
    assert difference.max() <= 1 if model != "CMYKA" else difference.mean() < 10
    assert before.std() > 20
    assert krita.do("answer = len(app.documents())") == 1
