"""Several results to choose from in GIMP, with a fake GIMP: what is sent, and the layers that come of it.

tests/real_hosts does the same in the real GIMP.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.plugins.gimp.fake import FakeClient, Image, Layer
from tests.plugins.gimp.helpers import control, run, schema

CONTROLS = [control("candidates", "int", 1, low=1, high=16), control("seed", "int", 0, low=0, high=99)]
FILL = schema("inpaint", mask="required", controls=CONTROLS)


def written(image: Image) -> list[Any]:
    """What was done to the image."""
    return [call for call in image.calls if call[0] not in ("get", "get_item_position", "copy", "combine_masks")]


def test_each_candidate_is_a_layer_above_and_only_the_first_is_visible(plug_in: ModuleType, client: FakeClient) -> None:
    image = Image((60, 40), (20, 10, 5, 5))
    result = run(plug_in, FILL, [Layer(image, (60, 40), mode="MULTIPLY")], candidates=3, seed=7)
    assert result.status == "SUCCESS"
    assert [job.options for job in client.sent] == [{"seed": 7}, {"seed": 8}, {"seed": 9}]
    for job in client.sent:
        assert (job.layer, job.pixels.channels, len(job.mask)) == (True, 4, 60 * 40)
    done = written(image)
    assert [done[0], done[-1]] == [("undo_group_start",), ("undo_group_end",)]
    assert [call[1:] for call in done if call[0] == "new_layer"] == [
        (f"inpaint {number}".capitalize(), "RGBA", 70, "MULTIPLY") for number in (1, 2, 3)
    ]
    assert [call[1] for call in done if call[0] == "set_visible"] == [True, False, False]
    assert [call[1] for call in done if call[0] == "set"] == ["R'G'B'A u8"] * 3
    assert "merge" not in [call[0] for call in done]


def test_one_candidate_fills_the_layer_itself(plug_in: ModuleType, client: FakeClient) -> None:
    image = Image((60, 40), (20, 10, 5, 5))
    assert run(plug_in, FILL, [Layer(image, (60, 40))], seed=7).status == "SUCCESS"
    (job,) = client.sent
    assert (job.layer, job.pixels.channels, job.options) == (False, 3, {"seed": 7})
    assert "new_layer" not in [call[0] for call in image.calls]
    assert ("merge", True) in image.calls


def test_equal_candidates_are_one_layer_and_that_is_said(
    plug_in: ModuleType, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, said = Image((60, 40), (20, 10, 5, 5)), list[str]()
    client.has_choices = False
    monkeypatch.setattr(plug_in.Gimp, "message", said.append, raising=False)
    assert run(plug_in, FILL, [Layer(image, (60, 40))], candidates=5).status == "SUCCESS"
    assert len(client.sent) == 2
    assert [call[1] for call in written(image) if call[0] == "new_layer"] == ["Sky (Inpaint)"]
    assert said == ["There is one result only: thin holes are filled in one way"]


def test_a_failure_among_them_leaves_the_image_unchanged(plug_in: ModuleType, client: FakeClient) -> None:
    image = Image((60, 40), (20, 10, 5, 5))

    def fail_the_second() -> None:
        if len(client.sent) == 2:
            client.failure = plug_in.ServiceError("the disk is full")

    client.while_working = fail_the_second
    result = run(plug_in, FILL, [Layer(image, (60, 40))], candidates=3)
    assert (result.status, result.error) == ("EXECUTION_ERROR", "The disk is full")
    assert {call[0] for call in image.calls} == {"get"}
