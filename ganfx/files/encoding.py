"""Pictures converted to the samples and metadata that one format can store."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from ganfx.files import metadata
from ganfx.files.formats import Format, Icc
from ganfx.files.icc import Profile, profile_of
from ganfx.files.samples import write_samples
from ganfx.imaging.color import LUMA, decode_srgb
from ganfx.imaging.picture import Floats, Picture, PictureInfo

_BLOCK_PIXELS = 2**16


class Encoding:
    """How pictures with one `info` are stored in one format, decided before the first row.

    form          the format
    is_grey       one channel is stored
    keeps_alpha   alpha is stored
    bands         channels stored, alpha included: 1 to 4
    dtype         of the samples: uint8, uint16, or float32, which are linear light where there is no profile
    profile       the conversion from sRGB to the file's own color space; None: sRGB, or none is stored
    metadata      what goes into the file
    notes         sentences for the user about what cannot be kept

    size is (width, height); icc "keep" leaves the color space as it is, others convert into theirs; background
    (R, G, B) 0..255 goes behind transparent pixels where the format has no alpha.
    """

    def __init__(
        self,
        form: Format,
        info: PictureInfo,
        *,
        size: tuple[int, int],
        has_alpha: bool,
        strip: bool = False,
        icc: Icc = "keep",
        background: tuple[int, int, int] = (255, 255, 255),
    ) -> None:
        self.form = form
        self.is_grey = info.grey and form.grey
        self.keeps_alpha = has_alpha and form.alpha
        self.bands = (1 if self.is_grey else 3) + self.keeps_alpha
        self.dtype: np.dtype[Any] = _dtype(max(form.least, min(info.bits, form.bits)))
        self._background = np.asarray(background, np.float32) / 255
        wanted = ("icc", "dpi") if strip else tuple(info.metadata)
        carried = {key: info.metadata[key] for key in wanted if key in info.metadata}
        if icc != "keep":
            carried = _with_profile(carried, icc, self.is_grey)
        self.profile, fitting, profile_notes = _fitting_profile(carried, form, self.is_grey)
        self.metadata, losses = metadata.prepared(fitting, form, *size)
        self.notes = (*self._sample_notes(info, has_alpha), *profile_notes, *losses)

    def _sample_notes(self, info: PictureInfo, has_alpha: bool) -> list[str]:
        name, notes = self.form.name, []
        if info.bits > self.form.bits:
            beyond = ", and no light beyond white" if info.bits == 32 else ""
            notes.append(f"{name} holds {self.form.bits} bits of the {info.bits}{beyond}")
        if has_alpha and not self.form.alpha:
            notes.append(f"{name} has no transparency: put on a plain background")
        if name == "GIF":
            notes.append("GIF holds 256 colors, and transparency only on or off")
        return notes

    @property
    def interpretation(self) -> str:
        """The name of the samples' color space in libvips."""
        grey, rgb = {1: ("b-w", "srgb"), 2: ("grey16", "rgb16"), 4: ("b-w", "scrgb")}[self.dtype.itemsize]
        return grey if self.is_grey else rgb

    def holds(self, dtype: np.dtype[Any], bands: int, info: PictureInfo) -> bool:
        """Whether samples of a file with this `info` can be copied unchanged into the file to be written."""
        same_profile = self.metadata.get("icc") == info.metadata.get("icc")
        return self.dtype == dtype and self.bands == bands and same_profile

    def samples(self, picture: Picture, into: NDArray[Any] | None = None) -> NDArray[Any]:
        """The samples (H, W, bands) of `picture`, rounded to nearest; written to `into` where it is given."""
        samples = np.empty((picture.height, picture.width, self.bands), self.dtype) if into is None else into
        # In blocks that fit into the processor's cache.
        count = max(1, _BLOCK_PIXELS // picture.width)
        for top in range(0, picture.height, count):
            rows = picture.rows(top, min(top + count, picture.height))
            write_samples(samples[top : top + count], self._floats(rows))
        return samples

    def _floats(self, picture: Picture) -> Floats:
        """The samples as floats in [0, 1] and beyond, not rounded."""
        rgb, alpha = picture.rgb, picture.alpha
        if alpha is not None and not self.keeps_alpha:
            rgb = np.asarray(rgb * alpha[..., None] + self._background * (1 - alpha[..., None]), np.float32)
        values = self._own_colors(rgb)
        if self.keeps_alpha:
            opaque = np.ones(rgb.shape[:2], np.float32) if alpha is None else alpha
            values = np.concatenate([values, opaque[..., None]], axis=-1)
        return values

    def _own_colors(self, rgb: Floats) -> Floats:
        if self.is_grey:
            # Grey pixels over a colored background have colors; elsewhere the channels are equal.
            colored = np.ptp(rgb, axis=-1, keepdims=True) > 0
            rgb = np.asarray(np.where(colored, rgb @ LUMA[:, None], rgb[..., :1]), np.float32)
        if self.profile:
            return self.profile.from_srgb(rgb)
        return decode_srgb(rgb) if self.dtype.kind == "f" and "icc" not in self.metadata else rgb


def _dtype(bits: int) -> np.dtype[Any]:
    return np.dtype(np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.float32)


def _with_profile(carried: dict[str, Any], icc: Icc, grey: bool) -> dict[str, Any]:
    """The metadata for a file in another color space; grey without a profile has the curve of both."""
    rest = {key: value for key, value in carried.items() if key != "icc"}
    return rest if grey else rest | {"icc": pyvips.Operation.call("profile_load", icc)}


def _fitting_profile(
    carried: dict[str, Any], form: Format, grey: bool
) -> tuple[Profile | None, dict[str, Any], tuple[str, ...]]:
    """The conversion from sRGB to the file's own profile, the metadata with the profile to embed, and notes."""
    data = carried.get("icc")
    if not data:
        return None, carried, ()
    other_space = b"RGB " if grey else b"GRAY"
    rest = {key: value for key, value in carried.items() if key != "icc"}
    if "icc" in form.keeps and data[16:20] != other_space:
        if metadata.takes_profile(form, data, grey=grey):
            return profile_of(data, grey=grey)[0], carried, ()
        return None, rest, (f"{form.name} refuses the color profile: written as sRGB",)
    if "icc" not in form.keeps:
        own = profile_of(data, grey=data[16:20] == b"GRAY")[0]
        return None, rest, (f"{form.name} has no place for a color profile: converted to sRGB",) if own else ()
    if grey:
        return None, rest, ("the color profile is not one for grey pictures and is left out",)
    rest["icc"] = pyvips.Operation.call("profile_load", "srgb")
    return None, rest, ("the grey color profile is replaced by sRGB",)
