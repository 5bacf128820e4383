"""How the page looks: nothing is cut off, all has a name and enough contrast, and the types of its code are right."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import finish, violations

pytestmark = pytest.mark.ui

HERE = Path(__file__).parent


def look(page: Any, name: str) -> None:
    """Nothing is cut off or without a name; GANFX_SCREENSHOTS names a folder for pictures of the page."""
    page.wait_for_timeout(300)
    if folder := os.environ.get("GANFX_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280, 3840])
def test_nothing_is_cut_off_and_all_has_names(page: Any, pictures: list[Path], width: int, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844 if width < 3840 else 2160})
    name = f"{scheme}-{width}"
    look(page, f"{name}-empty")
    page.locator("#files").set_input_files(pictures)
    page.locator("#pictures li").nth(2).wait_for()
    finish(page, 3)
    look(page, f"{name}-done")
    page.locator("[name=filter]").select_option("inpaint")
    page.get_by_text("More settings").click()
    page.get_by_role("button", name="Add a step").click()
    page.get_by_role("button", name="Side by side").click()
    page.get_by_role("button", name="Brush").click()
    page.locator("#view").scroll_into_view_if_needed()
    look(page, f"{name}-mask")
    for panel, there in (
        ("Models", "table"),
        ("Textures", "form"),
        ("Watched folders", "form"),
        ("This computer", "pre"),
    ):
        page.get_by_role("button", name=panel).click()
        page.locator(f"dialog[open] {there}").wait_for(timeout=60_000)
        look(page, f"{name}-{panel.split()[0].lower()}")
        page.keyboard.press("Escape")


def test_the_types_of_the_code_are_right() -> None:
    command = [HERE / "node_modules" / ".bin" / "tsc", "--project", HERE / "tsconfig.json"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
