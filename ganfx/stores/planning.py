"""Which pictures of stores a batch is of, and where their results go: found while they are listed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import cast

from ganfx.batch.items import Item
from ganfx.batch.name_template import APART, NameTemplate
from ganfx.errors import OptionError
from ganfx.files import PICTURE_SUFFIXES, WRITABLE
from ganfx.files.formats import PNG, READABLE
from ganfx.stores.addresses import Address, split
from ganfx.stores.store import Store, StoredFile


@dataclass(frozen=True)
class StoreItem(Item):
    """One picture in a store, and where its result goes; `source` and `target` are what people call the two.

    store   where the picture lies, and `entry` what is known of it
    result  the name of the result in the output
    clash   the picture that has the same result, listed before; None where none has
    """

    store: Store | None = None
    entry: StoredFile | None = None
    result: str = ""
    clash: str | None = None


@dataclass(frozen=True)
class Names:
    """How results are named: by `template`.

    values: the fields that are the same for all results. extension: their suffix; None: that of the picture's format.
    file: the name of the only result; None: there are several. alpha: results have one, and a format that holds it.
    """

    template: NameTemplate | None
    values: dict[str, str]
    extension: str | None = None
    file: str | None = None
    alpha: bool = False

    def result(self, name: str) -> str:
        """The name of the result of the picture called `name`. Raises OptionError for a field without one value."""
        if self.file:
            return self.file
        path = PurePosixPath(name)
        own = {"stem": path.stem, "ext": self.extension or _extension(path, self.alpha), "candidate": "1"}
        template = self.template or NameTemplate(APART)
        try:
            return str(path.with_name(template.fill({**self.values, **own})))
        except KeyError as error:
            message = f"name {str(template)!r}: {{{error.args[0]}}} is not the same for all pictures here"
            raise OptionError(message, hint="leave that field out") from error


def sources_of(names: Sequence[str], output: Store, *, recursive: bool) -> list[tuple[Store, StoredFile | None]]:
    """The folders that `names` are, and the files, each with the folder it lies in.

    Raises OptionError where one is missing, or is where results go.
    """
    found = list[tuple[Store, StoredFile | None]]()
    for name in names:
        store = Store(name)
        entry = store.entry()
        if entry is None:
            if _same_place(store, output):
                raise OptionError(f"{name} is the output, too", hint="name another folder with -o")
            found.append((store, None))
        else:
            folder, own = split(name)
            found.append((Store(folder), StoredFile(own, entry.size, entry.version)))
    return found


def planned(
    sources: Sequence[tuple[Store, StoredFile | None]], output: Store, names: Names, *, recursive: bool
) -> Iterator[StoreItem]:
    """The items of all pictures, as they are listed. Raises OptionError as `Store.files` and `Names.result` do."""
    taken: dict[str, str] = {}
    for store, entry in sources:
        entries = [entry] if entry else _pictures(store, output, recursive)
        for found in entries:
            result, called = names.result(found.name), store.address_of(found.name)
            clash = taken.setdefault(os.path.normcase(result), called)
            yield StoreItem(
                cast(Path, Address(called)),
                cast(Path, Address(output.address_of(result))),
                store=store,
                entry=found,
                result=result,
                clash=None if clash == called else clash,
            )


def _pictures(store: Store, output: Store, recursive: bool) -> Iterator[StoredFile]:
    """The files in a folder that are called as pictures are, but those that lie where results go."""
    inner = _below(output, store)
    for entry in store.files(recursive=recursive):
        is_result = inner is not None and entry.name.startswith(f"{inner}/")
        if PurePosixPath(entry.name).suffix.lower() in PICTURE_SUFFIXES and not is_result:
            yield entry


def _extension(path: PurePosixPath, alpha: bool) -> str:
    """The suffix of the result of a picture, by its name alone: the same for all who ask."""
    form = READABLE.get(path.suffix.lower(), PNG)
    suffix = path.suffix if path.suffix.lower() in form.suffixes and form.is_written else form.result_suffix
    return PNG.suffixes[0] if alpha and not WRITABLE[suffix.lower()].alpha else suffix


def _same_place(one: Store, other: Store) -> bool:
    return (type(one.fs), one.root) == (type(other.fs), other.root)


def _below(inner: Store, outer: Store) -> str | None:
    """The path of a folder relative to another one that it lies in; None where it does not."""
    is_below = type(inner.fs) is type(outer.fs) and inner.root.startswith(f"{outer.root}/")
    return inner.root[len(outer.root) + 1 :] if is_below else None
