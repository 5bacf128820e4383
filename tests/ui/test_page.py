"""What somebody who never saw a terminal does with the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from tests.server.services import Service, wait_until
from tests.ui.conftest import address_of, download, finish, on_the_command_line

pytestmark = pytest.mark.ui


def test_three_pictures_are_enlarged_compared_and_saved_as_on_the_command_line(
    page: Any, pictures: list[Path], models: Path, tmp_path: Path
) -> None:
    page.locator("#files").set_input_files(pictures)
    page.locator("#pictures li").nth(2).wait_for()
    finish(page, 3)
    slider = page.get_by_role("slider")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert slider.input_value() == "60"
    assert slider.get_attribute("aria-valuetext") == "Before 60 %, after 40 %"
    for number, path in enumerate(pictures):
        page.locator("#pictures .pick").nth(number).click()
        saved = download(page, page.locator("#save"), tmp_path)
        assert saved.name == f"{path.stem}_x4{path.suffix}"
        assert saved.read_bytes() == on_the_command_line(models, "upscale", path, "-o", tmp_path / f"cli{path.suffix}")


def test_a_picture_that_is_none_and_names_full_of_markup_are_shown_as_text(page: Any, tmp_path: Path) -> None:
    odd = tmp_path / "<img src=x onerror=document.title='got'>.png"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "<script>document.title='got'</script>")
    Image.new("RGB", (16, 16), "red").save(odd, pnginfo=text)
    exif = Image.Exif()
    for tag in (ExifTags.Base.ImageDescription, ExifTags.Base.Artist, ExifTags.Base.Copyright, ExifTags.Base.Model):
        exif[tag] = "<img src=x onerror=document.title='got'>"
    described = tmp_path / "described.jpg"
    Image.new("RGB", (16, 16), "blue").save(described, exif=exif)
    broken = tmp_path / "<b>broken.jpg"
    broken.write_bytes(b"no picture")
    page.locator("#files").set_input_files([odd, described, broken])
    page.get_by_role("alert").wait_for()
    assert "<b>broken.jpg: not a picture of a known kind" in page.get_by_role("alert").inner_text()
    assert page.locator("#pictures b").all_inner_texts() == [odd.name, described.name]
    finish(page, 2)
    page.locator("#pictures .pick").nth(1).click()
    assert page.locator("#about").inner_text().startswith("described")
    assert page.title() == "ganfx"


def large(folder: Path) -> Path:
    path = folder / "large.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (1200, 1600, 3), np.uint8)).save(path)
    return path


def test_work_goes_on_over_a_reload_and_is_stopped_at_once(page: Any, tmp_path: Path, engine: Service) -> None:
    page.locator("#files").set_input_files(large(tmp_path))
    page.locator("#pictures li").wait_for()
    page.get_by_label("The network that does the work").or_(page.locator("[name=model]")).first.select_option("slow")
    page.locator("#start").click()
    page.locator("li.running").wait_for()
    page.reload()
    page.locator("li.running").wait_for()
    page.locator("#stop").click()
    page.locator("li.stopped").wait_for(timeout=10_000)
    wait_until(lambda: not engine.health()["busy"], 10)


def test_an_engine_that_ended_is_told(page: Any, engine: Service) -> None:
    engine.process.kill()
    page.get_by_text("The engine does not answer").wait_for(timeout=10_000)


def test_everything_works_by_the_keyboard_alone(page: Any, pictures: list[Path]) -> None:
    page.locator("#drop").focus()
    page.evaluate("document.getElementById('files').addEventListener('click', () => (window.asked = true))")
    page.keyboard.press("Enter")
    assert page.evaluate("window.asked")
    page.locator("#files").set_input_files(pictures[0])
    page.locator("#pictures li").wait_for()
    page.keyboard.press("Tab")
    for _ in range(20):
        if page.evaluate("document.activeElement.id") == "start":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("li.done").wait_for(timeout=60_000)
    for _ in range(20):
        if page.evaluate("document.activeElement.id") == "save":
            break
        page.keyboard.press("Tab")
    with page.expect_download():
        page.keyboard.press("Enter")


def test_an_address_opens_the_page_once(page: Any, browser: Any, engine: Service) -> None:
    address = address_of(engine)
    for expected in (False, True):
        other = browser.new_context().new_page()
        other.goto(address)
        if expected:
            other.get_by_text("this address was used already").wait_for()
        else:
            other.wait_for_function("sessionStorage.length > 0")
        assert "#" not in other.url
        other.context.close()
