"""Examples that are dear to make: kept, and each drawn several times before a new one takes its place."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

# (how many, patch) -> parts of the examples, each (N, ...), in the number format they are to be kept in.
Make = Callable[[int, int], tuple[Tensor, ...]]
# Examples to begin with.
_FIRST = 100


class Pool:
    """Up to `most` examples from `make`; with each batch `fresh` new ones take the place of the oldest."""

    def __init__(self, make: Make, fresh: int, most: int) -> None:
        self.make, self.fresh, self.most = make, fresh, most
        self.kept: list[tuple[Tensor, ...]] = []
        self.oldest, self.patch = 0, 0

    def draw(self, batch: int, patch: int) -> tuple[Tensor, ...]:
        """The parts of `batch` random examples of a side of `patch` pixels, each (batch, ...)."""
        if patch != self.patch:
            self.kept, self.oldest, self.patch = [], 0, patch
        self._renew()
        while len(self.kept) < _FIRST:
            self._renew()
        chosen = [self.kept[index] for index in torch.randint(len(self.kept), (batch,)).tolist()]
        return tuple(torch.stack(parts) for parts in zip(*chosen, strict=True))

    def _renew(self) -> None:
        for example in zip(*self.make(self.fresh, self.patch), strict=True):
            self.kept[self.oldest : self.oldest + 1] = [example]
            self.oldest = (self.oldest + 1) % self.most


def as_bytes(images: Tensor) -> Tensor:
    """Pictures in [0, 1] as uint8."""
    return (images.clamp(0, 1) * 255).round().to(torch.uint8)


def as_floats(kept: Tensor) -> Tensor:
    """What was kept in fp32: pictures of uint8 in [0, 1], floats as they are."""
    return kept.float() / 255 if kept.dtype == torch.uint8 else kept.float()
