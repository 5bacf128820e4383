"""What people drew on pictures, damage or what is to be removed: lines, dots and areas in a text file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.errors import OptionError

UNDAMAGED, DAMAGE, UNSURE, BORDER = range(4)
LABELS = {"damage": DAMAGE, "removed": DAMAGE, "unsure": UNSURE, "border": BORDER}
_PICTURE = re.compile(r"picture (?P<name>\S+) (?P<width>\d{1,5})x(?P<height>\d{1,5})")
_SHAPE = re.compile(r"(?P<label>\w+) (?P<shape>line|dots|area) (?P<size>\d{1,3})(?P<points>( \d{1,5},\d{1,5})+)")


@dataclass(frozen=True)
class DrawnTruth:
    """The labels (H, W) of one picture: UNDAMAGED, DAMAGE, UNSURE or BORDER; the last two count neither way."""

    labels: NDArray[np.uint8]

    @property
    def damage(self) -> NDArray[np.bool_]:
        return np.asarray(self.labels == DAMAGE)

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Where a verdict counts."""
        return np.asarray(self.labels <= DAMAGE)


def read_truth(path: Path) -> dict[str, DrawnTruth]:
    """The drawn damage of each picture by its file name.

    A line `picture NAME WIDTHxHEIGHT` begins a picture; the lines below it say `LABEL SHAPE SIZE X,Y X,Y ...`, and what
    is drawn later wins. Raises OptionError where the file cannot be read, or a line not be understood.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{path}: cannot be read", hint="give a text file of drawn damage") from error
    truths: dict[str, DrawnTruth] = {}
    canvas = None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if begin := _PICTURE.fullmatch(text):
            canvas = np.zeros((int(begin["height"]), int(begin["width"])), np.uint8)
            truths[begin["name"]] = DrawnTruth(canvas)
        elif canvas is None or not (shape := _SHAPE.fullmatch(text)) or shape["label"] not in LABELS:
            raise OptionError(f"{path}, line {number}: {text!r} is not understood", hint="LABEL SHAPE SIZE X,Y X,Y ...")
        else:
            _draw(canvas, shape)
    return truths


def _draw(canvas: NDArray[np.uint8], shape: re.Match[str]) -> None:
    points = np.array([pair.split(",") for pair in shape["points"].split()], np.int32)
    label, size = LABELS[shape["label"]], int(shape["size"])
    if shape["shape"] == "area":
        cv2.fillPoly(canvas, [points], label)
    elif shape["shape"] == "line":
        cv2.polylines(canvas, [points], False, label, max(size, 1))
    else:
        for centre in points.tolist():
            cv2.circle(canvas, centre, size, label, -1)
