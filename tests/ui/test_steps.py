"""Masks, dots of color, chains, previews and all results at once."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.ui.conftest import download, finish, on_the_command_line

pytestmark = pytest.mark.ui


def choose(page: Any, picture: Path, filter_: str) -> None:
    page.locator("#files").set_input_files(picture)
    page.locator("#pictures li").wait_for()
    page.locator("[name=filter]").select_option(filter_)


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def stroke(page: Any, *points: tuple[float, float]) -> None:
    """Draw through points, which are shares of the canvas."""
    box = page.locator("#view").bounding_box()
    for number, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if not number:
            page.mouse.down()
    page.mouse.up()


def mask_of(page: Any, folder: Path) -> np.ndarray[Any, Any]:
    """The mask as it would be saved: (H, W), how much each pixel is marked."""
    saved = download(page, page.get_by_role("button", name="Save the mask"), folder)
    return np.asarray(Image.open(saved).getchannel("A"))


def test_what_is_painted_is_filled_as_on_the_command_line(
    page: Any, pictures: list[Path], models: Path, tmp_path: Path
) -> None:
    choose(page, pictures[0], "inpaint")
    page.locator("#start").click()
    page.get_by_text("there is no mask for it. paint what shall go").wait_for()
    press(page, "Brush")
    stroke(page, (0.45, 0.4), (0.5, 0.5), (0.55, 0.5))
    mask = download(page, page.get_by_role("button", name="Save the mask"), tmp_path)
    assert Image.open(mask).size == (64, 48)
    finish(page, 1)
    made = on_the_command_line(models, "inpaint", pictures[0], "--mask", mask, "-o", tmp_path / "cli.png")
    assert download(page, page.locator("#save"), tmp_path).read_bytes() == made
    assert made != pictures[0].read_bytes()


def test_strokes_are_undone_erased_grown_and_taken_from_a_file(page: Any, pictures: list[Path], tmp_path: Path) -> None:
    choose(page, pictures[0], "inpaint")
    press(page, "Rectangle")
    stroke(page, (0.45, 0.4), (0.55, 0.6))
    box = mask_of(page, tmp_path)
    assert 0 < np.count_nonzero(box) < box.size / 2
    press(page, "Lasso")
    stroke(page, (0.3, 0.3), (0.4, 0.3), (0.3, 0.5))
    both = mask_of(page, tmp_path)
    assert np.count_nonzero(both) > np.count_nonzero(box)
    press(page, "Undo")
    assert (mask_of(page, tmp_path) == box).all()
    press(page, "Redo")
    assert (mask_of(page, tmp_path) == both).all()
    press(page, "Eraser")
    stroke(page, (0.45, 0.5), (0.55, 0.5))
    erased = mask_of(page, tmp_path)
    assert np.count_nonzero(erased == 255) < np.count_nonzero(both == 255)
    press(page, "Grow")
    assert np.count_nonzero(mask_of(page, tmp_path)) > np.count_nonzero(erased)
    press(page, "Clear")
    loaded = np.zeros((48, 64), np.uint8)
    loaded[10:20, 30:40] = 255
    for size, name in (((48, 64), "right.png"), ((9, 9), "wrong.png")):
        Image.fromarray(loaded[: size[0], : size[1]]).save(tmp_path / name)
    page.get_by_label("Load a mask").set_input_files(tmp_path / "right.png")
    page.wait_for_timeout(300)
    assert (mask_of(page, tmp_path) == loaded).all()
    page.get_by_label("Load a mask").set_input_files(tmp_path / "wrong.png")
    page.get_by_text("The mask is 9 \u00d7 9, the picture 64 \u00d7 48").wait_for()


def test_a_soft_brush_has_a_soft_edge(page: Any, pictures: list[Path], tmp_path: Path) -> None:
    choose(page, pictures[0], "inpaint")
    page.get_by_role("slider", name="Size").fill("200")
    page.get_by_role("slider", name="Hardness").fill("0")
    press(page, "Brush")
    stroke(page, (0.5, 0.5), (0.5, 0.5))
    assert len(np.unique(mask_of(page, tmp_path))) > 20


def test_dots_of_color_and_steps_are_a_recipe_for_the_command_line(
    page: Any, pictures: list[Path], models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(page, pictures[0], "colorize")
    press(page, "Color dot")
    stroke(page, (0.5, 0.5))
    press(page, "Add a step")
    page.get_by_text("As a recipe").click()
    recipe = page.locator("pre").inner_text()
    assert '"32,24,#7a2430"' in recipe
    (tmp_path / "ganfx.toml").write_text(recipe, encoding="utf-8")
    finish(page, 1)
    monkeypatch.chdir(tmp_path)
    made = on_the_command_line(models, "enhance", pictures[0], "--recipe", "mine", "-o", tmp_path / "cli.png")
    saved = download(page, page.locator("#save"), tmp_path)
    assert saved.read_bytes() == made
    assert Image.open(saved).size == (256, 192)


def test_a_preview_is_looked_at_and_not_saved(page: Any, pictures: list[Path]) -> None:
    choose(page, pictures[0], "upscale")
    press(page, "Preview")
    page.get_by_text("A preview of the part in the frame").wait_for(timeout=30_000)
    assert not page.locator("#save").is_visible()
    assert page.locator("li.done").count() == 0
    finish(page, 1)
    assert page.locator("#save").is_visible()


def test_results_are_compared_with_one_another_and_zoomed_together(page: Any, pictures: list[Path]) -> None:
    choose(page, pictures[0], "upscale")
    finish(page, 1)
    page.locator("[name=filter]").select_option("stylize")
    page.locator("#start").click()
    page.get_by_label("Before", exact=True).select_option("1: upscale")
    page.get_by_label("After", exact=True).select_option("2: stylize")
    press(page, "100 %, a pixel of the result for each of the screen")
    assert page.locator("#tools output").inner_text() == "100 %"
    press(page, "Side by side")
    page.locator("#view").focus()
    for key, shown in (("+", "125 %"), ("-", "100 %"), ("0", None)):
        page.keyboard.press(key)
        if shown:
            assert page.locator("#tools output").inner_text() == shown


def test_candidates_have_seeds_of_their_own_and_each_can_be_saved(
    page: Any, pictures: list[Path], models: Path, tmp_path: Path
) -> None:
    choose(page, pictures[0], "colorize")
    page.get_by_text("More settings").click()
    page.locator("[name=candidates]").fill("2")
    page.locator("#start").click()
    page.get_by_label("After", exact=True).locator("option").nth(1).wait_for(state="attached")
    page.locator("li.done").wait_for()
    saved = []
    for seed in (0, 1):
        page.get_by_label("After", exact=True).select_option(f"{seed + 1}: colorize")
        saved.append(download(page, page.locator("#save"), tmp_path).read_bytes())
        target = tmp_path / f"cli{seed}.png"
        assert saved[-1] == on_the_command_line(models, "colorize", pictures[0], "--seed", seed, "-o", target)
    assert saved[0] != saved[1]


def test_all_results_are_saved_at_once(page: Any, pictures: list[Path], tmp_path: Path) -> None:
    twin = tmp_path / "twin" / "one.png"
    twin.parent.mkdir()
    twin.write_bytes(pictures[0].read_bytes())
    page.locator("#files").set_input_files([*pictures, twin])
    page.locator("#pictures li").nth(3).wait_for()
    finish(page, 4)
    with zipfile.ZipFile(download(page, page.get_by_text("Save all as ZIP"), tmp_path)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["one_x4.png", "two_x4.jpg", "three_x4.tif", "one_x4-2.png"]
        contents = {name: archive.read(name) for name in archive.namelist()}
    folder = tmp_path / "large"
    for times in (1, 2):
        page.get_by_label("Folder to save all into").fill(str(folder))
        page.get_by_role("button", name="Save all into this folder").click()
        page.get_by_text(f"4 saved into {folder}").wait_for()
        assert len(list(folder.iterdir())) == 4 * times
        page.locator("#pictures .pick").first.click()
    assert {name: (folder / name).read_bytes() for name in contents} == contents
