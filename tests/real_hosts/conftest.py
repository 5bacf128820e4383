"""What the tests in the real programs share: an engine of their own, a window to draw in, a picture to work on."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.real_hosts.gimp_host import TREE, GimpHost
from tests.real_hosts.krita_host import KritaHost
from tests.real_hosts.service import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """An engine with a state folder and a folder of models of its own; not started."""
    folder = tmp_path_factory.mktemp("engine")
    service = Service({**os.environ, "GANFX_STATE": str(folder / "state"), "GANFX_MODELS": str(folder / "models")})
    service.models.mkdir()
    yield service
    service.kill()


@pytest.fixture
def engine(service: Service) -> Service:
    """That engine, running on this side of every wall between it and the program under test."""
    service.start()
    return service


def piece(whole: Path, box: tuple[int, int, int, int], folder: Path) -> Path:
    """What of the picture `whole` is in `box` (left, top, right, bottom), as a PNG of 8 bits in `folder`."""
    path = folder / f"{whole.stem}.png"
    with Image.open(whole) as picture:
        picture.convert("RGB").crop(box).save(path)
    return path


@pytest.fixture(scope="session")
def photo(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """128x96 pixels of a photograph."""
    whole = shared_data / "eval" / "Set14" / "img_001.png"
    return piece(whole, (100, 60, 228, 156), tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def old_photo(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """192x160 pixels of a scratched photograph."""
    whole = shared_data / "real" / "photos_scratched" / "old_w_scratch__b.png"
    return piece(whole, (0, 0, 192, 160), tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def new_gimp(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], GimpHost]:
    """Makes GIMPs with profiles of their own, the plug-in installed as its users do it."""
    if not (TREE / "usr" / "bin" / "gimp-console-3.0").exists():
        pytest.fail(f"there is no GIMP in {TREE}: run tests/real_hosts/install.sh")

    def make(name: str) -> GimpHost:
        host = GimpHost(tmp_path_factory.mktemp(name), [tmp_path_factory.getbasetemp()], service.environment)
        service.ganfx("plugins", "install", "gimp", environment=host.environment)
        return host

    return make


@pytest.fixture(scope="session")
def gimp(new_gimp: Callable[[str], GimpHost]) -> Iterator[GimpHost]:
    """GIMP without a window."""
    with new_gimp("gimp").running() as host:
        yield host


@pytest.fixture(scope="session")
def krita_host(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KritaHost]:
    """A Krita with the plug-in installed as its users do it; not started."""
    host = KritaHost(tmp_path_factory.mktemp("krita"), service.environment)
    service.ganfx("plugins", "install", "krita", environment=host.environment)
    yield host
    host.stop()


@pytest.fixture
def krita(krita_host: KritaHost, display: str) -> Iterator[KritaHost]:
    """That Krita, running, with no image in it; one serves all tests that do not end it."""
    if krita_host.process is None:
        krita_host.start(display)
    yield krita_host
    if krita_host.process is not None:
        krita_host.do("reset()")


@pytest.fixture
def large(photo: Path, tmp_path: Path) -> Path:
    """A picture that takes the engine many seconds."""
    path = tmp_path / "large.png"
    with Image.open(photo) as small:
        small.resize((1600, 1200)).save(path)
    return path


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """The name of an X display with a window manager."""
    for program in ("Xvfb", "openbox", "xdotool"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is missing: run tests/real_hosts/install.sh")
    reader, writer = os.pipe()
    screen = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x900x24", "+extension", "GLX", "-nolisten", "tcp"]
    with subprocess.Popen(screen, pass_fds=[writer], stderr=subprocess.DEVNULL) as server:
        os.close(writer)
        with os.fdopen(reader) as said:
            name = ":" + said.readline().strip()
        with subprocess.Popen(["openbox"], env={**os.environ, "DISPLAY": name}, stderr=subprocess.DEVNULL) as manager:
            time.sleep(0.5)
            yield name
            manager.terminate()
        server.terminate()
