"""Masks of the inpainting evaluation: reproducible by name, and of the documented sizes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ganfx.evaluation.masks import KINDS, draw_mask

SHARES = {"scratches": (0.025, 0.075), "objects": (0.025, 0.075), "large": (0.15, 0.25), "huge": (0.5, 0.8)}


@pytest.mark.parametrize("kind", KINDS)
def test_masks_depend_on_the_name_alone_and_keep_their_share(kind: str) -> None:
    low, high = SHARES[kind]
    for height, width in ((64, 64), (70, 301), (512, 512)):
        for name in "abcdefgh":
            mask = draw_mask(kind, height, width, name)
            assert mask.shape == (height, width)
            assert set(np.unique(mask)) == {0, 1}
            assert low <= mask.mean() <= high, (height, width, name)
            np.testing.assert_array_equal(mask, draw_mask(kind, height, width, name))
    assert not np.array_equal(draw_mask(kind, 64, 64, "a"), draw_mask(kind, 64, 64, "b"))


def test_scratches_are_thin_and_objects_are_not() -> None:
    def depth(kind: str, name: str) -> float:
        """How far a masked pixel is from a known one, on average."""
        mask = draw_mask(kind, 512, 512, name).astype(np.uint8)
        return float(cv2.distanceTransform(mask, cv2.DIST_L2, 5)[mask > 0].mean())

    for name in "abcdefgh":
        assert depth("scratches", name) < 2.5
        assert 5 < depth("objects", name) < 30


def test_huge_holes_leave_something_everywhere_on_average() -> None:
    """A drawing that favors a corner would measure that corner."""
    mean = np.mean([draw_mask("huge", 96, 96, str(name)) for name in range(60)], axis=0)
    quarters = [half.mean() for side in np.split(mean, 2) for half in np.split(side, 2, axis=1)]
    assert max(quarters) - min(quarters) < 0.15


def test_a_large_object_is_one_piece_inside_the_picture() -> None:
    for name in "abcdefgh":
        count, _ = cv2.connectedComponents(draw_mask("large", 512, 512, name).astype(np.uint8))
        assert count == 2
