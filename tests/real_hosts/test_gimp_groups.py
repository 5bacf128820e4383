"""The GIMP plug-in on groups: their projection is filtered, and the result is a new layer above."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.real_hosts.gimp_host import GimpHost
from tests.real_hosts.gimp_pictures import FILTERS, Pixels, max_difference, raw
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
class GroupRun:
    """Pixels (H, W, 4) of a group's projection before and after, of the new layer, and of the selection (H, W, 1).

    reply: the driver's answer.
    """

    before: Pixels
    group: Pixels
    layer: Pixels
    selection: Pixels
    reply: dict[str, Any]


def run_on_group(
    gimp: GimpHost, picture: Path, name: str, folder: Path, first: str = "", then: str = "", values: str = ""
) -> GroupRun:
    """Run a filter on a group that contains a translucent layer, extends beyond the image and is itself in a group.

    `first` is executed before the group is created, `then` after it.
    """
    reply = gimp.do(f"""
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
result = call("ganfx-{name}", image, group, {values})
answer["message"] = result["message"]
if result["image"]:
    layer, below = result["image"].get_layers()[0].get_children()
    note("layer", layer)
    note("group", group)
    note("below", below)
    answer["names"] = [one.get_name() for one in (layer, below)]
    for name, one in ("layer", layer), ("below", below):
        answer[name + "_properties"] = [one.get_opacity(), one.get_mode().value_nick, one.get_mask() is not None]
        if one.get_mask():
            note(name + "_mask", one.get_mask(), "Y u8")
    answer["chosen"] = [one.get_name() for one in result["image"].get_selected_drawables()]
    answer["children"] = [one.get_name() for one in group.get_children()]
""")
    assert "layer" in reply, reply["message"]
    assert reply["names"] == [f"group ({name.capitalize()})", "group"]
    assert reply["chosen"] == reply["names"][:1]
    assert reply["children"] == ["Background copy #1", "Background copy"]
    channels = {"before": 4, "group": 4, "layer": 4, "selection": 1}
    return GroupRun(reply=reply, **{name: raw(folder / name, reply[name], count) for name, count in channels.items()})


def command_line(
    running_service: Service, shown: Pixels, folder: Path, name: str, words: list[str], mode: str = "RGBA"
) -> Pixels:
    """The result of the command line for a group's projection."""
    Image.fromarray(shown).convert(mode).save(folder / "shown.png")
    running_service.ganfx(name, folder / "shown.png", "-o", folder / "cli.png", *words)
    return np.asarray(Image.open(folder / "cli.png").convert("RGBA"))


def visible(pixels: Pixels) -> Pixels:
    """`pixels` with 0 where they are transparent, since colors are undefined there."""
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
def test_a_groups_projection_is_filtered_into_a_layer_above_it(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path, name: str, first: str, then: str
) -> None:
    run = run_on_group(gimp, photo, name, tmp_path, first, then)
    assert run.reply["layer"] == run.reply["group"] == run.reply["before"] == [177, 115, -9, 11]
    assert max_difference(run.group, run.before) == 0
    opacity, mode, masked = run.reply["below_properties"]
    assert run.reply["layer_properties"] == [opacity, mode.replace("pass-through", "normal"), masked]
    assert not masked or (tmp_path / "layer_mask").read_bytes() == (tmp_path / "below_mask").read_bytes()
    expected = command_line(
        running_service, run.before, tmp_path, name, FILTERS[name], "LA" if "gray" in first else "RGBA"
    )
    # Deeper images hold the translucent layer more precisely than the command line's 8 bits.
    assert max_difference(visible(run.layer), visible(expected)) <= (6 if "precision" in first else 0)
    assert max_difference(run.layer, run.before) > 8


