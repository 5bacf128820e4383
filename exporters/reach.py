"""How far a network looks: measured, for those whose layers nobody counted."""

from __future__ import annotations

import torch
from torch import nn

from ganfx.spec import ModelSpec

FURTHEST = 48
NEGLIGIBLE = 1e-3


def receptive_field(network: nn.Module, spec: ModelSpec) -> int:
    """Input pixels on each side that an output pixel depends on, at most `FURTHEST`.

    Read from the gradient of one output pixel with respect to noise (the effective receptive field of Luo et al.
    2016): further pixels hold less than a thousandth of its magnitude.
    """
    unit = spec.multiple_of
    side = -(-max(2 * FURTHEST + 1, spec.min_size) // unit) * unit
    noise = torch.rand(1, spec.in_channels, side, side, generator=torch.Generator().manual_seed(0))
    noise.requires_grad_(True)
    centre = side // 2
    controls = [torch.full((1,), control.default) for control in spec.controls]
    output = network.eval()(noise, *controls)
    (gradient,) = torch.autograd.grad(output[0, :, centre * spec.scale, centre * spec.scale].sum(), noise)
    position = (torch.arange(side) - centre).abs()
    distance = torch.maximum(position[:, None], position[None, :])
    share = torch.zeros(centre + 1).index_add_(0, distance.flatten(), gradient.abs().sum((0, 1)).flatten())
    beyond = share.sum() - share.cumsum(0)
    reach = int((beyond > NEGLIGIBLE * share.sum()).sum())
    return min(FURTHEST, max(1, reach))
