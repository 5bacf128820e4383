"""The page in a real Chromium, over tiny networks with known behavior: `make test-ui`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.server.conftest import models as models
from tests.server.services import Service, serving


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "apt install chromium"
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def engine(tmp_path: Path, models: Path) -> Iterator[Service]:
    with serving(tmp_path / "state", models) as service:
        assert service.address
        yield service


def address_of(engine: Service) -> str:
    """The page's address, as `ganfx ui` prints it where the engine runs already."""
    command = [sys.executable, "-m", "ganfx", "ui", "--no-browser"]
    environment = os.environ | {"GANFX_STATE": str(engine.state)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def page(browser: Any, engine: Service) -> Iterator[Any]:
    """The page, opened; afterwards it must have broken no rule of its own and raised no error."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto(address_of(engine))
    page.locator("#controls select").first.wait_for(state="attached")
    yield page
    context.close()
    assert not errors


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    random = np.random.default_rng(3)
    folder = tmp_path / "pictures"
    folder.mkdir()
    paths = [folder / name for name in ("one.png", "two.jpg", "three.tif")]
    for path in paths:
        smooth = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8)).resize(
            (64, 48), Image.Resampling.BICUBIC
        )
        smooth.save(path)
    return paths


def violations(page: Any) -> list[Any]:
    """What axe-core has against the page as it is."""
    axe = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
    page.evaluate(axe.read_text(encoding="utf-8"))
    found: list[Any] = page.evaluate(
        "axe.run().then(found => found.violations.map(one => [one.id, one.nodes.map(n => n.html + n.failureSummary)]))"
    )
    return found


def finish(page: Any, count: int) -> None:
    """Start, and wait for so many pictures."""
    page.locator("#start").click()
    page.locator("li.done").nth(count - 1).wait_for(timeout=60_000)


def download(page: Any, link: Any, folder: Path) -> Path:
    """What `link` saves, in `folder`."""
    with page.expect_download() as waiting:
        link.click()
    saved = folder / str(waiting.value.suggested_filename)
    waiting.value.save_as(saved)
    return saved


def on_the_command_line(models: Path, *arguments: object) -> bytes:
    """The bytes that `ganfx` with `arguments`, of which the last is the result, writes."""
    command = [sys.executable, "-m", "ganfx", *map(str, arguments)]
    environment = os.environ | {"GANFX_MODELS": str(models)}
    subprocess.run([*command[:4], "--provider", "cpu", *command[4:]], env=environment, check=True)
    return Path(str(arguments[-1])).read_bytes()
