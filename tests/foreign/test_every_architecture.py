"""The documentation says what becomes of every architecture that spandrel knows, and that is what happens."""

from __future__ import annotations

import pytest

from ganfx.exporters.spandrel_nets import import_torchvision
from tests.foreign.architectures import LIBRARIES
from tests.foreign.judging import UNJUDGED, judge, rows

import_torchvision()

import spandrel  # noqa: E402

spandrel_extra_arches = pytest.importorskip("spandrel_extra_arches", reason="it comes with [import]")

# The least parity with torch that is right, in decibels.
_EQUAL = 60
# So many are imported at the least; the number only grows.
_LEAST = 38


def test_every_architecture_is_in_the_table():
    spandrel_extra_arches.install(ignore_duplicates=True)
    # Identifiers have dashes that the packages have not.
    known = {support.architecture.id.replace("-", "").casefold() for support in spandrel.MAIN_REGISTRY.architectures()}
    assert {name.casefold() for name in rows()} >= known
    assert rows().keys() == {name for library in LIBRARIES.values() for name in library}


def test_those_that_are_imported_are_as_torch_has_them():
    imported = [row for row in rows().values() if row.sizes]
    assert len(imported) >= _LEAST
    assert all((row.parity_db or 0) >= _EQUAL for row in imported)


@pytest.mark.foreign
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("real_processes")
@pytest.mark.parametrize("name", [name for library in LIBRARIES.values() for name in library])
def test_the_table_says_what_happens(name, tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    told = rows()[name]
    if told.reason == UNJUDGED:
        pytest.skip("python -m tests.foreign.judging writes what happens into the table")
    row = judge(name, tmp_path)
    assert (row.sizes, bool(row.reason)) == (told.sizes, bool(told.reason))
    assert "unforeseen" not in row.reason
    if row.sizes:
        assert row.parity_db
        assert row.parity_db >= _EQUAL
    if row.tiled_db:
        assert told.tiled_db
        assert row.tiled_db >= told.tiled_db - 3
