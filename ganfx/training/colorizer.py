"""The colorization network: a pretrained encoder, a small decoder, and color classes (Zhang et al. 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.training.features import SqueezeFeatures
from ganfx.training.palette import bin_centres
from ganfx.training.unet import Block, Up

# The network puts out a* and b* as (value + 128) / 255, in [0, 1], as 8-bit Lab stores them.
_OFFSET, _RANGE = 128.0, 255.0
_CHANNELS = (128, 256, 512)
_POOL_BEFORE = ("3", "6", "9")
_MIDDLE = 0.449


class Encoder(nn.Module):
    """SqueezeNet 1.1 (Iandola et al. 2016) for one channel, padded so that each stride halves the size exactly.

    lightness (N, 1, H, W) in [0, 1] -> features of 1/4, 1/8 and 1/16 of the size; H and W are multiples of 16.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 64, 3, stride=2, padding=1)
        self.fires = SqueezeFeatures().features
        del self.fires["0"]

    def start_from(self, features: SqueezeFeatures) -> None:
        """Initialise from `features`, for color pictures: grey pictures give the same activations, borders aside."""
        self.fires.load_state_dict({k: v for k, v in features.features.state_dict().items() if not k.startswith("0.")})
        stem = features.features["0"]
        assert isinstance(stem, nn.Conv2d)
        assert stem.bias is not None
        assert self.stem.bias is not None
        scaled = stem.weight / features.std[None]
        with torch.no_grad():
            self.stem.weight.copy_(scaled.sum(1, keepdim=True))
            shift = (_MIDDLE - features.mean)[None]
            self.stem.bias.copy_(stem.bias + (scaled * shift).sum((1, 2, 3)))

    def forward(self, lightness: Tensor) -> list[Tensor]:
        # Centred on zero, so that zero padding is a middle grey.
        x = F.relu(self.stem(lightness - _MIDDLE))
        found = []
        for index, fire in self.fires.items():
            if index in _POOL_BEFORE:
                found.append(x)
                x = F.max_pool2d(x, 3, 2, padding=1)
            x = fire(x)
        return [*found[1:], x]


class Colorizer(nn.Module):
    """lightness L* / 100 (N, 1, H, W) -> (N, 2, H, W), a* and b* as (value + 128) / 255; sizes multiples of 16.

    At a quarter of the size each place gets a logit for each bin of a*b*; their mean, sharpened by `temperature`
    (the annealed mean of Zhang et al. 2016), is its color.
    """

    multiple_of = 16
    centres: Tensor

    def __init__(self, widths: list[int], blocks: int, temperature: float) -> None:
        super().__init__()
        quarter, eighth, sixteenth = widths
        self.temperature = temperature
        self.encoder = Encoder()
        self.neck = nn.Conv2d(_CHANNELS[2], sixteenth, 1)
        self.gate = nn.Conv2d(sixteenth, sixteenth, 1)
        self.blocks = nn.Sequential(*(Block(sixteenth) for _ in range(blocks)))
        self.sides = nn.ModuleList([nn.Conv2d(_CHANNELS[1], eighth, 1), nn.Conv2d(_CHANNELS[0], quarter, 1)])
        self.up = nn.ModuleList([Up(sixteenth, eighth), Up(eighth, quarter)])
        centres = bin_centres()
        self.choice = nn.Conv2d(quarter, len(centres), 1)
        self.register_buffer("centres", centres)

    def logits(self, lightness: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, Q, H / 4, W / 4)."""
        fine, middle, coarse = self.encoder(lightness)
        x = F.relu(self.neck(coarse))
        x = self.blocks(x + self.gate(x.mean((2, 3), keepdim=True)))
        for up, side, skip in zip(self.up, self.sides, (middle, fine), strict=True):
            x = up(x, side(skip))
        return self.choice(x).float()  # type: ignore[no-any-return]

    def chroma(self, logits: Tensor) -> Tensor:
        """(N, Q, H, W) -> a* and b*, (N, 2, H, W)."""
        shares = F.softmax(logits / self.temperature, 1)
        return F.conv2d(shares, self.centres.T[:, :, None, None])

    def forward(self, lightness: Tensor) -> Tensor:
        chroma = self.chroma(self.logits(lightness))
        return (F.interpolate(chroma, scale_factor=4.0, mode="bilinear", align_corners=False) + _OFFSET) / _RANGE
