"""All figures of an output picture beside its original."""

from __future__ import annotations

from pathlib import Path

from ganfx.evaluation.metrics import luma, psnr, ssim
from ganfx.evaluation.perceptual import PerceptualDistance
from ganfx.imaging.picture import Floats

NAN = float("nan")


class Judge:
    """Compares with one original after another; LPIPS and VGG distance are NaN without a folder of features.

    The outermost `border` pixels count for LPIPS and VGG only. Raises TrainingError or ModelError where the
    folder lacks an array.
    """

    def __init__(self, features: Path | None, border: int = 0) -> None:
        self.border = border
        self.perceptual = PerceptualDistance(features) if features else None

    def look_at(self, truth: Floats) -> None:
        """Take `truth` (H, W, 3) in [0, 1] as the original."""
        self.truth = luma(truth, self.border)
        if self.perceptual:
            self.perceptual.look_at(truth)

    def figures(self, output: Floats) -> dict[str, float]:
        """What `output`, of the original's size, is worth: psnr_y, ssim, lpips and vgg."""
        plane = luma(output, self.border)
        lpips, vgg = self.perceptual.to(output) if self.perceptual else (NAN, NAN)
        return {"psnr_y": psnr(plane, self.truth), "ssim": ssim(plane, self.truth), "lpips": lpips, "vgg": vgg}
