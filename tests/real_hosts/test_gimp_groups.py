"""The GIMP plug-in on groups: what one shows goes through the filter, and comes to lie in a new layer above it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.real_hosts.gimp_host import GimpHost
from tests.real_hosts.gimp_pictures import FILTERS, Pixels, most, raw
from tests.real_hosts.service import Service

pytestmark = pytest.mark.hosts

SELECT = "image.select_ellipse(Gimp.ChannelOps.REPLACE, 30, 30, 60, 50); Gimp.Selection.feather(image, 9)"
MASKED = """
group.set_opacity(70)
group.add_mask(group.create_mask(Gimp.AddMaskType.ALPHA))
"""
INDEXED = """
image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 32, False, False, "")
"""


@dataclass
class Done:
    """What GIMP did to a group: pixels (H, W, 4) that it showed before and shows after, and those of the layer above.

    told: what the driver answered.
    """

    before: Pixels
    group: Pixels
    layer: Pixels
    selection: Pixels
    told: dict[str, Any]


def worked(
    gimp: GimpHost, picture: Path, name: str, folder: Path, first: str = "", then: str = "", values: str = ""
) -> Done:
    """A filter run on a group of a translucent and another layer, which reaches over the image and lies in another one.

    `first` is done to the image without it, `then` to it.
    """
    told = gimp.do(f"""
image = load({str(picture)!r})
{first}
base = image.get_layers()[0]
outer, group = (Gimp.GroupLayer.new(image, name) for name in ("outer", "group"))
image.insert_layer(outer, None, 0)
image.insert_layer(group, outer, 0)
for opacity, left, top in (100, -9, 11), (60, 40, 30):
    layer = base.copy()
    image.insert_layer(layer, group, 0)
    layer.add_alpha()
    layer.set_opacity(opacity)
    layer.set_offsets(left, top)
{then}
answer = {{}}
def note(name, drawable, form="R'G'B'A u8"):
    answer[name] = dump(drawable, {str(folder)!r} + "/" + name, form)
note("before", group)
note("selection", image.get_selection(), "Y u8")
made = call("ganfx-{name}", image, group, {values})
answer["said"] = made["said"]
if made["image"]:
    layer, below = made["image"].get_layers()[0].get_children()
    note("layer", layer)
    note("group", group)
    note("below", below)
    answer["names"] = [one.get_name() for one in (layer, below)]
    for name, one in ("layer", layer), ("below", below):
        answer[name + "_looks"] = [one.get_opacity(), one.get_mode().value_nick, one.get_mask() is not None]
        if one.get_mask():
            note(name + "_mask", one.get_mask(), "Y u8")
    answer["chosen"] = [one.get_name() for one in made["image"].get_selected_drawables()]
    answer["children"] = [one.get_name() for one in group.get_children()]
""")
    assert "layer" in told, told["said"]
    assert told["names"] == [f"group ({name.capitalize()})", "group"]
    assert told["chosen"] == told["names"][:1]
    assert told["children"] == ["Background copy #1", "Background copy"]
    channels = {"before": 4, "group": 4, "layer": 4, "selection": 1}
    return Done(told=told, **{name: raw(folder / name, told[name], count) for name, count in channels.items()})


def by_hand(engine: Service, shown: Pixels, folder: Path, name: str, words: list[str], mode: str = "RGBA") -> Pixels:
    """What the command line makes of what a group showed."""
    Image.fromarray(shown).convert(mode).save(folder / "shown.png")
    engine.ganfx(name, folder / "shown.png", "-o", folder / "cli.png", *words)
    return np.asarray(Image.open(folder / "cli.png").convert("RGBA"))


def seen(pixels: Pixels) -> Pixels:
    """Colors of what is wholly transparent are nobody's."""
    return np.where(pixels[..., 3:] > 0, pixels, 0)


@pytest.mark.parametrize(
    ("name", "first", "then"),
    [
        ("stylize", "", MASKED + "group.set_mode(Gimp.LayerMode.SCREEN)"),
        ("stylize", INDEXED, ""),
        ("stylize", "image.convert_precision(Gimp.Precision.FLOAT_LINEAR)", ""),
        ("colorize", "image.convert_grayscale()", "group.set_mode(Gimp.LayerMode.PASS_THROUGH)"),
        ("colorize", "image.convert_precision(Gimp.Precision.U16_NON_LINEAR)", "layer.set_lock_content(True)"),
    ],
)
def test_what_a_group_shows_is_filtered_into_a_layer_above_it(
    gimp: GimpHost, engine: Service, photo: Path, tmp_path: Path, name: str, first: str, then: str
) -> None:
    done = worked(gimp, photo, name, tmp_path, first, then)
    assert done.told["layer"] == done.told["group"] == done.told["before"] == [177, 115, -9, 11]
    assert most(done.group, done.before) == 0
    opacity, mode, masked = done.told["below_looks"]
    assert done.told["layer_looks"] == [opacity, mode.replace("pass-through", "normal"), masked]
    assert not masked or (tmp_path / "layer_mask").read_bytes() == (tmp_path / "below_mask").read_bytes()
    expected = by_hand(engine, done.before, tmp_path, name, FILTERS[name], "LA" if "gray" in first else "RGBA")
    # Deeper images hold more of the translucent layer than the command line's 8 bits.
    assert most(seen(done.layer), seen(expected)) <= (6 if "precision" in first else 0)
    assert most(done.layer, done.before) > 8


