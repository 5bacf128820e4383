"""The GIMP plug-in in GIMP's window: its dialogue, undo, and the Cancel button."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ImageGrab

from tests.real_hosts.gimp_host import GimpHost
from tests.real_hosts.gimp_pictures import Pixels, max_difference, pixels
from tests.real_hosts.service import Service, wait_for

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def window(display: str, new_gimp: Callable[[str], GimpHost]) -> Iterator[GimpHost]:
    """GIMP in a window."""
    with new_gimp("window").running(display) as host:
        yield host


def xdotool(display: str, *words: str) -> str:
    environment = {**os.environ, "DISPLAY": display}
    return subprocess.run(["xdotool", *words], env=environment, capture_output=True, text=True).stdout


def find_window(display: str, title: str) -> str:
    """Wait for a window whose title contains `title`; returns its id."""
    return str(wait_for(lambda: xdotool(display, "search", "--onlyvisible", "--name", title).split())[-1])


def press(display: str, title: str, key: str) -> None:
    """Wait for a window whose title contains `title`, and press a key in it."""
    xdotool(display, "windowactivate", "--sync", find_window(display, title), "key", key)


STATE = """
import hashlib
def state(image):
    layers = image.get_layers()
    bounds = Gegl.Rectangle.new(0, 0, image.get_width(), image.get_height())
    selection = bytes(image.get_selection().get_buffer().get(bounds, 1.0, "Y u8", Gegl.AbyssPolicy.NONE))
    pixels = bytes(layers[0].get_buffer().get(bounds, 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE))
    sums = [hashlib.sha256(data).hexdigest() for data in (selection, pixels)]
    return [image.get_base_type().value_nick, image.get_width(), image.get_height(), len(layers), *sums]
"""
GROUP = """
group = Gimp.GroupLayer.new(image, "group")
image.insert_layer(group, None, 0)
image.reorder_item(image.get_layers()[1], group, 0)
"""
ELLIPSE = "image.select_ellipse(Gimp.ChannelOps.REPLACE, 20, 10, 50, 40); Gimp.Selection.feather(image, 6)"


@pytest.mark.parametrize(
    ("name", "before", "values"),
    [
        ("stylize", ELLIPSE, ""),
        ("inpaint", ELLIPSE, ""),
        ("inpaint", ELLIPSE, "candidates=3"),
        ("upscale", ELLIPSE, "model='photo-x2', result='this'"),
        ("colorize", "image.convert_grayscale()", ""),
        ("inpaint", GROUP + ELLIPSE, ""),
        ("upscale", GROUP + ELLIPSE, "model='photo-x2', result='this'"),
    ],
)
def test_one_undo_restores_the_image_and_redo_the_result(
    window: GimpHost, display: str, running_service: Service, photo: Path, name: str, before: str, values: str
) -> None:
    first, reply, after = window.do(f"""
{STATE}
image = load({str(photo)!r})
{before}
view = Gimp.Display.new(image)
first = state(image)
answer = first, call("ganfx-{name}", image, {values}), state(image)
""")
    assert reply["status"] == "success", reply["message"]
    assert after != first
    press(display, "GIMP", "ctrl+z")
    wait_for(lambda: window.do("answer = state(image)") == first, 10)
    press(display, "GIMP", "ctrl+y")
    wait_for(lambda: window.do("answer = state(image)") == after, 10)
    window.do("view.delete()")


def test_the_dialogue_can_be_cancelled_or_accepted(
    window: GimpHost, display: str, running_service: Service, photo: Path, tmp_path: Path
) -> None:
    call = 'call("ganfx-stylize", image, mode=Gimp.RunMode.INTERACTIVE)'
    window.do(f"image = load({str(photo)!r}); view = Gimp.Display.new(image)")
    job = window.begin(f"answer = {call}")
    press(display, "Stylize", "Escape")
    assert window.finish(job)["status"] == "cancel"
    job = window.begin(f"""answer = {call}; export(image, {str(tmp_path / "gimp.png")!r})""")
    press(display, "Stylize", "alt+o")
    assert window.finish(job)["status"] == "success"
    running_service.ganfx("stylize", photo, "-o", tmp_path / "cli.png", "-n", "vangogh")
    assert max_difference(pixels(tmp_path / "gimp.png"), pixels(tmp_path / "cli.png")) == 0
    window.do("view.delete()")


class StatusBar:
    """The bottom rows of GIMP's window on the screen."""

    def __init__(self, display: str) -> None:
        reply = xdotool(display, "getwindowgeometry", "--shell", find_window(display, "GIMP"))
        geometry = {name: int(value) for name, value in (line.split("=") for line in reply.splitlines())}
        self.display, self.left, end = display, geometry["X"], geometry["Y"] + geometry["HEIGHT"]
        self.top = end - 50
        self.box = (self.left, self.top, self.left + geometry["WIDTH"], end)

    def grab(self) -> Pixels:
        return np.asarray(ImageGrab.grab(self.box, xdisplay=self.display).convert("RGB"))

    def grab_when_still(self) -> Pixels:
        """Grab the pixels once nothing has changed for half a second."""
        return self._settled(self.grab, 0.5)

    def click_rightmost_change(self, before: Pixels) -> None:
        """Click at the right end of what differs from `before`: the Cancel button."""

        def position() -> tuple[int, int] | None:
            rows, columns = np.nonzero((self.grab() != before).any(axis=2))
            if not len(columns):
                return None
            return self.left + int(columns.max()) - 20, self.top + int(np.median(rows[columns > columns.max() - 40]))

        x, y = self._settled(position, 0.2)
        xdotool(self.display, "mousemove", str(x), str(y), "click", "1")

    @staticmethod
    def _settled(read: Callable[[], Any], for_s: float) -> Any:
        values = [read()]

        def settled() -> bool:
            time.sleep(for_s)
            values.append(read())
            return values[-1] is not None and np.array_equal(*values[-2:])

        wait_for(settled)
        return values[-1]


