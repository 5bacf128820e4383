"""The GIMP plug-in when something is wrong: always a sentence, never a changed image, and GIMP goes on."""

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
from tests.real_hosts.gimp_pictures import filtered, most, pixels
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
def test_what_cannot_be_worked_on_is_refused_in_words(
    gimp: GimpHost, engine: Service, photo: Path, tmp_path: Path, case: str
) -> None:
    name, before, sentence = REFUSED[case]
    said = gimp.do(f"""
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
    assert said["status"] == "execution-error"
    assert sentence in said["said"]


@pytest.fixture
def slow(shared_data: Path, tmp_path: Path) -> Path:
    """A picture that takes the engine long."""
    with Image.open(shared_data / "eval" / "Set14" / "img_011.png") as source:
        source.convert("RGB").resize((1200, 900)).save(tmp_path / "slow.png")
    return tmp_path / "slow.png"


def begun(gimp: GimpHost, engine: Service, picture: Path, before: Path) -> Path:
    """A job in GIMP that has reached the engine."""
    job = gimp.begin(f"""
image = load({str(picture)!r})
layer = image.get_layers()[0]
dump(layer, {str(before)!r}, "R'G'B' u8")
answer = call("ganfx-upscale", image, model="photo-x4", result="this")
""")
    wait_for(engine.is_busy)
    return job


def is_untouched(gimp: GimpHost, before: Path) -> bool:
    """Whether the layer of `begun` is as it was."""
    gimp.do(f"""dump(layer, {str(before) + "-after"!r}, "R'G'B' u8")""")
    return before.read_bytes() == before.with_name(before.name + "-after").read_bytes()


def test_an_engine_killed_in_the_middle_leaves_the_image_alone_and_is_started_anew(
    gimp: GimpHost, engine: Service, photo: Path, slow: Path, tmp_path: Path
) -> None:
    job = begun(gimp, engine, slow, tmp_path / "before")
    engine.kill()
    said = gimp.finish(job)
    assert said["status"] == "execution-error"
    assert "The engine ended in the middle of its work" in said["said"]
    assert is_untouched(gimp, tmp_path / "before")
    # Now GIMP begins it, from inside its tree.
    made = filtered(gimp, photo, "stylize", tmp_path / "gimp.png")
    assert engine.health() is not None
    engine.kill()
    engine.ganfx("stylize", photo, "-o", tmp_path / "cli.png", "-n", "vangogh")
    assert most(made, pixels(tmp_path / "cli.png")) <= 1


def plug_in_processes(gimp: GimpHost) -> list[psutil.Process]:
    script = str(gimp.plug_in / "ganfx.py")
    return [found for found in psutil.process_iter(["cmdline"]) if script in (found.info["cmdline"] or [])]


def test_cancelling_frees_the_engine(gimp: GimpHost, engine: Service, slow: Path, tmp_path: Path) -> None:
    job = begun(gimp, engine, slow, tmp_path / "before")
    # What GIMP's own Cancel does.
    (process,) = plug_in_processes(gimp)
    process.kill()
    wait_for(lambda: not engine.is_busy(), 10)
    assert gimp.finish(job)["status"] != "success"
    assert is_untouched(gimp, tmp_path / "before")


def test_an_ending_gimp_frees_the_engine(
    engine: Service, new_gimp: Callable[[str], GimpHost], slow: Path, tmp_path: Path
) -> None:
    with new_gimp("ending").running() as host:
        begun(host, engine, slow, tmp_path / "before")
    wait_for(lambda: not engine.is_busy() and not plug_in_processes(host), 10)


def test_a_wrong_token_is_said_in_words(gimp: GimpHost, engine: Service, photo: Path, tmp_path: Path) -> None:
    place = engine.state / "server.json"
    right = place.read_text()
    place.write_text(json.dumps({**json.loads(right), "token": "x" * 43}))
    try:
        said = gimp.do(f"""answer = call("ganfx-stylize", load({str(photo)!r}))""")
    finally:
        place.write_text(right)
    assert said["status"] == "execution-error"
    assert "The engine does not start" in said["said"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (None, "This plug-in does not know its engine. Run: ganfx plugins install"),
        ({"command": ["/nowhere/ganfx"]}, "The engine is not where it was. Run: ganfx plugins install"),
    ],
)
def test_a_missing_engine_is_said_in_words(
    gimp: GimpHost, service: Service, photo: Path, settings: dict[str, Any] | None, sentence: str
) -> None:
    service.kill()
    file = gimp.plug_in / "engine.json"
    right = file.read_text()
    try:
        file.write_text("" if settings is None else json.dumps({**json.loads(right), **settings}))
        said = gimp.do(f"""answer = call("ganfx-stylize", load({str(photo)!r}))""")
    finally:
        file.write_text(right)
    assert said["status"] == "execution-error"
    assert sentence in said["said"]


def test_what_the_engine_has_when_gimp_starts_is_in_the_menu(
    service: Service, photo: Path, new_gimp: Callable[[str], GimpHost], tmp_path: Path
) -> None:
    host = new_gimp("later")
    settings = host.plug_in / "engine.json"
    settings.rename(tmp_path / "away.json")
    names = "[name for name in Gimp.get_pdb().query_procedures('ganfx-.*', *['.*'] * 7)]"
    with host.running():
        said = host.do(f"answer = {names}, call('ganfx-none', load({str(photo)!r}))")
        assert said[0] == ["ganfx-none"]
        assert "Run: ganfx plugins install" in said[1]["said"]
    (tmp_path / "away.json").rename(settings)
    graphs.negative(service.models / "ink.onnx")
    with host.running():
        assert "ganfx-none" not in host.do(f"answer = {names}")
        made = filtered(host, photo, "stylize", tmp_path / "ink.png", values="model='ink'")
    assert most(made, 255 - pixels(photo)) <= 1


def test_the_doctor_sees_the_plug_in_work_and_says_why_it_does_not(
    service: Service, new_gimp: Callable[[str], GimpHost]
) -> None:
    host = new_gimp("doctor")
    found = service.ganfx("plugins", "doctor", "gimp", environment=host.environment)
    assert "within GIMP 3, the engine answers" in found
    script = host.plug_in / "ganfx.py"
    script.write_text(script.read_text().replace("import gi\n", "import a_module_that_is_not_there\n"))
    with pytest.raises(AssertionError, match="a_module_that_is_not_there"):
        service.ganfx("plugins", "doctor", "gimp", environment=host.environment)
