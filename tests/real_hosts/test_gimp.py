"""The GIMP plug-in in the real GIMP, with the real service and the shipped networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.real_hosts.gimp_host import GimpHost
from tests.real_hosts.gimp_pictures import FILTERS, filtered, max_difference, pixels, raw
from tests.real_hosts.service import Service

pytestmark = pytest.mark.hosts


def test_every_filter_that_has_a_network_is_in_the_menu(gimp: GimpHost, service: Service) -> None:
    from ganfx.filters import all_filters
    from ganfx.hub import bundled_names

    found = gimp.do("""
pdb = Gimp.get_pdb()
names = [name for name in pdb.query_procedures("ganfx-.*", *[".*"] * 7)]
answer = {name: pdb.lookup_procedure(name).get_menu_paths() for name in names}
""")
    shown = [name for name, filter_ in all_filters().items() if bundled_names(filter_.model_task)]
    assert found == {f"ganfx-{name}": ["<Image>/Filters/GANFX"] for name in shown}


@pytest.mark.parametrize("name", FILTERS)
def test_a_whole_picture_equals_the_command_line(
    gimp: GimpHost, running_service: Service, photo: Path, old_photo: Path, tmp_path: Path, name: str
) -> None:
    picture = old_photo if name == "heal" else photo
    running_service.ganfx(name, picture, "-o", tmp_path / "cli.png", *FILTERS[name])
    result = filtered(gimp, picture, name, tmp_path / "gimp.png")
    assert max_difference(result, pixels(tmp_path / "cli.png")) == 0
    assert max_difference(result, pixels(picture)) > 8


@pytest.mark.parametrize("name", FILTERS)
def test_pixels_outside_a_selection_stay_and_its_feather_blends(
    gimp: GimpHost, running_service: Service, photo: Path, old_photo: Path, tmp_path: Path, name: str
) -> None:
    picture = old_photo if name == "heal" else photo
    running_service.ganfx(name, picture, "-o", tmp_path / "cli.png", *FILTERS[name])
    select = f"""
image.select_ellipse(Gimp.ChannelOps.REPLACE, 20, 10, 90, 70)
Gimp.Selection.feather(image, 12)
size = dump(image.get_selection(), {str(tmp_path / "selection")!r}, "Y u8")
"""
    result = filtered(gimp, picture, name, tmp_path / "gimp.png", select)
    before, after = pixels(picture).astype(float), pixels(tmp_path / "cli.png").astype(float)
    weight = raw(tmp_path / "selection", [before.shape[1], before.shape[0]], 1)[..., 0]
    assert {0, 255} < set(np.unique(weight))
    assert max_difference(result[weight == 0], before[weight == 0]) == 0
    assert max_difference(result[weight == 255], after[weight == 255]) == 0
    # GIMP blends in linear light: the result is between the two.
    assert (result >= np.minimum(before, after) - 1).all()
    assert (result <= np.maximum(before, after) + 1).all()


@pytest.mark.parametrize("feather", [0, 10])
def test_inpaint_uses_the_selection_as_its_mask(
    gimp: GimpHost, running_service: Service, shared_data: Path, tmp_path: Path, feather: int
) -> None:
    # Wide enough that only a part of it is sent.
    with Image.open(shared_data / "eval" / "Set14" / "img_011.png") as source:
        source.convert("RGB").resize((1300, 600)).save(tmp_path / "large.png")
    select = f"""
image.select_ellipse(Gimp.ChannelOps.REPLACE, 1101, 203, 60, 50)
Gimp.Selection.feather(image, {feather}) if {feather} else None
size = dump(image.get_selection(), {str(tmp_path / "selection")!r}, "Y u8")
"""
    result = filtered(gimp, tmp_path / "large.png", "inpaint", tmp_path / "gimp.png", select, "grow=3")
    mask = raw(tmp_path / "selection", [1300, 600], 1)[..., 0]
    Image.fromarray(mask).save(tmp_path / "mask.png")
    running_service.ganfx(
        "inpaint", tmp_path / "large.png", "--mask", tmp_path / "mask.png", "-o", tmp_path / "cli.png", "--grow", "3"
    )
    assert max_difference(result, pixels(tmp_path / "cli.png")) == 0
    assert max_difference(result, pixels(tmp_path / "large.png")) > 0
    assert gimp.do(f"""
