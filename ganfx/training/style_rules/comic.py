"""The comic style: areas of color and inked lines, the plan of a print in few steps of light."""

from __future__ import annotations

import torch
from torch import Tensor

from ganfx.training.style_losses import luminance
from ganfx.training.style_rules.flow import flow
from ganfx.training.style_rules.marks import contrasted, lines, painted

# Sigma in pixels, weight of the wider Gaussian, hardness and length in pixels of the lines.
_LINES = 1.2, 0.975, 60.0, 16.0
# Luminance below which all is ink, and how soon.
_SHADOW, _SOON = 0.12, 30.0


def comic(rgb: Tensor) -> Tensor:
    """Areas of color and contours for `PrintedSteps`."""
    directions = flow(rgb, 2.0)
    areas = painted(painted(rgb, directions, 2.0, 10.0), directions, 3.0, 10.0)
    light = contrasted(luminance(rgb))
    contour = lines(light, directions, *_LINES)
    shadow = torch.sigmoid(_SOON * (luminance(areas) - _SHADOW))
    return torch.cat([areas, contour * shadow], 1)
