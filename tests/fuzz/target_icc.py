"""ICC profiles: followed without a surprise, or refused with ProfileError."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganfx.files.icc import profile_of
from tests import profiles

_RAMP = np.linspace(0, 1, 17, dtype=np.float32)


def seeds() -> Iterator[bytes]:
    """One profile of each kind of curve."""
    curves = (
        profiles.gamma_curve(2.2),
        profiles.srgb_curve(),
        profiles.sampled_curve(_RAMP**2),
        profiles.parametric_curve(0, 2.2),
        profiles.parametric_curve(1, 2.2, 1, 0),
        profiles.parametric_curve(2, 2.2, 1, 0, 0),
        profiles.parametric_curve(4, 2.4, 0.94, 0.05, 0.07, 0.04, 0, 0),
    )
    for curve in curves:
        yield profiles.rgb_profile(profiles.DISPLAY_P3, curve)
        yield profiles.grey_profile(curve)
    yield profiles.lut_profile()


def one_input(data: bytes) -> None:
    """Raises where colors that a profile leads to sRGB do not come back, or are no numbers."""
    for grey in (False, True):
        profile, _ = profile_of(data, grey=grey)
        if profile is None:
            continue
        device = np.repeat(_RAMP[:, None], 1 if grey else 3, axis=1)
        colors = profile.to_srgb(device)
        assert np.isfinite(colors).all()
        assert np.isfinite(profile.from_srgb(colors)).all()
