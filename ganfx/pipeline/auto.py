"""Chooses the steps that a photograph needs, from its content, and gives the reasons."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganfx.engine import Engine, EngineOptions, PixelProgress
from ganfx.filters import Size
from ganfx.imaging.color import lab_of
from ganfx.imaging.picture import Floats, Picture
from ganfx.pipeline.bound_filter import BoundFilter
from ganfx.pipeline.chain import Chain, no_choices
from ganfx.pipeline.loading import load_filter
from ganfx.pipeline.overview import read_overview
from ganfx.pipeline.retouching import certain, find_mask
from ganfx.pipeline.source import Source

# Long side in pixels of the overview that is analyzed.
SIDE = 768
# Scale: the greatest long side in pixels up to which a photograph is enlarged by it.
SMALL = {4: 800, 2: 1600}
# A picture is grey where 99 % of it is less than this far, in a* and b*, from the mean color of its lightness.
GREY = 2.5
# A print has a paper tone where its mean distance from that color is less than this share of its mean chroma, and its
# hue is in this range, in degrees.
TONED, PAPER = 0.2, (40, 100)
# The share of a print that must be damaged for certain for it to be healed. Clean prints have none, scratched ones
# 0.009 and more.
SCRATCHED = 0.002
# A picture with a lower alpha anywhere is a cutout. Scans may have an alpha that is 1 throughout.
OPAQUE = 0.999


@dataclass(frozen=True)
class Tone:
    """The colors of a picture in CIELAB.

    chroma                 mean of the pixels' chroma, >= 0; 0: grey
    hue                    hue angle of the mean color, in degrees, -180..180
    mean_deviation         mean distance, in a* and b*, of pixels from the mean color of their lightness
    deviation_quantile99   the distance that 99 % of the pixels stay below
    """

    chroma: float
    hue: float
    mean_deviation: float
    deviation_quantile99: float

    @property
    def is_grey(self) -> bool:
        return self.deviation_quantile99 < GREY

    @property
    def is_paper(self) -> bool:
        """Whether all of the picture has one warm tone, as sepia prints do."""
        return self.chroma > GREY and self.mean_deviation < TONED * self.chroma and PAPER[0] < self.hue < PAPER[1]


@dataclass(frozen=True)
class Auto:
    """Chooses among healing, cleaning, colorizing and enlarging for each picture; a `Chooser`.

    heal, clean, colorize   the bound filters
    enlarge                 the bound upscaler for each scale
    sized                   the upscaler that makes every picture as large as was asked for; None: none was
    color                   whether pictures without colors get some; otherwise that is only proposed
    """

    heal: BoundFilter
    clean: BoundFilter
    colorize: BoundFilter
    enlarge: Mapping[int, BoundFilter]
    color: bool = False
    sized: BoundFilter | None = None

    @property
    def suffix(self) -> str:
        return f"enhanced_{self.sized.suffix}" if self.sized else "enhanced"

    @property
    def fingerprint(self) -> str:
        rules = [SIDE, SMALL, GREY, TONED, PAPER, SCRATCHED, OPAQUE]
        steps = [bound.fingerprint for bound in self._filters]
        return json.dumps({"auto": rules, "color": self.color, "steps": steps}, sort_keys=True)

    @property
    def names(self) -> Mapping[str, str]:
        scale = {"scale": f"{self.sized.scale:g}"} if self.sized and self.sized.scale else {}
        return {"filter": "enhance", "model": "auto", **scale, "suffix": self.suffix}

    @property
    def engines(self) -> tuple[Engine, ...]:
        return Chain(self._filters).engines

    @property
    def device(self) -> str:
        return self.heal.engine.device

    @property
    def _filters(self) -> tuple[BoundFilter, ...]:
        return self.heal, self.clean, self.colorize, *([self.sized] if self.sized else self.enlarge.values())

    def varied(self, by: int) -> Auto:
        """Raises OptionError: no step has a seed."""
        raise no_choices()

    def choose(self, source: Source, progress: PixelProgress) -> Chain:
        """The chain for `source`, with the reasons; one without filters where nothing is needed."""
        small = read_overview(source, SIDE, progress)
        tone = tone_of(np.clip(small.rgb, 0, 1))
        damage = self._damage(small, tone, progress)
        is_worn = damage > SCRATCHED
        is_old_print = is_worn and tone.is_paper
        filters, reasons = list[BoundFilter](), list[str]()
        if is_old_print:
            filters.append(self.heal)
            reasons.append(f"heal: {damage:.1%} of this old print looks damaged")
        cleaning = self._cleaning(source, progress)
        if cleaning:
            filters.append(cleaning)
            reasons.append(f"clean: noise or compression, strength {cleaning.values['strength']:.2f}")
        if is_old_print or tone.is_grey:
            what = "it is grey" if tone.chroma < GREY else "it has one tone and no colors"
            if self.color:
                filters.append(self.colorize)
            reasons.append(
                f"colorize: {what}" if self.color else f"not colorize: {what}, maybe on purpose; say --color"
            )
        for enlarging, reason in self._enlarging((source.width, source.height)):
            filters.append(enlarging)
            reasons.append(reason)
        if is_worn and not is_old_print:
            reasons.append(f"not heal: {damage:.1%} of it may be scratches, or not; say --steps heal,... if it is")
        return Chain(tuple(filters), tuple(reasons) if filters else ("nothing is needed", *reasons))

    def _enlarging(self, size: Size) -> list[tuple[BoundFilter, str]]:
        """The upscaler for a picture of `size` and why, if there is one."""
        if self.sized:
            target = self.sized.target
            is_needed = self.sized.output_size(size) != size or bool(target and target.dpi)
            wanted = target or f"{self.sized.scale:g}"
            return [(self.sized, f"upscale:{wanted}: asked for")] if is_needed else []
        times = max((times for times, side in SMALL.items() if max(size) <= side), default=1)
        reason = f"upscale:{times}: no side is longer than {SMALL[times]} pixels" if times > 1 else ""
        return [(self.enlarge[times], reason)] if times > 1 else []

    def _cleaning(self, source: Source, progress: PixelProgress) -> BoundFilter | None:
        """The filter with the strength that `source` needs; None for a clean picture."""
        found = self.clean.resolved(source, progress)
        return dataclasses.replace(found, estimates={}) if found.values["strength"] else None

    def _damage(self, small: Picture, tone: Tone, progress: PixelProgress) -> float:
        """The share of a picture that is certainly damaged.

        It is 0 for cutouts and color photographs, where the finder takes too much for damage.
        """
        is_cutout = small.alpha is not None and small.alpha.min() < OPAQUE
        if is_cutout or not (tone.is_grey or tone.is_paper):
            return 0.0
        return float(certain(find_mask(small, self.heal, lambda pixels: progress(0))).mean())


def load_auto(engine: EngineOptions, *, color: bool = False, size: Mapping[str, Any] | None = None) -> Auto:
    """The chooser with its networks opened; `size` has the value of one of `ganfx.filters.SIZES`, or none.

    Raises OptionError, ModelError or EngineError.
    """
    heal, clean, colorize = (load_filter(name, {}, engine=engine) for name in ("heal", "clean", "colorize"))
    # What is to be cleaned is cleaned before all else.
    wanted: Sequence[Mapping[str, Any]] = [size] if size else [{"scale": times} for times in SMALL]
    upscalers = [load_filter("upscale", {**sizing, "clean": 0}, engine=engine) for sizing in wanted]
    enlarge = {} if size else dict(zip(SMALL, upscalers, strict=True))
    return Auto(heal, clean, colorize, enlarge, color, upscalers[0] if size else None)


def tone_of(rgb: Floats) -> Tone:
    """The tone of a picture (H, W, 3) in [0, 1]."""
    lightness, chroma = np.split(lab_of(rgb).reshape(-1, 3), [1], axis=1)
    level = np.clip(lightness[:, 0] * 0.16, 0, 15).astype(int)
    counts = np.maximum(np.bincount(level, minlength=16), 1)
    mean_of_level = np.stack([np.bincount(level, plane, 16) / counts for plane in chroma.T], -1)
    deviation = np.linalg.norm(chroma - mean_of_level[level], axis=1)
    a, b = chroma.mean(0)
    return Tone(
        chroma=float(np.linalg.norm(chroma, axis=1).mean()),
        hue=float(np.degrees(np.arctan2(b, a))),
        mean_deviation=float(deviation.mean()),
        deviation_quantile99=float(np.percentile(deviation, 99)),
    )
