"""Chrominance as classes: the bins of a*b* that sRGB reaches (Zhang et al. 2016)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.lab import lab_of

STEP = 10
_NEAREST = 5
_SIGMA = 5.0
# The largest |a*| and |b*| of sRGB, rounded up.
_REACH = 112


def bin_centres(step: int = STEP) -> Tensor:
    """(Q, 2), the a*b* centres of all bins of `step` units a side that hold a color of sRGB."""
    axis = torch.linspace(0, 1, 64)
    cube = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).reshape(1, 3, 64, -1)
    chroma = lab_of(cube)[0, 1:].flatten(1).T
    bins: Tensor = torch.unique((chroma / step).round(), dim=0)
    return bins * step


class Palette:
    """Soft labels and class weights for bins with `centres` (Q, 2), on one device."""

    def __init__(self, centres: Tensor) -> None:
        axis = torch.arange(-_REACH, _REACH + 1, device=centres.device, dtype=torch.float32)
        grid = torch.cartesian_prod(axis, axis)
        distance, self._bins = torch.cdist(grid, centres).topk(_NEAREST, largest=False)
        closeness = torch.exp(-(distance**2) / (2 * _SIGMA**2))
        self._shares = closeness / closeness.sum(1, keepdim=True)
        self.weights = torch.ones(len(centres), device=centres.device)

    def _rows(self, chroma: Tensor) -> Tensor:
        a, b = chroma.round().clamp(-_REACH, _REACH).long().unbind(1)
        return (a + _REACH) * (2 * _REACH + 1) + b + _REACH

    def rebalance(self, chroma: Tensor, power: float) -> None:
        """Weigh each class by its frequency in `chroma` (N, 2, H, W) to the minus `power`, smoothed.

        The expected weight is one. A power of 0 weighs all classes alike, 1 makes rare colors count as
        much as common ones.
        """
        rows = self._rows(chroma).flatten()
        counts = torch.zeros_like(self.weights)
        counts.index_add_(0, self._bins[rows].flatten(), self._shares[rows].flatten())
        frequency = counts / counts.sum()
        weights = (0.5 * frequency + 0.5 / len(frequency)) ** -power
        self.weights = weights / (weights * frequency).sum()

    def loss(self, logits: Tensor, chroma: Tensor) -> Tensor:
        """Weighted cross-entropy of logits (N, Q, H, W) against a*b* (N, 2, H, W), each spread over five bins."""
        rows = self._rows(chroma)
        bins, shares = (table[rows].movedim(-1, 1) for table in (self._bins, self._shares))
        entropy = -(F.log_softmax(logits.float(), 1).gather(1, bins) * shares).sum(1)
        return (entropy * self.weights[bins[:, 0]]).mean()
