"""Errors and cancelled jobs in Krita: each is a message, and Krita goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.real_hosts.krita_host import KritaHost
from tests.real_hosts.krita_pictures import activate
from tests.real_hosts.service import Service, wait_for

pytestmark = pytest.mark.hosts


def test_no_image(krita: KritaHost, running_service: Service) -> None:
    assert krita.apply("apply('Stylize')") == "There is no image to work on. Open one first"


def test_empty_layer(krita: KritaHost, running_service: Service, photo: Path) -> None:
    krita.do(f"d = load({str(photo)!r}); d.rootNode().addChildNode(d.createGroupLayer('group'), top())")
    activate(krita, "group")
    reply = krita.apply("apply('Stylize', 'The active layer')")
    assert reply == "There is nothing in this layer. Choose another layer, or all visible layers"


def test_cancel_frees_krita_and_the_engine(krita: KritaHost, running_service: Service, large: Path) -> None:
    krita.do(f"load({str(large)!r}); apply('Upscale', model='Photo x4')")
    wait_for(running_service.is_busy)
    krita.do("docker().cancel_button.click()")
    assert krita.do("answer = state()") == {"busy": False, "message": "Cancelled"}
    wait_for(lambda: not running_service.is_busy(), 10)
    assert krita.do("answer = layers()") == ["Background"]


def test_canvas_goes_on_while_the_engine_works(krita: KritaHost, running_service: Service, large: Path) -> None:
    krita.do(f"""
load({str(large)!r})
apply("Upscale", model="Photo x4")
import builtins, time
builtins.ticks = []
builtins.ticker = QtCore.QTimer(timeout=lambda: ticks.append(time.monotonic()))
ticker.start(20)
""")
    wait_for(running_service.is_busy)
    wait_for(lambda: krita.do("answer = len(ticks)") > 60)
    ticks = np.array(krita.do("ticker.stop(); answer = ticks"))
    assert np.median(np.diff(ticks)) < 0.05
    assert np.diff(ticks).max() < 1


def test_closed_image_takes_its_work_along(krita: KritaHost, running_service: Service, large: Path) -> None:
    krita.do(f"load({str(large)!r}); apply('Upscale', model='Photo x4')")
    wait_for(running_service.is_busy)
    krita.do("close_all()")
    wait_for(lambda: not krita.do("answer = state()['busy']"))
    assert krita.do("answer = state()['message']") == "The image was closed, and the work with it"
    wait_for(lambda: not running_service.is_busy(), 10)


def test_engine_killed_in_the_middle(krita: KritaHost, running_service: Service, large: Path, photo: Path) -> None:
    krita.do(f"load({str(large)!r}); apply('Upscale', model='Photo x4')")
    wait_for(running_service.is_busy)
    running_service.kill()
    wait_for(lambda: not krita.do("answer = state()['busy']"))
    assert krita.do("answer = state()['message']").startswith("The engine ended in the middle of its work")
    assert krita.do("answer = layers()") == ["Background"]
    # And the next time it is started anew, by Krita itself.
    assert krita.apply(f"close_all(); load({str(photo)!r}); apply('Stylize')") == "Done, in a new layer"
    assert running_service.health() is not None


def test_engine_gone(krita: KritaHost, running_service: Service, photo: Path) -> None:
    running_service.kill()
    settings = krita.plug_in / "engine.json"
    kept = settings.read_text()
    try:
        settings.write_text(kept.replace("python", "no-such-python"))
        reply = krita.apply(f"load({str(photo)!r}); apply('Stylize')")
        assert reply == "The engine is not where it was. Run: ganfx plugins install"
        settings.unlink()
        reply = krita.apply("apply('Stylize')")
        assert reply == "This plug-in does not know its engine. Run: ganfx plugins install"
    finally:
        settings.write_text(kept)


def test_a_wrong_token_is_mended_by_the_service(krita: KritaHost, running_service: Service, photo: Path) -> None:
    address = running_service.state / "server.json"
    kept = address.read_text()
    address.write_text(kept.replace('"token": "', '"token": "x'))
    assert krita.apply(f"load({str(photo)!r}); apply('Stylize')").startswith("Done")
    assert address.read_text() == kept


def test_quitting_in_the_middle(krita: KritaHost, running_service: Service, large: Path) -> None:
    """The last test: Krita ends at once and without an error, and the service is free again."""
    krita.do(f"load({str(large)!r}); apply('Upscale', model='Photo x4')")
    wait_for(running_service.is_busy)
    krita.do(
        "for d in app.documents(): d.setModified(False)\nQtCore.QTimer.singleShot(0, app.action('file_quit').trigger)"
    )
    assert krita.process is not None
    assert krita.process.wait(20) == 0
    krita.process = None
    wait_for(lambda: not running_service.is_busy(), 10)
