"""Figures of an output picture against its original."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ganfx.evaluation.metrics import luma, psnr, ssim
from ganfx.evaluation.perceptual import PerceptualDistance
from ganfx.imaging.picture import Floats

NAN = float("nan")


class ReferenceMetrics:
    """PSNR, SSIM, LPIPS and VGG distance to one original after another.

    LPIPS and VGG distance are NaN without a folder of features; the outermost `border` pixels count for these two
    only. Raises TrainingError or ModelError where the folder lacks an array.
    """

    def __init__(self, features: Path | None, border: int = 0) -> None:
        self.border = border
        self.perceptual = PerceptualDistance(features) if features else None

    def set_reference(self, truth: Floats) -> None:
        """Compare with `truth` (H, W, 3) in [0, 1] from now on."""
        self.truth_rgb = truth.astype(np.float64) * 255
        self.truth = luma(truth, self.border)
        if self.perceptual:
            self.perceptual.set_reference(truth)

    def figures(self, output: Floats) -> dict[str, float]:
        """psnr_y, ssim, lpips and vgg of `output`, of the size of the original, and psnr_rgb, which has no border."""
        plane = luma(output, self.border)
        lpips, vgg = self.perceptual.distances(output) if self.perceptual else (NAN, NAN)
        rgb = psnr(output.astype(np.float64) * 255, self.truth_rgb)
        figures = {"psnr_y": psnr(plane, self.truth), "ssim": ssim(plane, self.truth), "psnr_rgb": rgb}
        return figures | {"lpips": lpips, "vgg": vgg}
