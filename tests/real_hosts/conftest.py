"""Fixtures for tests in the real programs: a service, an X display, the programs, and pictures."""

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
    """A service with its own state and model folders; not started."""
    folder = tmp_path_factory.mktemp("service")
    service = Service({**os.environ, "GANFX_STATE": str(folder / "state"), "GANFX_MODELS": str(folder / "models")})
    service.models.mkdir()
    yield service
    service.kill()


@pytest.fixture
def running_service(service: Service) -> Service:
    """The service, started here and not by the program under test, which may be sandboxed."""
    service.start()
    return service


def crop(source: Path, box: tuple[int, int, int, int], folder: Path) -> Path:
    """Save the part of `source` in `box` (left, top, right, bottom) as an 8-bit PNG in `folder`."""
    path = folder / f"{source.stem}.png"
    with Image.open(source) as picture:
        picture.convert("RGB").crop(box).save(path)
    return path


@pytest.fixture(scope="session")
def photo(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """128x96 pixels of a photograph."""
    source = shared_data / "eval" / "Set14" / "img_001.png"
    return crop(source, (100, 60, 228, 156), tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def old_photo(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """192x160 pixels of a scratched photograph."""
    source = shared_data / "real" / "photos_scratched" / "old_w_scratch__b.png"
    return crop(source, (0, 0, 192, 160), tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def new_gimp(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], GimpHost]:
    """Creates GIMPs with their own profiles, and the plug-in installed with `ganfx plugins install`."""
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
    """A Krita with the plug-in installed with `ganfx plugins install`; not started."""
    host = KritaHost(tmp_path_factory.mktemp("krita"), service.environment)
    service.ganfx("plugins", "install", "krita", environment=host.environment)
    yield host
    host.stop()


@pytest.fixture
def krita(krita_host: KritaHost, display: str) -> Iterator[KritaHost]:
    """That Krita, running and without images; shared by all tests that do not end it."""
    if krita_host.process is None:
        krita_host.start(display)
    yield krita_host
    if krita_host.process is not None:
        krita_host.do("reset()")


@pytest.fixture
def large(photo: Path, tmp_path: Path) -> Path:
    """A picture that takes the service many seconds."""
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
        with os.fdopen(reader) as output:
            name = ":" + output.readline().strip()
        with subprocess.Popen(["openbox"], env={**os.environ, "DISPLAY": name}, stderr=subprocess.DEVNULL) as manager:
            time.sleep(0.5)
            yield name
            manager.terminate()
        server.terminate()
