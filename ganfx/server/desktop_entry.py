"""`ganfx ui --install`: the page in the menu of the desktop, for those who have no terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from ganfx.atomic import reason_of, write_atomic
from ganfx.errors import OptionError, OutputError
from ganfx.paths import applications_dir, own_command

_ENTRY = """\
[Desktop Entry]
Type=Application
Name=ganfx
GenericName=Picture enhancer
Comment=Enlarge, clean, repair and colorize pictures
Exec={command}
Icon={icon}
Terminal=false
Categories=Graphics;Photography;
Keywords=upscale;enlarge;denoise;inpaint;colorize;
"""
_SPECIAL = {character: f"\\{character}" for character in '"`$\\'}


def install_entry() -> Path:
    """Write the entry and its icon into the user's applications; the entry's path. Raises OptionError, OutputError."""
    entry, icon = _paths()
    source = Path(__file__).with_name("web") / "icon.svg"
    text = _ENTRY.format(command=" ".join(map(_quoted, [*own_command(), "ui"])), icon=icon)
    try:
        for path, content in ((icon, source.read_text(encoding="utf-8")), (entry, text)):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, content)
    except OSError as error:
        raise OutputError(f"{entry} cannot be written: {reason_of(error)}") from error
    return entry


def uninstall_entry() -> None:
    """Remove what `install_entry` wrote. Raises OptionError, OutputError."""
    for path in _paths():
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{path} cannot be removed: {reason_of(error)}") from error


def _paths() -> tuple[Path, Path]:
    """The entry and its icon."""
    if not sys.platform.startswith("linux"):
        raise OptionError("there is a menu entry for Linux alone", hint="run: ganfx ui")
    folder = applications_dir()
    return folder / "ganfx.desktop", folder.parent / "icons" / "hicolor" / "scalable" / "apps" / "ganfx.svg"


def _quoted(word: str) -> str:
    """A word of a command as the desktop entry specification has it: % is doubled, the rest in quotes."""
    inside = "".join(_SPECIAL.get(character, character) for character in word)
    return '"' + inside.replace("\\", "\\\\").replace("%", "%%") + '"'
