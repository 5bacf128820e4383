"""Runs filters on pictures in GIMP, and compares results."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.real_hosts.gimp_host import GimpHost

Pixels = NDArray[np.generic]
# Filters that keep the size and need no mask, with the command line options for the same result.
FILTERS = {"stylize": ["-n", "vangogh"], "colorize": [], "heal": []}


def pixels(path: Path) -> Pixels:
    """Read an image file: (H, W) or (H, W, channels), in BGR order."""
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert found is not None, path
    return found


def raw(path: Path, size: list[int], channels: int, kind: type = np.uint8) -> Pixels:
    """Read pixels (H, W, channels) that the driver dumped; size as the driver returned it."""
    return np.fromfile(path, kind).reshape(size[1], size[0], channels)


def max_difference(one: Pixels, other: Pixels) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(np.float64) - other).max())


def filtered(gimp: GimpHost, picture: Path, name: str, out: Path, before: str = "", values: str = "") -> Pixels:
    """Open `picture` in GIMP, execute `before`, run a filter with `values`, and export to `out`; returns its pixels."""
    reply = gimp.do(f"""
image = load({str(picture)!r})
{before}
answer = call("ganfx-{name}", image, {values})
if answer["image"]:
    export(answer["image"], {str(out)!r})
""")
    assert reply["status"] == "success", reply["message"]
    return pixels(out)
