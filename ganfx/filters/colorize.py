"""Colorization: colors for black-and-white photographs, whose light stays as it is."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganfx.errors import PictureSizeError
from ganfx.filters.base import Filter, Infer, Option, Overview, Size, Values

if TYPE_CHECKING:
    from ganfx.imaging.picture import Floats, Picture
    from ganfx.spec import ModelSpec

# Long sides: of what the network sees, which knows things at this size, and of what guides its colors to edges.
NETWORK_SIDE = 384
GUIDE_SIDE = 1024
# So many windows in which colors follow lightness go into the guide's long side.
WINDOWS = 64
# Mean chroma from which on a picture counts as colored or toned.
TONED = 2.0


@dataclass(frozen=True)
class Hint:
    """A color that the user knows: rgb, each 0..255, at the pixel (x, y)."""

    x: int
    y: int
    rgb: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{self.x},{self.y},#{bytes(self.rgb).hex()}"


def parse_hint(value: Any) -> Hint:
    """'120,80,#aabbcc' as a Hint. Raises ValueError."""
    if isinstance(value, Hint):
        return value
    match = re.fullmatch(r"\s*(\d+)\s*,\s*(\d+)\s*,\s*#?([0-9a-fA-F]{6})\s*", str(value))
    if not match:
        raise ValueError(f"{value!r} is not X,Y,#RRGGBB")
    x, y, code = match.groups()
    red, green, blue = bytes.fromhex(code)
    return Hint(int(x), int(y), (red, green, blue))


def study(small: Picture, size: Size, options: Values, spec: ModelSpec, infer: Infer) -> Callable[..., Picture]:
    """The colors that the network and the hints give the whole picture, ready to be laid over any rows of it."""
    import cv2
    import numpy as np

    from ganfx.imaging.color import with_chroma
    from ganfx.imaging.guided_filter import guided, hinted

    light = _light(small.rgb)
    seen = _fitted(light, NETWORK_SIDE)
    chroma = predicted(seen, spec, infer) * options["strength"]
    chroma = hinted(chroma, seen, [_placed(hint, size) for hint in options["hint"]])
    fine = cv2.resize(chroma, (small.width, small.height), interpolation=cv2.INTER_LINEAR)
    colors = guided(np.asarray(fine, np.float32), light, max(1, max(light.shape) // (2 * WINDOWS)))
    notes = ("its own colors, or its tone, were replaced",) if _is_toned(small) else ()

    def colored(rows: Picture, top: int) -> Picture:
        rgb = with_chroma(rows.rgb, colors.rows(_light(rows.rgb), top, size[1]))
        info = dataclasses.replace(rows.info, grey=False, notes=(*rows.info.notes, *notes))
        return dataclasses.replace(rows, rgb=rgb, info=info)

    return colored


def predicted(light: Floats, spec: ModelSpec, infer: Infer) -> Floats:
    """a* and b* (h, w, 2) by the network for lightness / 100 (h, w).

    Networks with one channel are handed that, others a grey picture; those with two channels give a* and b* as
    (value + 128) / 255, others a colored picture.
    """
    import numpy as np

    from ganfx.imaging.color import grey_from, lab_of

    given = light[..., None] if spec.in_channels == 1 else grey_from(light * 100)
    output = infer(np.ascontiguousarray(given))
    if spec.out_channels == 2:
        return output * 255 - 128
    return lab_of(np.clip(output, 0, 1))[..., 1:]


def _light(rgb: Floats) -> Floats:
    """L* / 100 of (H, W, 3): (H, W)."""
    import numpy as np

    from ganfx.imaging.color import lightness_of

    return lightness_of(rgb) * np.float32(0.01)


def _fitted(plane: Floats, side: int) -> Floats:
    """`plane` (h, w) with a long side of `side`."""
    import cv2
    import numpy as np

    height, width = plane.shape
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, size, interpolation=how), np.float32)


def _placed(hint: Hint, size: Size) -> tuple[float, float, Floats]:
    """Where across and down the picture a hint is, and its a* and b*. Raises PictureSizeError where it is outside."""
    import numpy as np

    from ganfx.imaging.color import lab_of

    width, height = size
    if hint.x >= width or hint.y >= height:
        raise PictureSizeError(
            f"the hint at {hint.x},{hint.y} is outside the picture",
            hint=f"it is {width}x{height}; counting begins at 0",
        )
    color = lab_of(np.divide(hint.rgb, 255, dtype=np.float32)[None, None])[0, 0, 1:]
    return (hint.x + 0.5) / width, (hint.y + 0.5) / height, color


def _is_toned(picture: Picture) -> bool:
    import numpy as np

    from ganfx.imaging.color import lab_of

    return bool(np.linalg.norm(lab_of(picture.rgb)[..., 1:], axis=-1).mean() > TONED)


FILTER = Filter(
    name="colorize",
    help="Give black-and-white photographs colors.",
    overview=Overview(GUIDE_SIDE, study),
    options=(
        Option("strength", float, 1.0, "How strong colors are.", bounds=(0, 1.5)),
        Option(
            "hint",
            parse_hint,
            (),
            "The color at a pixel, where you know it; may be repeated.",
            metavar="X,Y,#RRGGBB",
            repeatable=True,
        ),
    ),
    colored=True,
    suffix="color",
    example="ganfx colorize album/*.jpg",
)
