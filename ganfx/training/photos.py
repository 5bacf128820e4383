"""Training photographs: decoded once, kept as bytes in one flat buffer on the device, cropped by index."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyvips
import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.errors import ItemError, TrainingError
from ganfx.files.source import checked_format, open_upright
from ganfx.training.drawings import drawing


def picture_files(places: list[Path]) -> Iterator[Path]:
    """The files of folders and their subfolders, hidden ones left out, and files as they are. Raises TrainingError."""
    for place in places:
        if not place.exists():
            raise TrainingError(f"{place}: no such folder or picture", hint="give a folder of pictures, or one picture")
        found = [place] if place.is_file() else place.rglob("*")
        yield from sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def _decoded(path: Path, fit: int) -> np.ndarray | None:
    """rgb (H, W, 3) of uint8, its short side `fit` at most if that is not 0, or None where `path` is not readable."""
    try:
        image = open_upright(path, checked_format(path))[0].colourspace("srgb")
        image = image.flatten() if image.hasalpha() else image
        if 0 < fit < min(image.width, image.height):
            image = image.resize(fit / min(image.width, image.height))
        return np.asarray(image.cast("uchar").numpy()[..., :3])
    except (ItemError, pyvips.Error):
        return None


class Photos:
    """A bank of photographs with a short side of at least `patch` pixels.

    Flips and, with `turns`, quarter turns are drawn per crop; without, only left and right change places. Larger
    pictures are shrunk to a short side of `fit` if that is not 0. With them come as many `drawings`, made for this.
    Raises TrainingError where no picture can be used.
    """

    def __init__(
        self,
        folders: list[Path],
        patch: int,
        device: torch.device,
        limit: int | None = None,
        *,
        fit: int = 0,
        turns: bool = True,
        drawings: int = 0,
    ) -> None:
        paths = list(picture_files(folders))[:limit]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            decoded = list(pool.map(lambda path: _decoded(path, fit), paths))
            decoded += pool.map(lambda seed: drawing(np.random.default_rng(seed)), range(drawings))
        usable = [rgb for rgb in decoded if rgb is not None and min(rgb.shape[:2]) >= patch]
        if not usable:
            names = ", ".join(map(str, folders))
            problem = f"{names}: no picture of at least {patch}x{patch} pixels among {len(paths)} files"
            raise TrainingError(problem, hint="larger pictures, or a recipe with smaller patches")
        sizes = torch.tensor([rgb.shape[:2] for rgb in usable])
        self.turns = turns
        self.skipped = len(decoded) - len(usable)
        self.broadest = int(sizes.min(1).values.max())
        self.heights, self.widths = (side.to(device) for side in sizes.unbind(1))
        areas = sizes.prod(1)
        self.starts = (areas.cumsum(0) - areas).to(device)
        self.chances = areas.float().sqrt().to(device)
        self.pixels = torch.cat([torch.from_numpy(rgb.reshape(-1, 3)) for rgb in usable]).to(device)

    def __len__(self) -> int:
        return len(self.starts)

    def crops(self, count: int, patch: int, widest: int = 0) -> Tensor:
        """`count` random crops (N, 3, patch, patch) in [0, 1]; larger photographs are drawn more often.

        With `widest` all are cut at one random side between patch and widest, from photographs that have it, and
        shrunk to patch.
        """
        cut = int(torch.randint(patch, max(patch, min(widest, self.broadest)) + 1, ()))
        if cut > patch:
            return F.interpolate(self.crops(count, cut), (patch, patch), mode="bilinear", antialias=True).clamp(0, 1)
        device = self.pixels.device
        is_wide = torch.minimum(self.heights, self.widths) >= patch
        chosen = torch.multinomial(self.chances * is_wide, count, replacement=True)
        top = (torch.rand(count, device=device) * (self.heights[chosen] - patch + 1)).long()
        left = (torch.rand(count, device=device) * (self.widths[chosen] - patch + 1)).long()
        side = torch.arange(patch, device=device)
        rows = (top[:, None] + side) * self.widths[chosen][:, None] + self.starts[chosen][:, None]
        index = rows[:, :, None] + (left[:, None] + side)[:, None, :]
        return _varied(self.pixels[index].permute(0, 3, 1, 2).float() / 255, self.turns)


def _varied(crops: Tensor, turns: bool) -> Tensor:
    """Random flips and turns, the same for each quarter of the batch."""
    parts = []
    for part in crops.chunk(4):
        flips = [axis for axis in ((-2, -1) if turns else (-1,)) if torch.rand(()) < 0.5]
        part = part.flip(flips) if flips else part
        parts.append(part.transpose(-1, -2) if turns and torch.rand(()) < 0.5 else part)
    return torch.cat(parts)
