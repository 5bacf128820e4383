"""What the engine behind the page does: large pictures, models that it fetches, and its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from tests.hub.conftest import catalogue as catalogue
from tests.hub.conftest import server as server
from tests.hub.servers import Server
from tests.server.services import Service, serving
from tests.ui.conftest import address_of, download, finish

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]
# Pixels of a large picture, and how many bytes the engine may take for it: those of four such pictures in floats.
LARGE, MOST_BYTES = (10_000, 6_000), 4 * 10_000 * 6_000 * 3 * 4


@contextmanager
def opened(browser: Any, engine: Service) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(address_of(engine))
    page.locator("#controls select").first.wait_for(state="attached")
    yield page
    context.close()


def memory(engine: Service) -> int:
    """Bytes that the engine and its processes have now."""
    process = psutil.Process(engine.process.pid)
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])


def test_a_picture_of_60_megapixels_takes_bounded_memory_and_blocks_nothing(
    page: Any, engine: Service, tmp_path: Path
) -> None:
    path = tmp_path / "large.jpg"
    width, height = LARGE
    rows = np.linspace(0, 255, width, dtype=np.uint8)
    Image.fromarray(np.broadcast_to(rows[None, :, None], (height, width, 3)).copy()).save(path)
    before = memory(engine)
    page.locator("#files").set_input_files(path)
    page.locator("#pictures li").wait_for(timeout=60_000)
    page.locator("[name=filter]").select_option("stylize")
    page.locator("[name=model]").select_option("vangogh")
    page.locator("#start").click()
    most, slowest = 0, 0.0
    while not page.locator("li.done").count():
        assert not page.locator("li.failed").count(), page.locator("li.failed").inner_text()
        most = max(most, memory(engine))
        asked = time.monotonic()
        engine.health()
        slowest = max(slowest, time.monotonic() - asked)
        page.wait_for_timeout(100)
    assert most - before < MOST_BYTES
    assert slowest < 10, "seconds until the engine says how it is"
    assert page.get_by_role("slider").input_value()
    with Image.open(download(page, page.locator("#save"), tmp_path)) as saved:
        assert saved.size == LARGE


def test_an_engine_that_is_back_is_opened_anew(
    browser: Any, tmp_path: Path, models: Path, pictures: list[Path]
) -> None:
    with serving(tmp_path / "state", models) as engine:
        assert engine.address
        with opened(browser, engine) as page:
            page.locator("#files").set_input_files(pictures)
            page.locator("#pictures li").nth(2).wait_for()
            engine.process.kill()
            engine.process.wait()
            page.get_by_text("The engine does not answer").wait_for(timeout=20_000)
            with serving(tmp_path / "state", models) as again:
                assert again.address["port"]
                page.wait_for_timeout(2000)
                assert page.get_by_text("The engine does not answer").is_visible(), "it knows no other one's session"
                with opened(browser, again) as other:
                    assert not other.locator("#pictures li").count(), "nothing is kept"
                    other.locator("#files").set_input_files(pictures[0])
                    other.locator("#pictures li").wait_for()
                    finish(other, 1)


def test_a_model_is_pulled_and_at_once_a_choice(
    browser: Any, server: Server, catalogue: Callable[..., None], tmp_path: Path, models: Path
) -> None:
    catalogue(license="CC-BY-NC-4.0", fetched="served.onnx")
    with serving(tmp_path / "state", models, catalogue=tmp_path / "catalogue.toml") as engine:
        assert engine.address
        with opened(browser, engine) as page:
            page.on("dialog", lambda dialog: dialog.accept())
            page.get_by_role("button", name="Models").click()
            page.get_by_role("button", name="Get fetched").click()
            page.locator("tr", has_text="fetched").get_by_text("installed").wait_for(timeout=60_000)
            page.get_by_role("button", name="Close").first.click()
            page.locator("[name=model] option", has_text="Fetched").wait_for(state="attached")
    assert server.requests
    for path in models.glob("fetched*"):
        path.unlink()