def test_the_layer_is_transparent_outside_a_selection(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path
) -> None:
    run = run_on_group(gimp, photo, "stylize", tmp_path, then=SELECT)
    expected = command_line(running_service, run.before, tmp_path, "stylize", FILTERS["stylize"])
    weight = np.zeros((*run.layer.shape[:2], 1))
    weight[:85, 9:137] = run.selection[11:, :] / 255
    assert 0 < np.count_nonzero(weight == 0) < weight.size
    assert max_difference(run.layer[..., 3:], run.before[..., 3:] * weight) <= 1
    assert max_difference(visible(run.layer)[..., :3], np.where(run.layer[..., 3:] > 0, expected, 0)[..., :3]) == 0


@pytest.mark.parametrize(("name", "then", "values"), [("inpaint", SELECT, "grow=3"), ("heal", "", "")])
def test_the_layer_holds_only_what_was_filled(
    gimp: GimpHost, running_service: Service, old_photo: Path, tmp_path: Path, name: str, then: str, values: str
) -> None:
    run = run_on_group(gimp, old_photo, name, tmp_path, then=then + "\nlayer.set_visible(False)", values=values)
    words: list[str] = []
    if name == "inpaint":
        mask = np.zeros(run.layer.shape[:2], np.uint8)
        mask[: 160 - 11, 9:201] = run.selection[11:, :, 0]
        Image.fromarray(mask).save(tmp_path / "mask.png")
        words = ["--mask", str(tmp_path / "mask.png"), "--grow", "3"]
    expected = command_line(running_service, run.before, tmp_path, name, words)
    there = run.layer[..., 3] > 0
    assert 0 < there.sum() < there.size / 2
    assert max_difference(run.layer[there], expected[there]) == 0
    # Of what cannot be seen the command line may fill some, too.
    left = ~there & (run.before[..., 3] > 0)
    assert max_difference(run.before[left], expected[left]) == 0
    assert max_difference(run.before[there], expected[there]) > 8


@pytest.mark.parametrize(
    ("result", "selection", "rect"),
    [
        ("this", "", [354, 230, -18, 22]),
        ("this", SELECT, [354, 230, -18, 22]),
        ("new", "", [354, 230, -18, 22]),
        ("new", "image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 60, 60)", [120, 98, 0, 22]),
    ],
)
def test_enlarged_groups_equal_the_command_line(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path, result: str, selection: str, rect: list[int]
) -> None:
    values = f"model='photo-x2', result={result!r}"
    run = run_on_group(gimp, photo, "upscale", tmp_path, then=MASKED + selection, values=values)
    shown = run.before if rect[0] > 120 else run.before[:49, 9:69]
    expected = command_line(running_service, shown, tmp_path, "upscale", ["-n", "photo-x2"])
    assert run.reply["layer"] == run.reply["below"] == rect
    assert max_difference(visible(run.layer), visible(expected)) == 0
    assert run.reply["layer_properties"] == run.reply["below_properties"] == [70, "normal", True]
    assert (tmp_path / "layer_mask").read_bytes() == (tmp_path / "below_mask").read_bytes()


def test_groups_and_layers_can_be_filtered_together(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path
) -> None:
    run = run_on_group(gimp, photo, "stylize", tmp_path, then=SELECT, values="base")
    expected = command_line(running_service, run.before, tmp_path, "stylize", FILTERS["stylize"])
    full = np.zeros(run.layer.shape[:2], bool)
    full[:85, 9:137] = run.selection[11:, :, 0] == 255
    assert max_difference(visible(run.layer)[full], visible(expected)[full]) == 0
    running_service.ganfx("stylize", photo, "-o", tmp_path / "base.png", *FILTERS["stylize"])
    size = gimp.do(f"""answer = dump(base, {str(tmp_path / "base")!r}, "R'G'B' u8")""")
    base, weight = raw(tmp_path / "base", size, 3), run.selection[..., 0]
    for value, picture in (255, tmp_path / "base.png"), (0, photo):
        assert max_difference(base[weight == value], np.asarray(Image.open(picture))[weight == value]) == 0