after = dump(image.get_selection(), {str(tmp_path / "kept")!r}, "Y u8")
answer = [layer.get_name() for layer in image.get_selected_layers()], len(image.get_channels())
""") == [["Background"], 0]
    assert (tmp_path / "kept").read_bytes() == (tmp_path / "selection").read_bytes()


@pytest.mark.parametrize("result", ["new", "this"])
def test_upscaling_makes_a_new_image_or_enlarges_this_one(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path, result: str
) -> None:
    running_service.ganfx("upscale", photo, "-o", tmp_path / "cli.png", "-n", "photo-x2")
    values = f"model='photo-x2', result={result!r}"
    enlarged = filtered(gimp, photo, "upscale", tmp_path / "gimp.png", values=values)
    assert max_difference(enlarged, pixels(tmp_path / "cli.png")) == 0
    size = gimp.do("answer = image.get_width(), answer['image'] == image")
    assert size == ([256, True] if result == "this" else [128, False])


def test_upscaling_with_a_selection_gives_a_new_image_of_what_is_selected(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path
) -> None:
    Image.open(photo).crop((10, 20, 70, 60)).save(tmp_path / "crop.png")
    running_service.ganfx("upscale", tmp_path / "crop.png", "-o", tmp_path / "cli.png", "-n", "photo-x2")
    select = "image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 20, 60, 40)"
    result = filtered(gimp, photo, "upscale", tmp_path / "gimp.png", select, "model='photo-x2', result='new'")
    assert max_difference(result, pixels(tmp_path / "cli.png")) == 0
    assert gimp.do("""
fresh = [one for one in Gimp.get_images() if one.get_width() == 120][-1]
answer = Gimp.Selection.is_empty(fresh), fresh.undo_is_enabled(), image.get_width()
""") == [True, True, 128]


def test_enlarging_an_image_keeps_its_layers_masks_and_selection(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path
) -> None:
    reply = gimp.do(f"""
image = load({str(photo)!r})
base = image.get_layers()[0]
group = Gimp.GroupLayer.new(image, "group")
image.insert_layer(group, None, 0)
layer = base.copy()
layer.add_alpha()
image.insert_layer(layer, group, 0)
layer.scale(60, 40, False)
layer.set_offsets(-7, 80)
layer.add_mask(layer.create_mask(Gimp.AddMaskType.BLACK))
image.select_rectangle(Gimp.ChannelOps.REPLACE, 3, 5, 30, 20)
before = dump(layer, {str(tmp_path / "before")!r}, "R'G'B'A u8")
result = call("ganfx-upscale", image, layer, model="photo-x2", result="this")
answer = [
    result["status"],
    result["message"],
    dump(layer, {str(tmp_path / "after")!r}, "R'G'B'A u8"),
    [layer.get_mask().get_width(), base.get_width(), image.get_width()],
    Gimp.Selection.bounds(image)[2:],
]
""")
    assert reply[0] == "success", reply[1]
    assert reply[2:4] == [[120, 80, -14, 160], [120, 256, 256]]
    # GIMP smooths the selection as it scales it.
    assert max_difference(np.array(reply[4]), np.array([6, 10, 66, 50])) <= 1
    Image.fromarray(raw(tmp_path / "before", [60, 40], 4)).save(tmp_path / "layer.png")
    running_service.ganfx("upscale", tmp_path / "layer.png", "-o", tmp_path / "cli.png", "-n", "photo-x2")
    assert max_difference(raw(tmp_path / "after", [120, 80], 4), np.asarray(Image.open(tmp_path / "cli.png"))) == 0


def test_several_layers_with_offsets_are_filtered_in_place(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path
) -> None:
    reply = gimp.do(f"""
image = load({str(photo)!r})
base = image.get_layers()[0]
layers = []
for left, top in (-30, 50), (90, -20):
    layer = base.copy()
    layer.add_alpha()
    image.insert_layer(layer, None, 0)
    layer.set_offsets(left, top)
    layers.append(layer)