def test_outside_of_a_selection_the_layer_is_clear(
    gimp: GimpHost, engine: Service, photo: Path, tmp_path: Path
) -> None:
    done = worked(gimp, photo, "stylize", tmp_path, then=SELECT)
    expected = by_hand(engine, done.before, tmp_path, "stylize", FILTERS["stylize"])
    weight = np.zeros((*done.layer.shape[:2], 1))
    weight[:85, 9:137] = done.selection[11:, :] / 255
    assert 0 < np.count_nonzero(weight == 0) < weight.size
    assert most(done.layer[..., 3:], done.before[..., 3:] * weight) <= 1
    assert most(seen(done.layer)[..., :3], np.where(done.layer[..., 3:] > 0, expected, 0)[..., :3]) == 0


@pytest.mark.parametrize(("name", "then", "values"), [("inpaint", SELECT, "grow=3"), ("heal", "", "")])
def test_of_what_was_mended_the_layer_holds_that_alone(
    gimp: GimpHost, engine: Service, old_photo: Path, tmp_path: Path, name: str, then: str, values: str
) -> None:
    done = worked(gimp, old_photo, name, tmp_path, then=then + "\nlayer.set_visible(False)", values=values)
    words: list[str] = []
    if name == "inpaint":
        mask = np.zeros(done.layer.shape[:2], np.uint8)
        mask[: 160 - 11, 9:201] = done.selection[11:, :, 0]
        Image.fromarray(mask).save(tmp_path / "mask.png")
        words = ["--mask", str(tmp_path / "mask.png"), "--grow", "3"]
    expected = by_hand(engine, done.before, tmp_path, name, words)
    there = done.layer[..., 3] > 0
    assert 0 < there.sum() < there.size / 2
    assert most(done.layer[there], expected[there]) == 0
    assert most(done.before[~there], expected[~there]) == 0
    assert most(done.before[there], expected[there]) > 8


@pytest.mark.parametrize(
    ("result", "selected", "place"),
    [
        ("this", "", [354, 230, -18, 22]),
        ("this", SELECT, [354, 230, -18, 22]),
        ("new", "", [354, 230, -18, 22]),
        ("new", "image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 60, 60)", [120, 98, 0, 22]),
    ],
)
def test_enlarged_groups_lie_below_what_the_command_line_makes_of_them(
    gimp: GimpHost, engine: Service, photo: Path, tmp_path: Path, result: str, selected: str, place: list[int]
) -> None:
    values = f"model='photo-x2', result={result!r}"
    done = worked(gimp, photo, "upscale", tmp_path, then=MASKED + selected, values=values)
    shown = done.before if place[0] > 120 else done.before[:49, 9:69]
    expected = by_hand(engine, shown, tmp_path, "upscale", ["-n", "photo-x2"])
    assert done.told["layer"] == done.told["below"] == place
    assert most(seen(done.layer), seen(expected)) == 0
    assert done.told["layer_looks"] == done.told["below_looks"] == [70, "normal", True]
    assert (tmp_path / "layer_mask").read_bytes() == (tmp_path / "below_mask").read_bytes()


def test_groups_and_layers_are_worked_on_together(gimp: GimpHost, engine: Service, photo: Path, tmp_path: Path) -> None:
    done = worked(gimp, photo, "stylize", tmp_path, then=SELECT, values="base")
    expected = by_hand(engine, done.before, tmp_path, "stylize", FILTERS["stylize"])
    full = np.zeros(done.layer.shape[:2], bool)
    full[:85, 9:137] = done.selection[11:, :, 0] == 255
    assert most(seen(done.layer)[full], seen(expected)[full]) == 0
    engine.ganfx("stylize", photo, "-o", tmp_path / "base.png", *FILTERS["stylize"])
    size = gimp.do(f"""answer = dump(base, {str(tmp_path / "base")!r}, "R'G'B' u8")""")
    base, weight = raw(tmp_path / "base", size, 3), done.selection[..., 0]
    for value, picture in (255, tmp_path / "base.png"), (0, photo):
        assert most(base[weight == value], np.asarray(Image.open(picture))[weight == value]) == 0
