"""Other people's networks in the real GIMP and Krita, imported as the base install does it: without torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.foreign import graphs
from tests.real_hosts.gimp_host import GimpHost
from tests.real_hosts.gimp_pictures import filtered, max_difference
from tests.real_hosts.gimp_pictures import pixels as opencv_pixels
from tests.real_hosts.krita_host import KritaHost
from tests.real_hosts.krita_pictures import pixels, select
from tests.real_hosts.service import Service

pytestmark = pytest.mark.hosts

# Files of ../shared/data/models by the names that they get.
UPSCALERS = {
    "general-pth": "RealESRGAN_General_x4_v3.from-ncnn-fp16.pth",
    "general-ncnn": "ncnn/RealESRGAN_General_WDN_x4_v3.param",
    "compact-c3": "4xLSDIRCompactC3_fp32.onnx",
    "nomos-span": "2xNomosUni_span_multijpg_ldl.onnx",
}
INPAINTERS = ("lama-form", "migan-form")
BOX = (30, 20, 70, 60)


@pytest.fixture(scope="module")
def base(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own whose Python finds no torch, with all those networks imported."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "no" / "torch").mkdir(parents=True)
    (folder / "no" / "torch" / "__init__.py").write_text("raise ModuleNotFoundError('No module named torch')\n")
    own = {"GANFX_STATE": str(folder / "state"), "GANFX_MODELS": str(folder / "models")}
    service = Service({**os.environ, **own, "PYTHONPATH": str(folder / "no")})
    service.models.mkdir()
    files = {name: shared_data / "models" / file for name, file in UPSCALERS.items()}
    files["lama-form"] = graphs.lama(folder / "lama.onnx", side=512)
    files["migan-form"] = graphs.migan(folder / "migan.onnx")
    for name, file in files.items():
        service.ganfx("models", "import", file, "--name", name, "--license", "MIT")
    service.start()
    yield service
    service.kill()


@pytest.fixture(scope="module")
def small(photo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """96x80 pixels of a photograph."""
    path = tmp_path_factory.mktemp("small") / "small.png"
    with Image.open(photo) as whole:
        whole.crop((0, 0, 96, 80)).save(path)
    return path


@pytest.fixture(scope="module")
def mask() -> NDArray[np.uint8]:
    left, top, right, bottom = BOX
    mask = np.zeros((80, 96), np.uint8)
    mask[top:bottom, left:right] = 255
    return mask


@pytest.fixture(scope="module")
def expected(
    base: Service, small: Path, mask: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """What the command line makes of that picture with each network."""
    folder = tmp_path_factory.mktemp("cli")
    Image.fromarray(mask).save(folder / "mask.png")
    made = {name: folder / f"{name}.png" for name in (*UPSCALERS, *INPAINTERS)}
    for name in UPSCALERS:
        base.ganfx("upscale", small, "-o", made[name], "-n", name)
    for name in INPAINTERS:
        base.ganfx("inpaint", small, "--mask", folder / "mask.png", "-o", made[name], "-n", name, "--grow", "3")
    return made


@pytest.fixture(scope="module")
def own_gimp(base: Service, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GimpHost]:
    host = GimpHost(tmp_path_factory.mktemp("own-gimp"), [tmp_path_factory.getbasetemp()], base.environment)
    base.ganfx("plugins", "install", "gimp", environment=host.environment)
    with host.running():
        yield host


@pytest.fixture(scope="module")
def own_krita(base: Service, display: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KritaHost]:
    host = KritaHost(tmp_path_factory.mktemp("own-krita"), base.environment)
    base.ganfx("plugins", "install", "krita", environment=host.environment)
    host.start(display)
    yield host
    host.stop()


def shown_name(krita: KritaHost, filter_name: str, model: str) -> str:
    """How the docker spells a model's name."""
    shown: list[str] = krita.do(f"choose({filter_name!r}); answer = choices('model')")
    (found,) = [one for one in shown if one.lower().replace(" ", "-") == model]
    return found


@pytest.mark.parametrize("name", UPSCALERS)
def test_upscalers_run_in_gimp(
    own_gimp: GimpHost, small: Path, expected: dict[str, Path], tmp_path: Path, name: str
) -> None:
    result = filtered(own_gimp, small, "upscale", tmp_path / "gimp.png", values=f"model={name!r}")
    assert result.shape[0] in (160, 320)
    assert max_difference(result, opencv_pixels(expected[name])) == 0


@pytest.mark.parametrize("name", INPAINTERS)
def test_inpainters_run_in_gimp(
    own_gimp: GimpHost, small: Path, expected: dict[str, Path], tmp_path: Path, name: str
) -> None:
    left, top, right, bottom = BOX
    box = f"image.select_rectangle(Gimp.ChannelOps.REPLACE, {left}, {top}, {right - left}, {bottom - top})"
    result = filtered(own_gimp, small, "inpaint", tmp_path / "gimp.png", box, f"model={name!r}, grow=3")
    assert max_difference(result, opencv_pixels(expected[name])) == 0
    assert max_difference(result, opencv_pixels(small)) > 8


@pytest.mark.parametrize("name", UPSCALERS)
def test_upscalers_run_in_krita(
    own_krita: KritaHost, small: Path, expected: dict[str, Path], tmp_path: Path, name: str
) -> None:
    title = shown_name(own_krita, "Upscale", name)
    reply = own_krita.apply(f"load({str(small)!r}); apply('Upscale', model={title!r})")
    own_krita.do(f"export({str(tmp_path / 'out.png')!r}); reset()")
    assert reply.startswith("Done, in a new layer"), reply
    assert np.array_equal(pixels(tmp_path / "out.png")[..., :3], pixels(expected[name]))


@pytest.mark.parametrize("name", INPAINTERS)
def test_inpainters_run_in_krita(
    own_krita: KritaHost, small: Path, mask: NDArray[np.uint8], expected: dict[str, Path], tmp_path: Path, name: str
) -> None:
    title = shown_name(own_krita, "Inpaint", name)
    reply = own_krita.apply(f"load({str(small)!r}); {select(mask)} apply('Inpaint', model={title!r}, grow=3)")
    own_krita.do(f"export({str(tmp_path / 'out.png')!r}); reset()")
    assert reply.startswith("Done, in a new layer"), reply
    assert np.array_equal(pixels(tmp_path / "out.png")[..., :3], pixels(expected[name]))
