"""A computer as its programs see it: what tells them where they keep their things."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """A computer and its user. platform is named as in sys.platform."""

    platform: str
    environment: Mapping[str, str]
    home: Path

    @classmethod
    def here(cls) -> Machine:
        """This one."""
        return cls(sys.platform, os.environ, Path.home())

    def folder(self, variable: str, otherwise: str) -> Path:
        """The folder that an environment variable names, or one in the home folder where it names none."""
        named = self.environment.get(variable, "")
        return Path(named) if os.path.isabs(named) else self.home / otherwise

    @property
    def desktop(self) -> dict[str, str]:
        """The environment without the virtual one that a shell has switched on.

        The Python in a program, which is not in there, would take the first one in PATH for its own.
        """
        own = self.environment.get("VIRTUAL_ENV")
        if not own:
            return dict(self.environment)
        others = {name: value for name, value in self.environment.items() if name != "VIRTUAL_ENV"}
        folders = others.get("PATH", "").split(os.pathsep)
        return {**others, "PATH": os.pathsep.join(path for path in folders if Path(own) not in Path(path).parents)}

    @property
    def config(self) -> Path:
        """Where programs keep their settings."""
        if self.platform == "win32":
            return self.folder("APPDATA", "AppData/Roaming")
        if self.platform == "darwin":
            return self.home / "Library/Application Support"
        return self.folder("XDG_CONFIG_HOME", ".config")

    @property
    def data(self) -> Path:
        """Where programs keep what they were given."""
        return self.config if self.platform in ("win32", "darwin") else self.folder("XDG_DATA_HOME", ".local/share")