layers[0].add_mask(layers[0].create_mask(Gimp.AddMaskType.WHITE))
layers[1].set_lock_alpha(True)
layers[1].set_visible(False)
result = call("ganfx-stylize", image, *layers)
answer = [result["status"], result["message"]]
for number, layer in enumerate([base, *layers]):
    answer.append(dump(layer, {str(tmp_path / "dump")!r} + str(number), "R'G'B' u8"))
""")
    assert reply[0] == "success", reply[1]
    assert reply[2:] == [[128, 96, 0, 0], [128, 96, -30, 50], [128, 96, 90, -20]]
    running_service.ganfx("stylize", photo, "-o", tmp_path / "cli.png", "-n", "vangogh")
    expected = [pixels(photo), *[pixels(tmp_path / "cli.png")] * 2]
    for number, size in enumerate(reply[2:]):
        assert max_difference(raw(tmp_path / f"dump{number}", size, 3)[..., ::-1], expected[number]) == 0


def test_candidates_are_layers_above_the_picture_which_stays_as_it_is(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path
) -> None:
    reply = gimp.do(f"""
image = load({str(photo)!r})
base = image.get_layers()[0]
image.select_ellipse(Gimp.ChannelOps.REPLACE, 30, 20, 60, 50)
size = dump(image.get_selection(), {str(tmp_path / "selection")!r}, "Y u8")
result = call("ganfx-inpaint", image, candidates=3, seed=4)
layers = image.get_layers()
answer = [
    result["status"],
    result["message"],
    [[layer.get_name(), layer.get_visible()] for layer in layers],
    [dump(layer, {str(tmp_path)!r} + "/" + layer.get_name(), "R'G'B'A u8") for layer in layers],
]
for layer in layers[:3]:
    layer.set_visible(layer == layers[1])
export(image, {str(tmp_path / "second.png")!r})
""")
    assert reply[0] == "success", reply[1]
    assert reply[2] == [["Inpaint 1", True], ["Inpaint 2", False], ["Inpaint 3", False], [reply[2][3][0], True]]
    mask = raw(tmp_path / "selection", [128, 96], 1)[..., 0]
    Image.fromarray(mask).save(tmp_path / "mask.png")
    words = ("inpaint", photo, "--mask", tmp_path / "mask.png", "--seed", "4", "--candidates", "3")
    running_service.ganfx(*words, "-o", tmp_path / "cli.png")
    for number in (1, 2, 3):
        layer, expected = raw(tmp_path / f"Inpaint {number}", [128, 96], 4), pixels(tmp_path / f"cli-{number}.png")
        seen = layer[..., 3] > 0
        assert seen[mask > 0].all()
        assert max_difference(layer[seen][:, 2::-1], expected[seen]) == 0
    assert max_difference(pixels(tmp_path / "second.png")[..., :3], pixels(tmp_path / "cli-2.png")) == 0
    original = raw(tmp_path / reply[2][3][0], [128, 96], 4)
    assert max_difference(original[..., 2::-1], pixels(photo)) == 0


def test_a_thin_hole_has_one_candidate(gimp: GimpHost, running_service: Service, photo: Path) -> None:
    assert gimp.do(f"""
image = load({str(photo)!r})
image.select_rectangle(Gimp.ChannelOps.REPLACE, 20, 40, 80, 3)
result = call("ganfx-inpaint", image, candidates=5)
answer = result["status"], [layer.get_name().split(" (")[-1] for layer in image.get_layers()][:-1]
""") == ["success", ["Inpaint)"]]


def test_fractional_sizes_equal_the_command_line(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path
) -> None:
    running_service.ganfx("upscale", photo, "-o", tmp_path / "cli.png", "-n", "photo-x4", "-s", "1.5")
    result = filtered(gimp, photo, "upscale", tmp_path / "gimp.png", values="scale='1.5', result='this'")
    assert result.shape[:2] == (144, 192)
    assert max_difference(result, pixels(tmp_path / "cli.png")) == 0
