"""Errors of the GIMP plug-in: each is a message, leaves the image unchanged, and GIMP goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from tests import graphs
from tests.real_hosts.gimp_host import GimpHost
from tests.real_hosts.gimp_pictures import filtered, max_difference, pixels
from tests.real_hosts.service import Service, wait_for

pytestmark = pytest.mark.hosts

REFUSED = {
    "a locked layer": ("stylize", "layer.set_lock_content(True)", "The pixels of 'Background' are locked"),
    "a locked group": ("heal", "group.set_lock_content(True)", "The pixels of 'group' are locked"),
    "an empty group": (
        "upscale",
        "layer = Gimp.GroupLayer.new(image, 'empty'); image.insert_layer(layer, group, 0)",
        "There is nothing to be seen in 'empty'",
    ),
    "a mask": ("stylize", "layer = mask", "Only layers and groups can be worked on"),
    "no selection": ("inpaint", "", "Nothing is selected"),
    "a selection elsewhere": (
        "stylize",
        "image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 9, 9); layer.set_offsets(50, 50)",
        "The selection does not touch 'Background'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_drawables_that_cannot_be_changed_are_refused(
    gimp: GimpHost, running_service: Service, photo: Path, tmp_path: Path, case: str
) -> None:
    name, before, sentence = REFUSED[case]
    reply = gimp.do(f"""
image = load({str(photo)!r})
layer = image.get_layers()[0]
group = Gimp.GroupLayer.new(image, "group")
image.insert_layer(group, None, 0)
image.reorder_item(layer, group, 0)
mask = layer.create_mask(Gimp.AddMaskType.WHITE)
layer.add_mask(mask)
{before}
answer = call("ganfx-{name}", image, layer)
""")
    assert reply["status"] == "execution-error"
    assert sentence in reply["message"]


@pytest.fixture
def slow(shared_data: Path, tmp_path: Path) -> Path:
    """A picture that takes the service long."""
    with Image.open(shared_data / "eval" / "Set14" / "img_011.png") as source:
        source.convert("RGB").resize((1200, 900)).save(tmp_path / "slow.png")
    return tmp_path / "slow.png"


def start_upscale(gimp: GimpHost, running_service: Service, picture: Path, before: Path) -> Path:
    """Start a filter in GIMP; returns its job once the service is busy."""
    job = gimp.begin(f"""
