"""Which steps a photograph needs, told from the photograph itself, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ganfx.engine import Engine, EngineOptions
from ganfx.imaging.color import lab_of
from ganfx.imaging.picture import Floats, Picture
from ganfx.pipeline.bound_filter import BoundFilter, PixelProgress, Source, load_filter
from ganfx.pipeline.chain import Chain
from ganfx.pipeline.overview import shrunk
from ganfx.pipeline.patches import find_mask

# Long sides: of what is looked at, and those up to which a photograph is enlarged so many times.
SIDE = 768
SMALL = {4: 800, 2: 1600}
# In a* and b*: how far nearly all of a picture may be from the one tone of its lightness for it to be grey, and of its
# mean chroma how far it is on average in a print with a tone, the hue of which is that of old paper, in degrees.
GREY = 2.5
TONED, PAPER = 0.2, (40, 100)
# Share of a print that must look damaged. Clean prints come to 0.008, and scratched ones begin at 0.018.
SCRATCHED = 0.012
# Scans have an alpha too at times, but nothing to be seen through it.
OPAQUE = 0.999


@dataclass(frozen=True)
class Tone:
    """The colors of a picture: chroma is their mean strength and hue, in degrees, that of their mean.

    mean and most (which 99 % stay below) are of their distances to the one color that their lightness has on average.
    """

    chroma: float
    hue: float
    mean: float
    most: float

    @property
    def is_grey(self) -> bool:
        return self.most < GREY

    @property
    def is_paper(self) -> bool:
        """Whether all of the picture has one warm tone, as brown prints do."""
        return self.chroma > GREY and self.mean < TONED * self.chroma and PAPER[0] < self.hue < PAPER[1]


@dataclass(frozen=True)
class Auto:
    """Chooses among healing, colorizing and enlarging (by how many times) for each picture."""

    heal: BoundFilter
    colorize: BoundFilter
    enlarge: Mapping[int, BoundFilter]

    suffix = "enhanced"

    @property
    def fingerprint(self) -> str:
        rules = [SIDE, SMALL, GREY, TONED, PAPER, SCRATCHED, OPAQUE]
        return json.dumps({"auto": rules, "steps": [work.fingerprint for work in self._works]}, sort_keys=True)

    @property
    def names(self) -> Mapping[str, str]:
        return {"filter": "enhance", "model": "auto", "suffix": self.suffix}

    @property
    def engines(self) -> tuple[Engine, ...]:
        return Chain(self._works).engines

    @property
    def device(self) -> str:
        return self.heal.engine.device

    @property
    def _works(self) -> tuple[BoundFilter, ...]:
        return self.heal, self.colorize, *self.enlarge.values()

    def choose(self, source: Source, progress: PixelProgress) -> Chain:
        """The chain for `source`, with the reasons; without works where it needs nothing."""
        small = shrunk(source, SIDE, progress)
        tone = tone_of(np.clip(small.rgb, 0, 1))
        damage = self._damage(small, tone, progress)
        is_worn = damage > SCRATCHED
        is_old = is_worn and tone.is_paper
        times = max((times for times, side in SMALL.items() if max(source.width, source.height) <= side), default=1)
        works, reasons = list[BoundFilter](), list[str]()
        if is_old:
            works.append(self.heal)
            reasons.append(f"heal: {damage:.1%} of this old print looks damaged")
        if is_old or tone.is_grey:
            works.append(self.colorize)
            reasons.append("colorize: it is grey" if tone.chroma < GREY else "colorize: it has one tone and no colors")
        if times > 1:
            works.append(self.enlarge[times])
            reasons.append(f"upscale:{times}: no side is longer than {SMALL[times]} pixels")
        if is_worn and not is_old:
            reasons.append(f"not heal: {damage:.1%} of it may be scratches, or not; say --steps heal,... if it is")
        return Chain(tuple(works), tuple(reasons) if works else ("nothing is needed", *reasons))

    def _damage(self, small: Picture, tone: Tone, progress: PixelProgress) -> float:
        """The share of a picture that looks damaged; 0 where it is no print: too much in color photographs does."""
        is_cutout = small.alpha is not None and small.alpha.min() < OPAQUE
        if is_cutout or not (tone.is_grey or tone.is_paper):
            return 0.0
        return float(np.mean(find_mask(small, self.heal, lambda pixels: progress(0)) > 0))


def load_auto(engine: EngineOptions) -> Auto:
    """The chooser with its networks opened. Raises ModelError or EngineError."""
    heal, colorize = (load_filter(name, {}, engine=engine) for name in ("heal", "colorize"))
    return Auto(heal, colorize, {times: load_filter("upscale", {"scale": times}, engine=engine) for times in SMALL})


def tone_of(rgb: Floats) -> Tone:
    """The tone of a picture (H, W, 3) in [0, 1]."""
    lightness, chroma = np.split(lab_of(rgb).reshape(-1, 3), [1], axis=1)
    step = np.clip(lightness[:, 0] * 0.16, 0, 15).astype(int)
    counts = np.maximum(np.bincount(step, minlength=16), 1)
    usual = np.stack([np.bincount(step, plane, 16) / counts for plane in chroma.T], -1)
    away = np.linalg.norm(chroma - usual[step], axis=1)
    a, b = chroma.mean(0)
    strength = float(np.linalg.norm(chroma, axis=1).mean())
    return Tone(strength, float(np.degrees(np.arctan2(b, a))), float(away.mean()), float(np.percentile(away, 99)))
