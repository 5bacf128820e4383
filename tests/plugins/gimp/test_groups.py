"""The GIMP plug-in's own reasoning about groups: what it sends of them, and where the answer goes.

That GIMP itself agrees is seen in tests/real_hosts.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.plugins.gimp.fake import FakeEngine, Image, Layer, Place
from tests.plugins.gimp.runs import run, schema


def group(image: Image, size: tuple[int, int], offsets: tuple[int, int] = (0, 0), **more: Any) -> Layer:
    kind = ("is_layer", "is_valid", "is_group", "has_alpha")
    return Layer(image, size, offsets, "R'G'B'A u8", kind=kind, **more)


@pytest.mark.parametrize(("mode", "shown"), [("MULTIPLY", "MULTIPLY"), ("PASS_THROUGH", "NORMAL")])
def test_the_answer_is_written_to_a_layer_above_the_group(
    plug_in: ModuleType, engine: FakeEngine, mode: str, shown: str
) -> None:
    image = Image((60, 40))
    assert run(plug_in, schema("stylize"), [group(image, (30, 20), (-4, 7), mode=mode)]).status == "SUCCESS"
    (job,) = engine.sent
    assert (job.layer, job.mask, job.pixels.channels) == (True, b"", 4)
    done = [note for note in image.notes if note[0] not in ("get", "insert_layer", "get_item_position", "copy")]
    assert done == [
        ("undo_group_start",),
        ("new_layer", "Sky (Stylize)", "RGBA", 70, shown),
        ("set_offsets", -4, 7),
        ("set", "R'G'B'A u8", (0, 0, 30, 20)),
        ("undo_group_end",),
    ]


@pytest.mark.parametrize(("selected", "masked"), [((5, 5, 9, 9), True), (None, False)])
def test_the_engine_hears_of_the_selection_on_a_group(
    plug_in: ModuleType, engine: FakeEngine, selected: Place | None, masked: bool
) -> None:
    image = Image((60, 40), selected)
    layers = [group(image, (30, 20)), Layer(image, (30, 20))]
    assert run(plug_in, schema("stylize"), layers).status == "SUCCESS"
    assert [(job.layer, len(job.mask)) for job in engine.sent] == [(True, 600 * masked), (False, 0)]


def test_a_group_with_nothing_in_it_is_not_sent(plug_in: ModuleType, engine: FakeEngine) -> None:
    image = Image((9, 9))
    answer = run(plug_in, schema("stylize"), [group(image, (1, 1), value=0)])
    assert "There is nothing to be seen in 'Sky'" in answer.error
    assert engine.sent == []
    assert {note[0] for note in image.notes} == {"get"}


def test_a_locked_group_is_refused(plug_in: ModuleType, engine: FakeEngine) -> None:
    answer = run(plug_in, schema("stylize"), [group(Image((9, 9)), (9, 9), locked=True)])
    assert "The pixels of 'Sky' are locked" in answer.error
    assert engine.sent == []