def test_the_cancel_button_leaves_the_image_unchanged_and_frees_the_service(
    window: GimpHost, display: str, running_service: Service, large: Path
) -> None:
    first, before = window.do(f"""
{STATE}
image = load({str(large)!r})
view = Gimp.Display.new(image)
first = state(image)
image.get_layers()[0].invert(False)
Gimp.displays_flush()
answer = first, state(image)
""")
    status_bar = StatusBar(display)
    before_start = status_bar.grab_when_still()
    job = window.begin('answer = call("ganfx-upscale", image, model="photo-x4", result="this")')
    wait_for(running_service.is_busy)
    status_bar.click_rightmost_change(before_start)
    wait_for(lambda: not running_service.is_busy(), 2)
    assert window.finish(job)["status"] == "cancel"
    assert window.do("answer = state(image)") == before
    # Undo reverts the change result before the cancelled filter.
    press(display, "GIMP", "ctrl+z")
    wait_for(lambda: window.do("answer = state(image)") == first, 10)
    again = 'call("ganfx-upscale", image, model="photo-x2", result="new")'
    select = "image.select_rectangle(Gimp.ChannelOps.REPLACE, 9, 9, 40, 30)"
    assert window.do(f"{select}; answer = {again}")["status"] == "success"
    window.do("view.delete()")


def test_a_number_that_may_be_automatic_has_a_check_button(
    new_gimp: Callable[[str], GimpHost],
    display: str,
    running_service: Service,
    photo: Path,
    tmp_path: Path,
) -> None:
    gimp = new_gimp("automatic")
    with running_service.automatic_strength(), gimp.running(display) as host:
        host.do(f"image = load({str(photo)!r})")
        job = host.begin('answer = call("ganfx-stylize", image, mode=Gimp.RunMode.INTERACTIVE)')
        press(display, "Stylize", "Escape")
        assert host.finish(job)["status"] == "cancel"
        assert "set_sensitive" not in host.log
        sent = host.do('answer = call("ganfx-stylize", image)["message"]')
        assert "'auto' is not of type float" in sent
        number = "strength_auto=False, strength=0.0"
        assert host.do(f'answer = call("ganfx-stylize", image, {number})')["status"] == "success"
        host.do(f"export(image, {str(tmp_path / 'out.png')!r})")
    assert max_difference(pixels(tmp_path / "out.png"), pixels(photo)) == 0
