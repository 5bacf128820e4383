"""Figures of an output picture against its original."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ganfx.evaluation.base import Say
from ganfx.evaluation.efficientnet import is_installed
from ganfx.evaluation.metrics import luma, psnr, ssim
from ganfx.evaluation.perceptual import PerceptualDistance
from ganfx.evaluation.report import Column
from ganfx.imaging.picture import Floats
from ganfx.paths import features_dir

NAN = float("nan")
# For the tables of evaluations; the legend says what it is.
EFFICIENTNET = Column("efficientnet", "EffNet", ".4f", np.mean, min)
EFFICIENTNET_LEGEND = "EffNet (lower): distance of EfficientNet-Lite0 features, which no training here has used."


def say_missing(say: Say) -> None:
    """Tell which figures cannot be had."""
    if features_dir() is None:
        say("GANFX_FEATURES names no folder: LPIPS and VGG are left out")
    if not is_installed():
        say("the eval extra is not installed: EffNet is left out")


class ReferenceMetrics:
    """PSNR, SSIM and perceptual distances to one original after another.

    Perceptual distances are NaN where their networks are missing, see `PerceptualDistance`; the outermost `border`
    pixels count for these only. Raises TrainingError or ModelError where the folder of features lacks an array.
    """

    def __init__(self, features: Path | None, border: int = 0) -> None:
        self.border = border
        self.perceptual = PerceptualDistance(features)

    def set_reference(self, truth: Floats) -> None:
        """Compare with `truth` (H, W, 3) in [0, 1] from now on."""
        self.truth_rgb = truth.astype(np.float64) * 255
        self.truth = luma(truth, self.border)
        self.perceptual.set_reference(truth)

    def figures(self, output: Floats) -> dict[str, float]:
        """psnr_y, ssim and those of `PerceptualDistance` of `output`, of the size of the original, and psnr_rgb.

        psnr_rgb has no border.
        """
        plane = luma(output, self.border)
        rgb = psnr(output.astype(np.float64) * 255, self.truth_rgb)
        figures = {"psnr_y": psnr(plane, self.truth), "ssim": ssim(plane, self.truth), "psnr_rgb": rgb}
        return figures | self.perceptual.figures(output)
