"""Names that packages export lazily, each listed once, in a stub."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = [".".join(path.parent.relative_to(ROOT).parts) for path in sorted((ROOT / "ganfx").rglob("__init__.pyi"))]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_in_a_stub_is_there(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__
    assert all(getattr(module, name) is not None for name in module.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_imports_none_of_its_modules(package: str) -> None:
    script = f"import sys, {package}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in loaded if name.startswith(f"{package}.")} == set()


def test_stubs_are_installed_with_the_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    assert "*.pyi" in settings["package-data"]["*"]
