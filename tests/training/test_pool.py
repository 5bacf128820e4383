"""Examples that are drawn several times, and replaced."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganfx.training.pool import Pool, as_bytes, as_floats


def numbered() -> tuple[list[int], Pool]:
    """A pool of examples that are numbers, and how many were made."""
    made: list[int] = []

    def make(count: int, patch: int) -> tuple[Tensor, ...]:
        new = torch.arange(len(made), len(made) + count)
        made.extend(new.tolist())
        return new, torch.full((count,), patch)

    return made, Pool(make, fresh=5, most=30)


def test_the_pool_is_renewed_but_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganfx.training.pool._FIRST", 10)
    made, pool = numbered()
    for _ in range(9):
        numbers, patches = pool.draw(4, 64)
        assert numbers.shape == (4,)
        assert patches.tolist() == [64] * 4
    assert len(made) == 10 + 8 * 5
    assert sorted(int(number) for number, _ in pool.kept) == made[-30:]


def test_another_size_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganfx.training.pool._FIRST", 10)
    _, pool = numbered()
    pool.draw(4, 64)
    assert pool.draw(20, 96)[1].tolist() == [96] * 20


def test_pictures_are_kept_as_bytes_and_noise_as_it_is() -> None:
    assert as_floats(as_bytes(torch.tensor([-0.5, 0.0, 0.5, 1.5]))).tolist() == pytest.approx([0, 0, 128 / 255, 1])
    assert as_floats(torch.tensor([-2.5, 3.0], dtype=torch.half)).tolist() == [-2.5, 3.0]
