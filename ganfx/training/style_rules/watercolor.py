"""Watercolor as an image filter: washes of uneven pigment, darker at their edges (Bousseau et al. 2006)."""

from __future__ import annotations

from torch import Tensor

from ganfx.training.brushwork import gradients
from ganfx.training.resample import blurred
from ganfx.training.style_losses import luminance
from ganfx.training.style_rules.flow import flow
from ganfx.training.style_rules.marks import color, filled, painted, saturated

_PAPER = color("fbf9f2")
# Luminance from which the paper stays bare, and how soon.
_BARE, _FADE = 0.78, 0.16


def watercolor(rgb: Tensor, clouds: Tensor, grain: Tensor) -> Tensor:
    """Soft areas, clouds and grain of pigment in them, and paper where it is bright."""
    directions = flow(rgb, 3.0)
    wash = saturated(painted(painted(rgb, directions, 2.5, 12.0), directions, 3.5, 12.0), 1.45)
    light = luminance(wash)
    across, down = gradients(blurred(light, 0.8))
    edge = (6 * (across**2 + down**2 + 1e-8).sqrt()).clamp(max=0.5)
    pool = (blurred(light, 2.5) - light).clamp(min=0)
    density = 1 + 1.6 * edge + 0.4 * pool + 0.10 * clouds + 0.05 * grain
    paper = filled(rgb, _PAPER)
    # The density of a wash is the exponent of its transmittance (Beer's law).
    pigment = (0.8 * wash + 0.2).clamp(0.02, 1) ** density * paper
    bare = ((light - _BARE) / _FADE).clamp(0, 1)
    return (pigment * (1 - bare) + paper * bare).clamp(0, 1)
