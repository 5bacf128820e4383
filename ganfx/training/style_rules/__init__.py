"""Styles as image filters, which networks learn from pairs: seamless, steady, and faster than the rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.errors import TrainingError
from ganfx.training.brushwork import BrushLayer, Brushwork
from ganfx.training.style_rules.brush import starry_night, the_scream, vangogh
from ganfx.training.style_rules.comic import comic
from ganfx.training.style_rules.dry import CHARCOAL, INK, PENCIL, charcoal, ink, pastel, pencil
from ganfx.training.style_rules.finish import Finish, InkOnPaper, PaperSheets, PrintedPigments, PrintedSteps
from ganfx.training.style_rules.flat import cutout, woodblock
from ganfx.training.style_rules.oil import oil
from ganfx.training.style_rules.watercolor import watercolor


@dataclass(frozen=True)
class StyleRule:
    """A style as an image filter.

    draw     (photographs (N, 3, H, W) in [0, 1], each layer (N, 1, H, W)) -> pictures in the shape and range of the
             photographs; with a finish, plans for it
    layers   strokes and blobs that it draws with; the network gets the same ones
    size     by what factor, 1 or 2, the layers are made smaller than the picture; 1 with a finish
    finish   what makes pictures of plans; it becomes part of the network
    """

    draw: Callable[..., Tensor]
    layers: tuple[BrushLayer, ...] = ()
    size: int = 1
    finish: Finish | None = None

    @cached_property
    def brushwork(self) -> Brushwork:
        return Brushwork(self.layers, self.size)

    def __call__(self, rgb: Tensor, noise: Tensor) -> Tensor:
        """Pictures for photographs (N, 3, H, W) in [0, 1] and noise (N, PLANES, H, W) of mean 0 and deviation 1."""
        layers = self._made(rgb, noise)
        plan = self._drawn(rgb, layers)
        return self.finish.to(rgb.device)(plan, layers).clamp(0, 1) if self.finish else plan

    def plan(self, rgb: Tensor, noise: Tensor) -> Tensor:
        """Plans for the finish, in [0, 1], for what `__call__` takes; without one, pictures."""
        return self._drawn(rgb, self._made(rgb, noise)).clamp(0, 1)

    def _made(self, rgb: Tensor, noise: Tensor) -> Tensor:
        """The layers (N, len(layers), H, W)."""
        if not self.layers:
            return noise[:, :0]
        layers, _ = self.brushwork.to(rgb.device)(rgb, noise)
        return F.interpolate(layers, scale_factor=float(self.size), mode="bilinear") if self.size > 1 else layers

    def _drawn(self, rgb: Tensor, layers: Tensor) -> Tensor:
        return self.draw(rgb, *torch.split(layers, 1, 1)) if self.layers else self.draw(rgb)


RULES: dict[str, StyleRule] = {
    "charcoal": StyleRule(charcoal, (BrushLayer(0, 1.4, 18.0), BrushLayer(1, 0.8)), finish=InkOnPaper(*CHARCOAL)),
    "comic": StyleRule(comic, finish=PrintedSteps()),
    "cutout": StyleRule(cutout, (BrushLayer(0, 0.8),), finish=PaperSheets()),
    "ink": StyleRule(ink, (BrushLayer(0, 1.3, 40.0),), finish=InkOnPaper(*INK)),
    "oil": StyleRule(oil),
    "pastel": StyleRule(pastel, (BrushLayer(0, 1.8, 26.0), BrushLayer(1, 3.0, 34.0), BrushLayer(2, 0.7))),
    "pencil": StyleRule(
        pencil,
        (BrushLayer(0, 1.0, 26.0, 50.0), BrushLayer(1, 1.0, 22.0, -40.0), BrushLayer(2, 0.5)),
        finish=InkOnPaper(*PENCIL),
    ),
    "starry-night": StyleRule(starry_night, (BrushLayer(0, 2.8, 48.0), BrushLayer(1, 2.8, 48.0)), 2),
    "the-scream": StyleRule(the_scream, (BrushLayer(0, 4.0, 90.0),), 2),
    "vangogh": StyleRule(vangogh, (BrushLayer(0, 2.4, 36.0), BrushLayer(1, 2.4, 36.0), BrushLayer(2, 4.6, 70.0)), 2),
    "watercolor": StyleRule(watercolor, (BrushLayer(0, 14.0), BrushLayer(1, 0.9)), 2),
    "woodblock": StyleRule(woodblock, (BrushLayer(0, 1.0, 60.0, 0.0),), finish=PrintedPigments()),
}


def find_rule(name: str) -> StyleRule:
    """The rule called `name`. Raises TrainingError."""
    try:
        return RULES[name]
    except KeyError:
        raise TrainingError(f"no rule to draw {name!r}", hint=f"rules: {', '.join(RULES)}") from None
