"""The GIMP plug-in on groups, with a fake GIMP: what it sends, and where it writes the result.

tests/real_hosts does the same in the real GIMP.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.plugins.gimp.fake import FakeClient, Image, Layer, Rect
from tests.plugins.gimp.helpers import run, schema


def group(image: Image, size: tuple[int, int], offsets: tuple[int, int] = (0, 0), **more: Any) -> Layer:
    kind = ("is_layer", "is_valid", "is_group", "has_alpha")
    return Layer(image, size, offsets, "R'G'B'A u8", kind=kind, **more)


@pytest.mark.parametrize(("mode", "shown"), [("MULTIPLY", "MULTIPLY"), ("PASS_THROUGH", "NORMAL")])
def test_the_result_is_written_to_a_layer_above_the_group(
    plug_in: ModuleType, client: FakeClient, mode: str, shown: str
) -> None:
    image = Image((60, 40))
    assert run(plug_in, schema("stylize"), [group(image, (30, 20), (-4, 7), mode=mode)]).status == "SUCCESS"
    (job,) = client.sent
    assert (job.layer, job.mask, job.pixels.channels) == (True, b"", 4)
    done = [call for call in image.calls if call[0] not in ("get", "insert_layer", "get_item_position", "copy")]
    assert done == [
        ("undo_group_start",),
        ("new_layer", "Sky (Stylize)", "RGBA", 70, shown),
        ("set_offsets", -4, 7),
        ("set_visible", True),
        ("set", "R'G'B'A u8", (0, 0, 30, 20)),
        ("undo_group_end",),
    ]


@pytest.mark.parametrize(("selected", "masked"), [((5, 5, 9, 9), True), (None, False)])
def test_the_selection_on_a_group_is_sent_as_the_mask(
    plug_in: ModuleType, client: FakeClient, selected: Rect | None, masked: bool
) -> None:
    image = Image((60, 40), selected)
    layers = [group(image, (30, 20)), Layer(image, (30, 20))]
    assert run(plug_in, schema("stylize"), layers).status == "SUCCESS"
    assert [(job.layer, len(job.mask)) for job in client.sent] == [(True, 600 * masked), (False, 0)]


def test_a_group_with_nothing_in_it_is_not_sent(plug_in: ModuleType, client: FakeClient) -> None:
    image = Image((9, 9))
    result = run(plug_in, schema("stylize"), [group(image, (1, 1), value=0)])
    assert "There is nothing to be seen in 'Sky'" in result.error
    assert client.sent == []
    assert {call[0] for call in image.calls} == {"get"}


def test_a_locked_group_is_refused(plug_in: ModuleType, client: FakeClient) -> None:
    result = run(plug_in, schema("stylize"), [group(Image((9, 9)), (9, 9), locked=True)])
    assert "The pixels of 'Sky' are locked" in result.error
    assert client.sent == []
