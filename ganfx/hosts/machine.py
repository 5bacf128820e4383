"""The platform, environment and user folders that decide where programs keep their files."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """A computer and its user; tests pass other platforms.

    platform      as in sys.platform
    environment   the environment variables
    home          the user's home folder
    """

    platform: str
    environment: Mapping[str, str]
    home: Path

    @classmethod
    def current(cls) -> Machine:
        """This computer."""
        return cls(sys.platform, os.environ, Path.home())

    def folder(self, variable: str, otherwise: str) -> Path:
        """The folder in an environment variable if that is an absolute path, else `otherwise` in the home folder."""
        named = self.environment.get(variable, "")
        return Path(named) if os.path.isabs(named) else self.home / otherwise

    @property
    def desktop(self) -> dict[str, str]:
        """The environment without an activated virtual environment, as a desktop starts programs.

        A Python embedded in a program would otherwise take the first interpreter in PATH for its own.
        """
        venv = self.environment.get("VIRTUAL_ENV")
        if not venv:
            return dict(self.environment)
        others = {name: value for name, value in self.environment.items() if name != "VIRTUAL_ENV"}
        folders = others.get("PATH", "").split(os.pathsep)
        return {**others, "PATH": os.pathsep.join(path for path in folders if Path(venv) not in Path(path).parents)}

    @property
    def config(self) -> Path:
        """The user's folder for settings."""
        if self.platform == "win32":
            return self.folder("APPDATA", "AppData/Roaming")
        if self.platform == "darwin":
            return self.home / "Library/Application Support"
        return self.folder("XDG_CONFIG_HOME", ".config")

    @property
    def data(self) -> Path:
        """The user's folder for application data."""
        return self.config if self.platform in ("win32", "darwin") else self.folder("XDG_DATA_HOME", ".local/share")
