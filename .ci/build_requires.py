"""Prints what builds the project, for the locks: the build-system's requirements in pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

if __name__ == "__main__":
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    print(*project["build-system"]["requires"], sep="\n")
