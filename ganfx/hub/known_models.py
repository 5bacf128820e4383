"""The models that are known by name: ganfx's own catalogue, and the user's."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

from ganfx.errors import ModelError, nearest
from ganfx.hub.catalogue import MAX_TEXT_BYTES, Blocks, CatalogueBlock, read_catalogue
from ganfx.hub.entry import ModelEntry
from ganfx.open_folder import read_small
from ganfx.paths import config_dir

CATALOGUE = Path(__file__).with_name("catalogue.toml")
# Shorter names are part of too many others.
_SHORTEST_PART = 4
_MOST_SUGGESTED = 3


@functools.cache
def catalogue() -> tuple[ModelEntry, ...]:
    """The entries of ganfx's own catalogue, in its order. Raises ModelError where it is damaged."""
    return tuple(as_entry(block) for block in read_catalogue(CATALOGUE.read_text(encoding="utf-8")))


def user_catalogue() -> Path:
    """The file that holds the user's own catalogue, if there is one."""
    return config_dir() / "catalogue.toml"


def user_blocks() -> Blocks:
    """The blocks of the user's catalogue, in its order.

    Raises ModelError where it is damaged, or takes to itself what only ganfx's own may: a file that ships, its name, to
    be a default, or to be suggested.
    """
    path = user_catalogue()
    hint = "correct it, or remove it"
    try:
        text = read_small(path, MAX_TEXT_BYTES).decode()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no UTF-8"
        raise ModelError(f"{path}: cannot be read: {reason}", hint=hint) from error
    blocks = read_catalogue(text, where=str(path), hint=hint)
    for block in blocks:
        check_user_block(block, str(path))
    return blocks


def check_user_block(block: CatalogueBlock, where: str) -> None:
    """Raises ModelError where `block`, of the catalogue `where`, is one that only ganfx's own may have."""
    if block.file or block.default or block.suggested:
        raise ModelError(f"{where}: {block.name} has file, default or suggested", hint="only ganfx's own have that")
    if any(entry.name == block.name for entry in catalogue() if entry.file):
        raise ModelError(f"{where}: {block.name} is the name of a model that ships", hint="choose another name")


def known_downloads() -> list[ModelEntry]:
    """What can be downloaded: the user's own entries, then those of ganfx's whose names they leave. Raises ModelError
    where a catalogue is damaged."""
    own = [as_entry(block) for block in user_blocks()]
    taken = {entry.name for entry in own}
    return own + [entry for entry in catalogue() if entry.urls and entry.name not in taken]


def as_entry(block: CatalogueBlock) -> ModelEntry:
    """What `block` says, as an entry that is not installed."""
    file = block.download
    return ModelEntry(
        name=block.name,
        task=block.task,
        scale=block.scale,
        origin="bundled" if block.file else "download",
        license=block.license,
        description=block.description,
        default=block.default,
        suggested=block.suggested,
        refused=block.refused,
        size_bytes=file.size if file else None,
        file=block.file,
        urls=file.urls if file else (),
        sha256=file.sha256 if file else "",
        aliases=block.aliases,
        sets=block.sets,
        architecture=block.architecture,
        author=block.author,
    )


def called(name: str, entries: Iterable[ModelEntry]) -> ModelEntry | None:
    """The one entry that `name` means: its own name, an alias, or either but for case and punctuation; else None."""
    entries = list(entries)
    for entry in reversed(entries):  # the user's model comes after the one that ships
        if entry.name == name:
            return entry
    for same in (lambda one: one == name, lambda one: _plain(one) == _plain(name)):
        found = [entry for entry in entries if any(map(same, (entry.name, *entry.aliases)))]
        if found:
            return found[0] if len({entry.name for entry in found}) == 1 else None
    return None


def suggestion(name: str, entries: Iterable[ModelEntry], otherwise: str) -> str:
    """A hint with the entries whose names are like `name`, which means none of them; `otherwise` where none is."""
    entries, plain = list(entries), _plain(name)
    alike = [entry for entry in entries if any(_is_part(plain, _plain(one)) for one in (entry.name, *entry.aliases))]
    if not alike:
        return nearest(name, [entry.name for entry in entries], otherwise)
    if len(alike) == 1 and not alike[0].installed:
        return f"did you mean {alike[0].name}? fetch it with: ganfx models pull {alike[0].name}"
    return f"did you mean {' or '.join(entry.name for entry in alike[:_MOST_SUGGESTED])}?"


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _is_part(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= _SHORTEST_PART and shorter in longer
