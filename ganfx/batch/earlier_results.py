"""Leaves results of earlier runs out of the pictures to work on."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from ganfx.batch.fingerprints import ResultRecord
from ganfx.batch.inputs import Input
from ganfx.batch.patience import Patience
from ganfx.batch.records import Lookup, Records, followed, real
from ganfx.errors import HeldError, OutputError

_OPEN_JOURNALS = 8


def without_results(inputs: Sequence[Input], patience: Patience | None = None) -> list[Input]:
    """`inputs` without results that earlier runs made from them, or from other pictures in the same folder.

    patience: with other processes that write journals. Raises HeldError where one takes too long.
    """
    named = {real(picture.path) for picture in inputs}
    with Lookup(patience) as lookup, contextlib.closing(_NearbyJournals(lookup)) as journals:
        return [picture for picture in inputs if not _is_result(picture, journals, named)]


def _is_result(picture: Input, journals: _NearbyJournals, named: set[Path]) -> bool:
    source = journals.source_of(picture.path)
    if source is None:
        return False
    return source in named or (picture.root is not None and source.is_relative_to(followed(picture.root)))


class _NearbyJournals:
    """The journals on the folders above pictures; those of at most `_OPEN_JOURNALS` folders are open at once."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._opened: OrderedDict[Path, list[Records]] = OrderedDict()
        self._empty: set[Path] = set()

    def source_of(self, path: Path) -> Path | None:
        """The picture that ganfx made the one at `path` from; None where ganfx did not make it."""
        for folder in real(path).parents:
            for records in self._records(folder):
                if record := _origin(records, path):
                    return record.source
        return None

    def _records(self, folder: Path) -> list[Records]:
        if folder in self._empty:
            return []
        if folder not in self._opened:
            found = list(self._lookup.all(folder))
            if not found:
                self._empty.add(folder)
                return []
            self._opened[folder] = found
            if len(self._opened) > _OPEN_JOURNALS:
                _close(self._opened.popitem(last=False)[1])
        self._opened.move_to_end(folder)
        return self._opened[folder]

    def close(self) -> None:
        """Close all."""
        for records in self._opened.values():
            _close(records)
        self._opened.clear()


def _origin(records: Records, path: Path) -> ResultRecord | None:
    try:
        return records.origin(path)
    except HeldError:
        raise
    except OutputError:
        # It turned out to be damaged: then it says nothing.
        return None


def _close(journals: list[Records]) -> None:
    for journal in journals:
        journal.close()
