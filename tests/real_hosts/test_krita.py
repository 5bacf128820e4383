"""The Krita plug-in in the real Krita, with the real service and the shipped networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ganfx.spec import ModelSpec
from tests import graphs
from tests.real_hosts.conftest import crop
from tests.real_hosts.krita_host import KritaHost
from tests.real_hosts.krita_pictures import MODELS, command_line, layer, mask_of, pixels, select
from tests.real_hosts.service import Service, wait_for

pytestmark = pytest.mark.hosts


@pytest.fixture
def selection() -> NDArray[np.uint8]:
    """A selection with a soft edge, (H, W), within the photo."""
    rows, columns = np.ogrid[:96, :128]
    distance = np.hypot((rows - 50) / 24, (columns - 60) / 30)
    return np.round(255 * np.clip((1.2 - distance) * 4, 0, 1)).astype(np.uint8)


@pytest.mark.parametrize("filter_name", ["upscale", "colorize", "stylize", "heal"])
def test_whole_image_equals_command_line(
    krita: KritaHost, running_service: Service, photo: Path, old_photo: Path, tmp_path: Path, filter_name: str
) -> None:
    source = old_photo if filter_name == "heal" else photo
    chosen = f"{filter_name.capitalize()!r}" + (", model='Photo x2'" if filter_name in MODELS else "")
    reply = krita.apply(f"load({str(source)!r}); apply({chosen})")
    krita.do(f"export({str(tmp_path / 'out.png')!r})")
    assert reply.startswith("Done, in a new layer"), reply
    assert np.array_equal(pixels(tmp_path / "out.png")[..., :3], command_line(running_service, filter_name, source))


@pytest.mark.parametrize("filter_name", ["colorize", "stylize", "heal"])
def test_result_shows_within_the_selection(
    krita: KritaHost,
    running_service: Service,
    photo: Path,
    old_photo: Path,
    selection: NDArray[np.uint8],
    tmp_path: Path,
    filter_name: str,
) -> None:
    if filter_name == "heal":
        photo = crop(old_photo, (0, 0, 128, 96), tmp_path)
    reply = krita.apply(f"load({str(photo)!r}); {select(selection)} apply({filter_name.capitalize()!r})")
    assert reply == "Done, in a new layer"
    found, whole = layer(krita, tmp_path / "layer"), command_line(running_service, filter_name, photo)
    rect = krita.do("answer = top().bounds().getRect()")
    part = (slice(rect[1], rect[1] + rect[3]), slice(rect[0], rect[0] + rect[2]))
    visible = found[..., 3] > 0
    assert visible.any()
    assert np.array_equal(found[visible][:, :3], whole[part][visible])
    if filter_name != "heal":
        assert np.array_equal(found[..., 3], selection[part])
    else:
        assert (found[..., 3] <= selection[part]).all()


def test_inpaint_fills_the_selection(
    krita: KritaHost, running_service: Service, photo: Path, selection: NDArray[np.uint8], tmp_path: Path
) -> None:
    reply = krita.apply(f"load({str(photo)!r}); {select(selection)} apply('Inpaint', grow=3, feather=2)")
    krita.do(f"export({str(tmp_path / 'out.png')!r})")
    assert reply == "Done, in a new layer"
    options = ("--mask", mask_of(tmp_path / "mask.png", selection), "--grow", "3", "--feather", "2")
    assert np.array_equal(
        pixels(tmp_path / "out.png")[..., :3], command_line(running_service, "inpaint", photo, *options)
    )
    left, upper, width, height = krita.do("answer = top().bounds().getRect()")
    assert left >= 8
    assert upper >= 8
    assert width < 112
    assert height < 88


def test_inpaint_asks_for_a_selection(krita: KritaHost, running_service: Service, photo: Path) -> None:
    reply = krita.apply(f"load({str(photo)!r}); apply('Inpaint')")
    assert reply == "Inpaint needs a mask. Select what is to be filled"


def test_new_image_is_the_selections_box_enlarged(
    krita: KritaHost, running_service: Service, photo: Path, selection: NDArray[np.uint8], tmp_path: Path
) -> None:
    code = f"load({str(photo)!r}); {select(selection)} apply('Upscale', model='Photo x2', result='A new image')"
    assert krita.apply(code) == "Done, as a new image"
    rows, columns = np.flatnonzero(selection.any(axis=1)), np.flatnonzero(selection.any(axis=0))
    with Image.open(photo) as whole:
        whole.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)).save(tmp_path / "part.png")
    new = krita.do(
        f"new = app.documents()[-1]; export({str(tmp_path / 'out.png')!r}, new); answer = len(app.documents())"
    )
    assert new == 2
    assert np.array_equal(
        pixels(tmp_path / "out.png")[..., :3], command_line(running_service, "upscale", tmp_path / "part.png")
    )


def test_undo_once_restores_the_image(krita: KritaHost, running_service: Service, photo: Path, tmp_path: Path) -> None:
    krita.apply(f"load({str(photo)!r}); apply('Stylize')")
    krita.do(f"undo(); export({str(tmp_path / 'out.png')!r})")
    assert krita.do("answer = layers()") == ["Background"]
    assert np.array_equal(pixels(tmp_path / "out.png")[..., :3], pixels(photo))
    krita.apply("apply('Upscale', model='Photo x2')")
    assert krita.do("answer = app.activeDocument().width()") == 256
    krita.do("undo()")
    krita.do(f"undo(); export({str(tmp_path / 'again.png')!r})")
    assert np.array_equal(pixels(tmp_path / "again.png")[..., :3], pixels(photo))


def test_menu_shows_the_docker_and_applies_again(krita: KritaHost, running_service: Service, photo: Path) -> None:
    krita.do("docker().hide(); app.action('ganfx_show').trigger()")
    assert krita.do("answer = docker().isVisible()")
    code = f"load({str(photo)!r}); choose('Stylize'); docker().hide(); app.action('ganfx_apply').trigger()"
    assert krita.apply(code) == "Done, in a new layer"
    assert krita.do("answer = docker().isVisible()")


def test_model_added_later_appears(krita: KritaHost, running_service: Service, photo: Path, tmp_path: Path) -> None:
    spec = ModelSpec("my-own", "stylize")
    running_service.ganfx("models", "import", graphs.identity(tmp_path / "my-own.onnx", spec))
    # The pointer enters the docker.
    krita.do("QtWidgets.QApplication.sendEvent(docker(), QtCore.QEvent(QtCore.QEvent.Enter))")

    def models() -> Any:
        return krita.do("choose('Stylize'); answer = choices('model')")

    wait_for(lambda: "My own" in models())
    reply = krita.apply(f"load({str(photo)!r}); apply('Stylize', model='My own')")
    assert reply == "Done, in a new layer"
    assert np.array_equal(layer(krita, tmp_path / "layer")[..., :3], pixels(photo))


def test_a_number_that_may_be_automatic_is_so_below_its_lowest_value(
    krita: KritaHost, running_service: Service, photo: Path, tmp_path: Path
) -> None:
    def shown() -> Any:
        return krita.do("docker().refresh(); choose('Stylize'); answer = field('strength').text()")

    with running_service.automatic_strength():
        wait_for(lambda: shown() == "Automatic")
        message = krita.apply(f"load({str(photo)!r}); apply('Stylize')")
        assert "'auto' is not of type float" in message
        assert krita.apply("apply('Stylize', strength=0.0)") == "Done, in a new layer"
        assert np.array_equal(layer(krita, tmp_path / "layer")[..., :3], pixels(photo))
    wait_for(lambda: shown() != "Automatic")


def test_candidates_are_layers_of_a_group_that_one_undo_takes_back(
    krita: KritaHost, running_service: Service, photo: Path, selection: NDArray[np.uint8], tmp_path: Path
) -> None:
    code = f"load({str(photo)!r}); {select(selection)} apply('Inpaint', grow=3, candidates=3, seed=4)"
    assert krita.apply(code, 120) == "Done, in 3 new layers"
    children = "[(node.name(), node.visible()) for node in top().childNodes()]"
    assert krita.do(f"answer = {children}") == [["Inpaint 3", False], ["Inpaint 2", False], ["Inpaint 1", True]]
    mask = ("--mask", mask_of(tmp_path / "mask.png", selection), "--grow", "3")
    for number, seed in ((1, 4), (3, 6)):
        shown = tmp_path / f"{number}.png"
        krita.do(
            f"[node.setVisible(node.name() == 'Inpaint {number}') for node in top().childNodes()]; "
            f"export({str(shown)!r})"
        )
        wanted = command_line(running_service, "inpaint", photo, *mask, "--seed", str(seed), "--overwrite")
        assert np.array_equal(pixels(shown)[..., :3], wanted)
    krita.do(f"undo(); export({str(tmp_path / 'undone.png')!r})")
    assert krita.do("answer = layers()") == ["Background", "Selection Mask"]
    assert np.array_equal(pixels(tmp_path / "undone.png")[..., :3], pixels(photo))


def test_fractional_sizes_equal_the_command_line(
    krita: KritaHost, running_service: Service, photo: Path, tmp_path: Path
) -> None:
    reply = krita.apply(f"load({str(photo)!r}); apply('Upscale', scale='1.5')")
    krita.do(f"export({str(tmp_path / 'out.png')!r})")
    assert reply.startswith("Done, in a new layer"), reply
    target = tmp_path / "cli.png"
    running_service.ganfx("upscale", photo, "-o", target, "-n", "photo-x4", "-s", "1.5")
    assert pixels(target).shape[:2] == (144, 192)
    assert np.array_equal(pixels(tmp_path / "out.png")[..., :3], pixels(target))
