"""Other colors for the same photograph, as likely as the first ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganfx.imaging.picture import Floats

# At how many times the usual size the network looks at the picture, in turn: details or the whole count more.
_SIZES = (1.0, 0.7, 1.4)
# How many times as strong colors may be, and the deviations of what is added to a* and b*.
_GAINS, _TILTS = (0.85, 1.45), (2.0, 4.0)
# Chroma at which a color takes half of what is added: grey stays grey.
_HALF = 8.0


@dataclass(frozen=True)
class Temperament:
    """One way to color.

    size    at how many times the usual size the network looks at the picture
    gain    how many times as strong colors are
    tilt    what is added to a* and b* of what has a color
    """

    size: float = 1.0
    gain: float = 1.0
    tilt: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of(cls, seed: int) -> Temperament:
        """The temperament with that number; 0 is the network's own."""
        if seed == 0:
            return cls()
        random = np.random.default_rng(seed)
        tilt = random.normal(0, _TILTS)
        return cls(_SIZES[seed % len(_SIZES)], random.uniform(*_GAINS), (float(tilt[0]), float(tilt[1])))

    def changed(self, chroma: Floats) -> Floats:
        """a* and b* (h, w, 2) as this temperament has them."""
        strength = np.linalg.norm(chroma, axis=-1, keepdims=True)
        tilted = chroma + strength / (strength + _HALF) * np.asarray(self.tilt, np.float32)
        return np.asarray(self.gain * tilted, np.float32)
