"""Measuring the receptive field of a network."""

from __future__ import annotations

import torch
from torch import nn

from ganfx.spec import ModelSpec

MAX_FIELD = 48
NEGLIGIBLE = 1e-3


def receptive_field(network: nn.Module, spec: ModelSpec) -> int:
    """Input pixels on each side that an output pixel depends on, at most `MAX_FIELD`.

    Read from the gradient of one output pixel with respect to noise (the effective receptive field of Luo et al.
    2016): further pixels hold less than a thousandth of its magnitude.
    """
    unit = spec.multiple_of
    side = -(-max(2 * MAX_FIELD + 1, spec.min_size) // unit) * unit
    noise = torch.rand(1, spec.in_channels, side, side, generator=torch.Generator().manual_seed(0))
    noise.requires_grad_(True)
    center = side // 2
    controls = [torch.full((1,), control.default) for control in spec.controls]
    output = network.eval()(noise, *controls)
    (gradient,) = torch.autograd.grad(output[0, :, center * spec.scale, center * spec.scale].sum(), noise)
    position = (torch.arange(side) - center).abs()
    distance = torch.maximum(position[:, None], position[None, :])
    share = torch.zeros(center + 1).index_add_(0, distance.flatten(), gradient.abs().sum((0, 1)).flatten())
    beyond = share.sum() - share.cumsum(0)
    field = int((beyond > NEGLIGIBLE * share.sum()).sum())
    return min(MAX_FIELD, max(1, field))
