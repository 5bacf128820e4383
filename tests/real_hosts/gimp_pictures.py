"""Pictures that went through GIMP, for tests to compare."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.real_hosts.gimp_host import GimpHost

Pixels = NDArray[np.generic]
# Filters that leave a picture's size alone and need no mask, with what is said to the command line.
FILTERS = {"stylize": ["-n", "vangogh"], "colorize": [], "heal": []}


def pixels(path: Path) -> Pixels:
    """Of an image file: (H, W) or (H, W, channels), colors as blue, green, red."""
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert found is not None, path
    return found


def raw(path: Path, size: list[int], channels: int, kind: type = np.uint8) -> Pixels:
    """What the driver dumped."""
    return np.fromfile(path, kind).reshape(size[1], size[0], channels)


def most(one: Pixels, other: Pixels) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(np.float64) - other).max())


def filtered(gimp: GimpHost, picture: Path, name: str, out: Path, before: str = "", values: str = "") -> Pixels:
    """`picture` opened in GIMP, `before` done to it, a filter run, exported to `out`."""
    said = gimp.do(f"""
image = load({str(picture)!r})
{before}
answer = call("ganfx-{name}", image, {values})
if answer["image"]:
    export(answer["image"], {str(out)!r})
""")
    assert said["status"] == "success", said["said"]
    return pixels(out)
