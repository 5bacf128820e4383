"""What Krita's users see when something is wrong, or over before it is done: a sentence, and a Krita that goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.real_hosts.krita_host import KritaHost
from tests.real_hosts.krita_pictures import activate
from tests.real_hosts.service import Service, wait_for

pytestmark = pytest.mark.hosts


def test_no_image(krita: KritaHost, engine: Service) -> None:
    assert krita.apply("apply('Stylize')") == "There is no image to work on. Open one first"


def test_empty_layer(krita: KritaHost, engine: Service, photo: Path) -> None:
    krita.do(f"d = load({str(photo)!r}); d.rootNode().addChildNode(d.createGroupLayer('group'), top())")
    activate(krita, "group")
    said = krita.apply("apply('Stylize', 'The active layer')")
    assert said == "There is nothing in this layer. Choose another layer, or all visible layers"


def test_cancel_frees_krita_and_the_engine(krita: KritaHost, engine: Service, large: Path) -> None:
    krita.do(f"load({str(large)!r}); apply('Upscale', model='Photo x4')")
    wait_for(engine.is_busy)
    krita.do("docker().end.click()")
    assert krita.do("answer = state()") == {"working": False, "said": "Cancelled"}
    wait_for(lambda: not engine.is_busy(), 10)
    assert krita.do("answer = layers()") == ["Background"]


def test_canvas_goes_on_while_the_engine_works(krita: KritaHost, engine: Service, large: Path) -> None:
    krita.do(f"""
load({str(large)!r})
apply("Upscale", model="Photo x4")
import builtins, time
builtins.ticks = []
builtins.ticker = QtCore.QTimer(timeout=lambda: ticks.append(time.monotonic()))
ticker.start(20)
""")
    wait_for(engine.is_busy)
    wait_for(lambda: krita.do("answer = len(ticks)") > 60)
    ticks = np.array(krita.do("ticker.stop(); answer = ticks"))
    assert np.median(np.diff(ticks)) < 0.05
    assert np.diff(ticks).max() < 1


def test_closed_image_takes_its_work_along(krita: KritaHost, engine: Service, large: Path) -> None:
    krita.do(f"load({str(large)!r}); apply('Upscale', model='Photo x4')")
    wait_for(engine.is_busy)
    krita.do("close_all()")
    wait_for(lambda: not krita.do("answer = state()['working']"))
    assert krita.do("answer = state()['said']") == "The image was closed, and the work with it"
    wait_for(lambda: not engine.is_busy(), 10)


def test_engine_killed_in_the_middle(krita: KritaHost, engine: Service, large: Path, photo: Path) -> None:
    krita.do(f"load({str(large)!r}); apply('Upscale', model='Photo x4')")
    wait_for(engine.is_busy)
    engine.kill()
    wait_for(lambda: not krita.do("answer = state()['working']"))
    assert krita.do("answer = state()['said']").startswith("The engine ended in the middle of its work")
    assert krita.do("answer = layers()") == ["Background"]
    # And the next time it is started anew, by Krita itself.
    assert krita.apply(f"close_all(); load({str(photo)!r}); apply('Stylize')") == "Done, in a new layer"
    assert engine.health() is not None


def test_engine_gone(krita: KritaHost, engine: Service, photo: Path) -> None:
    engine.kill()
    settings = krita.plug_in / "engine.json"
    kept = settings.read_text()
    try:
        settings.write_text(kept.replace("python", "no-such-python"))
        said = krita.apply(f"load({str(photo)!r}); apply('Stylize')")
        assert said == "The engine is not where it was. Run: ganfx plugins install"
        settings.unlink()
        said = krita.apply("apply('Stylize')")
        assert said == "This plug-in does not know its engine. Run: ganfx plugins install"
    finally:
        settings.write_text(kept)


def test_wrong_token(krita: KritaHost, engine: Service, photo: Path) -> None:
    address = engine.state / "server.json"
    kept = address.read_text()
    try:
        address.write_text(kept.replace('"token": "', '"token": "x'))
        said = krita.apply(f"load({str(photo)!r}); apply('Stylize')")
        assert said.startswith("The engine does not start")
    finally:
        address.write_text(kept)


def test_quitting_in_the_middle(krita: KritaHost, engine: Service, large: Path) -> None:
    """The last of them all: Krita ends at once, and well, and the engine is free again."""
    krita.do(f"load({str(large)!r}); apply('Upscale', model='Photo x4')")
    wait_for(engine.is_busy)
    krita.do(
        "for d in app.documents(): d.setModified(False)\nQtCore.QTimer.singleShot(0, app.action('file_quit').trigger)"
    )
    assert krita.process is not None
    assert krita.process.wait(20) == 0
    krita.process = None
    wait_for(lambda: not engine.is_busy(), 10)