image = load({str(picture)!r})
layer = image.get_layers()[0]
dump(layer, {str(before)!r}, "R'G'B' u8")
answer = call("ganfx-upscale", image, model="photo-x4", result="this")
""")
    wait_for(running_service.is_busy)
    return job


def is_untouched(gimp: GimpHost, before: Path) -> bool:
    """Whether the layer of `start_upscale` is unchanged."""
    gimp.do(f"""dump(layer, {str(before) + "-after"!r}, "R'G'B' u8")""")
    return before.read_bytes() == before.with_name(before.name + "-after").read_bytes()


def test_a_service_killed_in_the_middle_leaves_the_image_unchanged_and_is_restarted(
    gimp: GimpHost, running_service: Service, photo: Path, slow: Path, tmp_path: Path
) -> None:
    job = start_upscale(gimp, running_service, slow, tmp_path / "before")
    running_service.kill()
    reply = gimp.finish(job)
    assert reply["status"] == "execution-error"
    assert "The engine ended in the middle of its work" in reply["message"]
    assert is_untouched(gimp, tmp_path / "before")
    # Now GIMP starts it, from inside its tree.
    result = filtered(gimp, photo, "stylize", tmp_path / "gimp.png")
    assert running_service.health() is not None
    running_service.kill()
    running_service.ganfx("stylize", photo, "-o", tmp_path / "cli.png", "-n", "vangogh")
    assert max_difference(result, pixels(tmp_path / "cli.png")) <= 1


def plug_in_processes(gimp: GimpHost) -> list[psutil.Process]:
    script = str(gimp.plug_in / "ganfx.py")
    return [found for found in psutil.process_iter(["cmdline"]) if script in (found.info["cmdline"] or [])]


def test_cancelling_frees_the_service(gimp: GimpHost, running_service: Service, slow: Path, tmp_path: Path) -> None:
    job = start_upscale(gimp, running_service, slow, tmp_path / "before")
    # Like GIMP's own Cancel.
    (process,) = plug_in_processes(gimp)
    process.kill()
    wait_for(lambda: not running_service.is_busy(), 10)
    assert gimp.finish(job)["status"] != "success"
    assert is_untouched(gimp, tmp_path / "before")


def test_quitting_gimp_frees_the_service(
    running_service: Service, new_gimp: Callable[[str], GimpHost], slow: Path, tmp_path: Path
) -> None:
    with new_gimp("ending").running() as host:
        start_upscale(host, running_service, slow, tmp_path / "before")
    wait_for(lambda: not running_service.is_busy() and not plug_in_processes(host), 10)


def test_a_wrong_token_is_mended_by_the_service(gimp: GimpHost, running_service: Service, photo: Path) -> None:
    address_file = running_service.state / "server.json"
    original = json.loads(address_file.read_text())
    address_file.write_text(json.dumps({**original, "token": "x" * 43}))
    reply = gimp.do(f"""answer = call("ganfx-stylize", load({str(photo)!r}))""")
    assert reply["status"] == "success"
    assert json.loads(address_file.read_text()) == original


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (None, "This plug-in does not know its engine. Run: ganfx plugins install"),
        ({"command": ["/nowhere/ganfx"]}, "The engine is not where it was. Run: ganfx plugins install"),
    ],
)
def test_a_missing_service_is_an_error_message(
    gimp: GimpHost, service: Service, photo: Path, settings: dict[str, Any] | None, sentence: str
) -> None:
    service.kill()
    file = gimp.plug_in / "engine.json"
    original = file.read_text()
    try:
        file.write_text("" if settings is None else json.dumps({**json.loads(original), **settings}))
        reply = gimp.do(f"""answer = call("ganfx-stylize", load({str(photo)!r}))""")
    finally:
        file.write_text(original)
    assert reply["status"] == "execution-error"
    assert sentence in reply["message"]


def test_the_menu_shows_the_filters_that_exist_when_gimp_starts(
    service: Service, photo: Path, new_gimp: Callable[[str], GimpHost], tmp_path: Path
) -> None:
    host = new_gimp("later")
    settings = host.plug_in / "engine.json"
    settings.rename(tmp_path / "away.json")
    names = "[name for name in Gimp.get_pdb().query_procedures('ganfx-.*', *['.*'] * 7)]"
    with host.running():
        reply = host.do(f"answer = {names}, call('ganfx-none', load({str(photo)!r}))")
        assert reply[0] == ["ganfx-none"]
        assert "Run: ganfx plugins install" in reply[1]["message"]
    (tmp_path / "away.json").rename(settings)
    graphs.negative(service.models / "ink.onnx")
    with host.running():
        assert "ganfx-none" not in host.do(f"answer = {names}")
        result = filtered(host, photo, "stylize", tmp_path / "ink.png", values="model='ink'")
    assert max_difference(result, 255 - pixels(photo)) <= 1


def test_the_doctor_tells_a_working_plug_in_from_a_broken_one(
    service: Service, new_gimp: Callable[[str], GimpHost]
) -> None:
    host = new_gimp("doctor")
    found = service.ganfx("plugins", "doctor", "gimp", environment=host.environment)
    assert "within GIMP 3, the engine answers" in found
    script = host.plug_in / "ganfx.py"
    script.write_text(script.read_text().replace("import gi\n", "import a_module_that_is_not_there\n"))
    with pytest.raises(AssertionError, match="a_module_that_is_not_there"):
        service.ganfx("plugins", "doctor", "gimp", environment=host.environment)
