"""What `make dist` runs: is the wheel whole, and does it work in an empty environment of each Python that is here?

usage: python tests/dist.py FOLDER, with one wheel and one sdist in it. Ends with status 1 and says what is wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
# Folder in the repository -> folder in the wheel.
PACKAGES = {"ganfx": "ganfx", "exporters": "ganfx/exporters", "plugins": "ganfx/plugins"}
# Pictures are for readers of the repository.
LEFT_OUT = {".jpg", ".png", ".pyc"}
PICTURE = """
import cv2, numpy
cv2.imwrite("in.png", numpy.random.default_rng(0).integers(0, 255, (24, 32, 3), numpy.uint8))
"""
SMOKE_TEST = """
import ganfx
from ganfx.hub import list_models
assert (ganfx.open_picture("out.png").width, ganfx.open_picture("out.png").height) == (128, 96)
assert all(model.installed and not model.problem for model in list_models() if model.origin == "bundled")
"""


def packaged_files() -> set[str]:
    """The files of the repository's packages, by their names in the wheel."""
    return {
        f"{there}/{path.relative_to(ROOT / here).as_posix()}"
        for here, there in PACKAGES.items()
        for path in (ROOT / here).rglob("*.*")
        if path.is_file() and path.suffix not in LEFT_OUT
    }


def check_contents(wheel: Path, sdist: Path) -> None:
    """Raises SystemExit where a file is missing or does not belong there."""
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    if found != packaged_files():
        sys.exit(f"{wheel.name} differs from the repository: {sorted(found ^ packaged_files())}")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    if missing := {"CHANGELOG.md", "Makefile", "docs/architecture.md", "tests/conftest.py"} - names:
        sys.exit(f"{sdist.name} lacks {sorted(missing)}")


def find_pythons() -> dict[str, str]:
    """Version -> executable, of those in PATH or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for version in PYTHONS:
        for python in (f"python{version}", *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))):
            if _version(python) == version:
                found[version] = python
                break
    return found


def _version(python: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def try_out(wheel: Path, python: str) -> None:
    """Install the wheel into an empty environment of `python` and use it, far from the repository."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-m", "venv", f"{folder}/venv"], check=True)
        bin_ = next(path for path in (Path(folder, "venv", "bin"), Path(folder, "venv", "Scripts")) if path.is_dir())
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GANFX_"))}

        def run(program: str, *arguments: str) -> None:
            subprocess.run([bin_ / program, *arguments], cwd=folder, env=environment, check=True)

        run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
        run("python", "-c", PICTURE)
        run("ganfx", "--version")
        run("ganfx", "doctor")
        run("ganfx", "models", "verify", "photo-x4")
        run("ganfx", "upscale", "in.png", "-o", "out.png", "--provider", "cpu")
        run("ganfx", "plugins", "zip")
        run("python", "-c", SMOKE_TEST)


def main(folder: str) -> None:
    """Check what was built into `folder`."""
    (wheel,), (sdist,) = Path(folder).resolve().glob("*.whl"), Path(folder).resolve().glob("*.tar.gz")
    check_contents(wheel, sdist)
    pythons = find_pythons()
    if not pythons:
        sys.exit(f"none of Python {', '.join(PYTHONS)} is here")
    for version, python in pythons.items():
        print(f"\n{wheel.name} in Python {version}", flush=True)
        try_out(wheel, python)
    print(f"\nworks in Python {', '.join(pythons)}")


if __name__ == "__main__":
    main(sys.argv[1])
