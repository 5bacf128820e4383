"""The oil style as an image filter, dabs of paint with lit ridges, which a network learns from pairs."""

from __future__ import annotations

from torch import Tensor

from ganfx.training.resample import blurred
from ganfx.training.style_losses import luminance
from ganfx.training.style_rules.marks import dabbed, relief, saturated

# Dabs: half their width in pixels for each pass.
_WIDTHS = (3.5, 2.0)
# Gain of saturation, and of the ridges.
_VIVID, _RELIEF = 1.3, 0.9


def oil(rgb: Tensor) -> Tensor:
    """Photographs (N, 3, H, W) in [0, 1] as an oil painting, in the same shape and range."""
    painted = rgb
    for width in _WIDTHS:
        painted = dabbed(painted, width)
    light = luminance(painted)
    ridges = relief(light - blurred(light, 3.0))
    return (saturated(painted, _VIVID) + _RELIEF * ridges).clamp(0, 1)
