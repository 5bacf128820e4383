"""The GIMP plug-in in GIMP's window: its dialogue, and one step of undo."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hosts.gimp_host import GimpHost
from tests.hosts.gimp_pictures import most, pixels
from tests.hosts.service import Service, wait_for

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def window(display: str, new_gimp: Callable[[str], GimpHost]) -> Iterator[GimpHost]:
    """GIMP in a window."""
    with new_gimp("window").running(display) as host:
        yield host


def press(display: str, title: str, key: str) -> None:
    """Press a key in the window whose title holds `title`, once there is one."""

    def found() -> list[str]:
        search = ["xdotool", "search", "--onlyvisible", "--name", title]
        return subprocess.run(search, env=environment, capture_output=True, text=True).stdout.split()

    environment = {**os.environ, "DISPLAY": display}
    target = wait_for(found)[-1]
    subprocess.run(["xdotool", "windowactivate", "--sync", target, "key", key], env=environment, check=True)


STATE = """
import hashlib
def state(image):
    layers = image.get_layers()
    bounds = Gegl.Rectangle.new(0, 0, image.get_width(), image.get_height())
    selected = bytes(image.get_selection().get_buffer().get(bounds, 1.0, "Y u8", Gegl.AbyssPolicy.NONE))
    seen = bytes(layers[0].get_buffer().get(bounds, 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE))
    sums = [hashlib.sha256(data).hexdigest() for data in (selected, seen)]
    return [image.get_base_type().value_nick, image.get_width(), image.get_height(), len(layers), *sums]
"""
ELLIPSE = "image.select_ellipse(Gimp.ChannelOps.REPLACE, 20, 10, 50, 40); Gimp.Selection.feather(image, 6)"


@pytest.mark.parametrize(
    ("name", "before", "values"),
    [
        ("stylize", ELLIPSE, ""),
        ("inpaint", ELLIPSE, ""),
        ("upscale", ELLIPSE, "model='photo-x2', result='this'"),
        ("colorize", "image.convert_grayscale()", ""),
    ],
)
def test_undo_once_restores_the_image(
    window: GimpHost, display: str, engine: Service, photo: Path, name: str, before: str, values: str
) -> None:
    first, said, after = window.do(f"""
{STATE}
image = load({str(photo)!r})
{before}
view = Gimp.Display.new(image)
first = state(image)
answer = first, call("ganfx-{name}", image, {values}), state(image)
""")
    assert said["status"] == "success", said["said"]
    assert after != first
    press(display, "GIMP", "ctrl+z")
    wait_for(lambda: window.do("answer = state(image)") == first, 10)
    window.do("view.delete()")


def test_the_dialogue_asks_and_can_be_refused(
    window: GimpHost, display: str, engine: Service, photo: Path, tmp_path: Path
) -> None:
    ask = 'call("ganfx-stylize", image, mode=Gimp.RunMode.INTERACTIVE)'
    window.do(f"image = load({str(photo)!r}); view = Gimp.Display.new(image)")
    asked = window.begin(f"answer = {ask}")
    press(display, "Stylize", "Escape")
    assert window.finish(asked)["status"] == "cancel"
    asked = window.begin(f"""answer = {ask}; export(image, {str(tmp_path / "gimp.png")!r})""")
    press(display, "Stylize", "alt+o")
    assert window.finish(asked)["status"] == "success"
    engine.ganfx("stylize", photo, "-o", tmp_path / "cli.png", "-n", "vangogh")
    assert most(pixels(tmp_path / "gimp.png"), pixels(tmp_path / "cli.png")) == 0
    window.do("view.delete()")
