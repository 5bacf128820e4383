"""Drawn damage of old prints (cracks, scratches, dust, hairs, worn edges), and the look of their scans."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Floats = NDArray[np.float32]

# The least change of a channel, in [0, 1], that is labelled as damage.
VISIBLE = 0.1


def _walk(random: Generator, side: int, steps: int, length: float, bend: float) -> NDArray[np.int32]:
    """A random path (steps + 1, 2) of x and y, in 1/16 pixels."""
    angles = random.uniform(0, 2 * math.pi) + np.cumsum(random.normal(0, bend, steps))
    moves = length * side / steps * np.stack([np.cos(angles), np.sin(angles)], 1) * random.uniform(0.3, 1.7, (steps, 1))
    points = random.uniform(-0.1, 1.1, 2) * side + np.concatenate([np.zeros((1, 2)), np.cumsum(moves, 0)])
    return np.asarray(np.rint(points * 16), np.int32)


def _drawn(canvas: NDArray[np.uint8], path: NDArray[np.int32], widths: NDArray[np.int_]) -> None:
    for begin, end, width in zip(path[:-1], path[1:], widths, strict=True):
        cv2.line(canvas, begin.tolist(), end.tolist(), 255, int(max(width, 1)), cv2.LINE_AA, 4)


def crack(random: Generator, canvas: NDArray[np.uint8]) -> None:
    """A jagged line of changing width, with branches."""
    side, steps = len(canvas), int(random.integers(16, 60))
    path = _walk(random, side, steps, random.uniform(0.2, 1.6), 0.5)
    width = random.uniform(1, max(2.5, side / 60))
    _drawn(canvas, path, np.rint(width * random.uniform(0.4, 1.6, steps)).astype(int))
    for _ in range(random.integers(0, 4)):
        branch = _walk(random, side, 8, random.uniform(0.05, 0.3), 0.5)
        branch += path[random.integers(len(path))] - branch[0]
        _drawn(canvas, branch, np.full(8, max(1, int(width / 2))))


def scratch(random: Generator, canvas: NDArray[np.uint8]) -> None:
    """A thin line, straight or nearly, or a curled hair."""
    bend = 0.02 if random.random() < 0.75 else 0.3
    path = _walk(random, len(canvas), 12, random.uniform(0.1, 1.8), bend)
    _drawn(canvas, path, np.full(12, random.integers(1, 4)))


def dust(random: Generator, canvas: NDArray[np.uint8]) -> None:
    """Specks."""
    side = len(canvas)
    for _ in range(random.integers(2, 25)):
        centre, axes = random.integers(0, side, 2).tolist(), random.integers(1, max(3, side // 50), 2).tolist()
        cv2.ellipse(canvas, centre, axes, float(random.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)


def worn(random: Generator, canvas: NDArray[np.uint8]) -> None:
    """A ragged patch where the surface is gone, mostly at an edge."""
    side = len(canvas)
    around = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    radius = side * random.uniform(0.02, 0.12) * (1 + cv2.GaussianBlur(random.normal(0, 1, (1, 48)), (0, 0), 1.5)[0])
    centre = random.uniform(0, side, 2)
    if random.random() < 0.7:
        centre[random.integers(2)] = random.choice([0, side])
    outline = centre + (radius * np.stack([np.cos(around), np.sin(around)])).T
    cv2.fillPoly(canvas, [np.rint(outline).astype(np.int32)], 255, cv2.LINE_AA)


KINDS: dict[Callable[[Generator, NDArray[np.uint8]], None], float] = {crack: 0.4, scratch: 0.35, dust: 0.15, worn: 0.1}


def _layer(random: Generator, side: int) -> tuple[Floats, Floats]:
    """(opacity (side, side), color (side, side, 3)) of one random kind of damage."""
    canvas = np.zeros((side, side), np.uint8)
    kind = list(KINDS)[random.choice(len(KINDS), p=list(KINDS.values()))]
    kind(random, canvas)
    patches = cv2.resize(random.random((9, 9), np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    cover = canvas / np.float32(255) * random.uniform(0.5, 1) * np.clip(patches + random.uniform(0.3, 1), 0, 1)
    if random.random() < 0.5:
        cover = cv2.GaussianBlur(cover, (0, 0), random.uniform(0.3, 0.9))
    light = random.uniform(0.75, 1) if random.random() < 0.7 else random.uniform(0, 0.25)
    warmth = random.uniform(0, 0.25) ** 1.5
    color = light * np.array([1, 1 - warmth / 2, 1 - warmth * 1.5], np.float32)
    grain = cv2.GaussianBlur(random.normal(0, 0.15, (side, side)).astype(np.float32), (0, 0), 0.8)
    return cover.astype(np.float32), np.asarray(np.clip(color + grain[..., None], 0, 1), np.float32)


def _damaged(random: Generator, rgb: Floats) -> tuple[Floats, Floats]:
    """The picture with damage (H, W, 3), and its mask (H, W), 0 or 1."""
    seen = np.zeros(rgb.shape[:2], np.float32)
    for _ in range(random.choice([0, 1, 2, 3, 5, 8])):
        cover, color = _layer(random, len(rgb))
        change = (color - rgb) * cover[..., None]
        rgb = rgb + change
        # Invisible damage is not labelled.
        seen = np.maximum(seen, np.abs(change).max(-1))
    mask = cv2.morphologyEx((seen > VISIBLE).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return np.asarray(rgb, np.float32), mask.astype(np.float32)


def damage(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Square pictures (N, 3, S, S) in [0, 1] -> (damaged ones, masks (N, 1, S, S) of the damage)."""
    random = np.random.default_rng(int(torch.randint(2**31, ()).item()))
    pairs = [_damaged(random, picture.permute(1, 2, 0).cpu().numpy()) for picture in aged(pictures)]
    seen, masks = (torch.from_numpy(np.stack(part)).to(pictures.device) for part in zip(*pairs, strict=True))
    return scanned(seen.permute(0, 3, 1, 2)), masks[:, None]


def aged(pictures: Tensor) -> Tensor:
    """Two of three turned grey, most of these toned; all faded by a gamma and less contrast."""
    n, device = len(pictures), pictures.device

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, 1, 1, 1, device=device)

    grey = pictures.mean(1, keepdim=True).expand_as(pictures)
    tone = 1 - torch.tensor([0.0, 0.5, 1.0], device=device)[:, None, None] * uniform(0, 0.35)
    pictures = torch.where(uniform(0, 1) < 0.67, grey * tone, pictures)
    low, high = uniform(0, 0.25), uniform(0.75, 1)
    return (low + (high - low) * pictures.clamp(1e-4, 1) ** uniform(0.7, 1.4)).clamp(0, 1)


def scanned(pictures: Tensor) -> Tensor:
    """Some softened, all with grain, in [0, 1]."""
    soft = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="reflect"), 3, 1)
    share = torch.rand(len(pictures), 1, 1, 1, device=pictures.device)
    strength = 0.06 * torch.rand(len(pictures), 1, 1, 1, device=pictures.device) ** 2
    noise = torch.randn_like(pictures[:, :1]) * strength
    return (torch.lerp(pictures, soft, (share - 0.4).clamp(min=0)) + noise).clamp(0, 1)
