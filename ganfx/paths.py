"""The user's folders, and the environment variables that ganfx reads.

Folders follow the platform's rules (platformdirs): the XDG folders on Linux, ~/Library on macOS, AppData on Windows.
None of the functions makes a folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PREFIX = "GANFX_"
# Every variable that ganfx reads, and what it does. An empty variable counts as one that is not set.
VARIABLES = {
    "GANFX_FEATURES": "folder of the feature networks that training and evaluation use; without it they do without",
    "GANFX_MAX_MEMORY_MIB": "MiB for a picture where memory holds all of it, instead of half of what is free",
    "GANFX_MAX_PIXELS": "pixels that a picture may have, as in 150M or 2G, instead of 1073741824",
    "GANFX_MODELS": "folder of your own models, instead of `models` in the user's data folder",
    "GANFX_OFFLINE": "any value: `ganfx models pull` fetches nothing",
    "GANFX_STATE": "folder of journals, logs and the service's files, instead of `ganfx` in the user's state folder",
}


def models_dir() -> Path:
    """The folder of the user's own models: GANFX_MODELS, or `models` in the user's data folder."""
    import platformdirs  # in the functions, since it takes as long to import as all else that `--help` needs

    chosen = os.environ.get("GANFX_MODELS")
    return Path(chosen) if chosen else platformdirs.user_data_path("ganfx", appauthor=False) / "models"


def state_dir() -> Path:
    """The folder of what ganfx must remember: GANFX_STATE, as an absolute path, or one in the user's state folder."""
    import platformdirs

    chosen = os.environ.get("GANFX_STATE")
    return Path(chosen).absolute() if chosen else platformdirs.user_state_path("ganfx", appauthor=False)


def error_log() -> Path:
    """The log of errors that nobody foresaw, with their tracebacks."""
    return state_dir() / "errors.log"


def cache_dir() -> Path:
    """The folder of what can be made or fetched again: measured precisions, TensorRT's engines, downloads."""
    import platformdirs

    return platformdirs.user_cache_path("ganfx", appauthor=False)


def config_dir() -> Path:
    """The folder of the user's own ganfx.toml."""
    import platformdirs

    return platformdirs.user_config_path("ganfx", appauthor=False)


def systemd_user_dir() -> Path:
    """Where systemd looks for the user's own units, on Linux."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def applications_dir() -> Path:
    """Where desktops on Linux look for the user's own programs."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "applications"


def features_dir() -> Path | None:
    """The folder that GANFX_FEATURES names, if it exists."""
    chosen = os.environ.get("GANFX_FEATURES")
    return Path(chosen) if chosen and Path(chosen).is_dir() else None


def is_offline() -> bool:
    """Whether GANFX_OFFLINE forbids downloads."""
    return bool(os.environ.get("GANFX_OFFLINE"))


def max_pixels() -> str | None:
    """The value of GANFX_MAX_PIXELS; None where it is not set."""
    return os.environ.get("GANFX_MAX_PIXELS") or None


def set_max_pixels(text: str) -> None:
    """Set GANFX_MAX_PIXELS for this process and those that it starts."""
    os.environ["GANFX_MAX_PIXELS"] = text


def max_memory_mib() -> str | None:
    """The value of GANFX_MAX_MEMORY_MIB; None where it is not set."""
    return os.environ.get("GANFX_MAX_MEMORY_MIB") or None


def own_command() -> list[str]:
    """The command that starts this ganfx in a process elsewhere, before its arguments.

    With -P, which keeps Python from importing modules that lie in the folder where the process happens to be.
    """
    return [sys.executable, "-P", "-m", "ganfx"]


def own_environment() -> dict[str, str]:
    """The environment variables of ganfx that are set here, in alphabetical order: for a process started elsewhere."""
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(PREFIX)}
