"""Models and watched folders, from the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ganfx.spec import ModelSpec
from tests import graphs
from tests.server.services import wait_until
from tests.ui.conftest import download, on_the_command_line

pytestmark = pytest.mark.ui


def test_a_model_is_imported_and_at_once_a_choice(page: Any, tmp_path: Path, models: Path) -> None:
    spec = ModelSpec(
        "theirs", "upscale", scale=4, receptive_field=1, description="<img src=x onerror=document.title='got'>"
    )
    path = graphs.nearest(tmp_path / "theirs.onnx", 4, spec)
    page.get_by_role("button", name="Models").click()
    page.get_by_label("Import a model").set_input_files(path)
    page.get_by_text("theirs is imported").wait_for(timeout=60_000)
    page.get_by_text("<img src=x onerror").wait_for()
    broken = tmp_path / "<b>broken.onnx"
    broken.write_bytes(b"no model")
    page.get_by_label("Import a model").set_input_files(broken)
    page.locator("dialog[open] [role=alert]").get_by_text("broken").wait_for(timeout=60_000)
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Close").first.click()
    page.locator("[name=model] option", has_text="Theirs").wait_for(state="attached")
    assert page.title() == "ganfx"
    (models / "theirs.onnx").unlink()


def test_a_texture_is_made_mixed_and_saved_as_on_the_command_line(page: Any, tmp_path: Path, models: Path) -> None:
    page.get_by_role("button", name="Textures").click()
    for name, value in (("width", 64), ("height", 48), ("seed", 5), ("fine", 2)):
        page.locator(f"dialog[open] [name={name}]").fill(str(value))
    page.get_by_role("button", name="Make the texture").click()
    page.locator("#pictures li").wait_for(timeout=60_000)
    assert page.locator("#about").inner_text().startswith("cells-5.png, 64")
    made = on_the_command_line(
        models, "generate", "cells", "--seed", 5, "--fine", 2, "--size", "64x48", "-o", tmp_path / "cli.png"
    )
    assert download(page, page.locator("#save"), tmp_path).read_bytes() == made
    page.get_by_role("button", name="Textures").click()
    page.locator("dialog[open] [name=width]").fill("100")
    page.get_by_role("button", name="Make the texture").click()
    assert page.locator("#pictures li").count() == 1


def test_a_license_is_asked_for_and_a_failure_told(page: Any) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("button", name="Models").click()
    page.get_by_role("button", name="Get 4x-UltraSharpV2").click()
    assert "non-commercial use alone: its license is CC-BY-NC-SA-4.0" in asked[0]
    assert not page.get_by_role("progressbar").count()


def test_a_folder_is_watched_with_the_steps_that_are_set(page: Any, tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    page.get_by_role("button", name="Watched folders").click()
    page.get_by_label("Folder that pictures come into").fill(str(source))
    page.get_by_label("Folder for the results").fill(str(output))
    page.get_by_role("button", name="Watch", exact=True).click()
    page.locator("dialog[open] [role=alert]").get_by_text("there is no folder").wait_for()
    source.mkdir()
    page.get_by_role("button", name="Watch", exact=True).click()
    page.get_by_text("watched, upscale").wait_for(timeout=60_000)
    Image.new("RGB", (8, 6), "red").save(source / "a.png")
    wait_until((output / "a.png").exists)
    page.get_by_role("button", name="Stop", exact=True).last.click()
    page.get_by_role("button", name="Remove", exact=True).or_(
        page.get_by_role("button", name="Stop", exact=True)
    ).last.wait_for()
