"""Photographs as scans of old prints look: tone, fading, stains that stay, borders, softness, grain, JPEG."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.random import Generator

from ganfx.training.strokes import Floats, blob, fill, grain, patches

# Rec. 601, as most scanners make grey of color.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def as_print(random: Generator, rgb: Floats) -> Floats:
    """A photograph (S, S, 3) in [0, 1] as an old print: mostly grey or toned, faded, grainy; same shape and range."""
    choice = random.random()
    if choice < 0.75:
        grey = rgb @ np.asarray(random.dirichlet(_LUMA * 12), np.float32)
        tone = random.uniform(0, 0.4) if choice > 0.25 else random.uniform(0, 0.03)
        rgb = grey[..., None] ** (1 + tone * np.array([-0.4, 0.1, 0.9], np.float32))
        rgb = rgb * (1 - tone * np.array([0, 0.15, 0.4], np.float32))
    low, high = random.uniform(0, 0.22), random.uniform(0.72, 1)
    rgb = low + (high - low) * np.clip(rgb, 1e-4, 1) ** random.uniform(0.6, 1.7)
    rgb = rgb * (1 + random.uniform(0, 0.15) * (patches(random, len(rgb), 3)[..., None] - 0.5))
    coarse = grain(random, len(rgb), random.uniform(0, 0.05) * random.random(), random.uniform(0, 1))
    return np.asarray(np.clip(rgb + coarse[..., None], 0, 1), np.float32)


def stained(random: Generator, rgb: Floats) -> Floats:
    """A large pale stain, or a strip of yellowed tape: not to be found, for what is below them is still there."""
    side, canvas = len(rgb), np.zeros(rgb.shape[:2], np.uint8)
    if random.random() < 0.6:
        fill(canvas, blob(random, random.uniform(0, side, 2), side * random.uniform(0.12, 0.5), 0.25))
    else:
        width, length = random.uniform(0.08, 0.25) * side, random.uniform(0.4, 2) * side
        box = (tuple(random.uniform(0, side, 2)), (length, width), random.uniform(0, 180))
        cv2.fillPoly(canvas, [np.rint(cv2.boxPoints(box)).astype(np.int32)], 255, cv2.LINE_AA)
    cover = cv2.GaussianBlur(canvas / np.float32(255), (0, 0), random.uniform(0.8, 8)) * random.uniform(0.05, 0.35)
    tint = np.array([1, random.uniform(0.7, 0.95), random.uniform(0.35, 0.8)], np.float32) * random.uniform(0.7, 1)
    return np.asarray(rgb * (1 - cover[..., None] * (1 - tint)), np.float32)


def bordered(random: Generator, rgb: Floats) -> tuple[Floats, Floats]:
    """The print's border on one or two sides: paper, maybe a corner rounded or torn, and the scanner's lid beyond.

    Returns the picture, and the border (S, S) of 0 and 1 with what is near it.
    """
    side, inside = len(rgb), np.full(rgb.shape[:2], 255, np.uint8)
    width = random.uniform(1, 14)
    edges = np.asarray(cv2.GaussianBlur(random.normal(0, 1, (4, side)), (0, 0), random.uniform(1, 8)))
    edges = np.rint(width * np.clip(1 + edges * random.choice([0, 2, 5]), 0, 4)).astype(int)
    ramp = np.arange(side)[:, None]
    for number in random.permutation(4)[: random.integers(1, 3)]:
        strip = np.rot90(ramp < edges[number][None, :], number)
        inside[strip] = 0
    if random.random() < 0.5:
        corner = np.array([random.choice([0, side]), random.choice([0, side])], float)
        fill(inside, blob(random, corner, side * random.uniform(0.04, 0.2), 0.15), 0)
    beyond = cv2.erode(255 - inside, np.ones((2 * int(random.integers(1, 7)) + 1,) * 2))
    paper = random.uniform(0.75, 1) * np.array([1, 0.98, 0.9 + 0.1 * random.random()], np.float32)
    paper = paper + grain(random, side, 0.03, 0.8)[..., None]
    lid = np.float32(random.choice([random.uniform(0, 0.15), random.uniform(0.9, 1)]))
    cover = (255 - inside)[..., None] / np.float32(255)
    seen = rgb + (paper - rgb) * cover
    if random.random() < 0.6:
        seen = seen + (lid - seen) * (beyond[..., None] / np.float32(255))
    near = cv2.dilate(255 - inside, np.ones((7, 7), np.uint8)) > 0
    return np.asarray(np.clip(seen, 0, 1), np.float32), near.astype(np.float32)


def scanned(random: Generator, rgb: Floats) -> Floats:
    """A print (S, S, 3) as a file of it looks: softened, some once smaller, a little noise, some through JPEG."""
    side = len(rgb)
    if random.random() < 0.35:
        small = max(32, int(side * random.uniform(0.4, 1)))
        smaller = cv2.resize(rgb, (small, small), interpolation=cv2.INTER_AREA)
        rgb = np.asarray(cv2.resize(smaller, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
    elif random.random() < 0.5:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), random.uniform(0.3, 1.0)), np.float32)
    if random.random() < 0.15:
        soft = cv2.GaussianBlur(rgb, (0, 0), random.uniform(0.8, 2))
        rgb = rgb + random.uniform(0.3, 1.2) * (rgb - soft)
    rgb = rgb + grain(random, side, 0.03 * random.random() ** 2, 0)[..., None]
    pixels = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    if random.random() < 0.6:
        quality = int(100 - 60 * math.sqrt(random.random()) * random.random())
        _, stored = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        pixels = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR))[..., ::-1]
    return np.asarray(pixels / np.float32(255), np.float32)
