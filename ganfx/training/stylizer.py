"""The style transfer network: a small U-Net with most blocks at the coarsest level. It uses no statistics of the whole
picture, so that its output does not depend on the tiling."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.training.brushwork import Brushwork
from ganfx.training.generators import LEAK, conv3x3
from ganfx.training.style_rules.finish import Finish
from ganfx.training.unet import UNSHUFFLE, Block, Down, Up

# Blocks of the coarsest level that belong to the encoder, whose features contrastive losses compare.
_ENCODER_BLOCKS = 2
# Planes that brushwork gives besides its layers.
_DIRECTIONS = 2


def soft(image: Tensor) -> Tensor:
    """`image` (N, C, H, W) averaged over 5x5 pixels."""
    return F.avg_pool2d(F.pad(image, (2, 2, 2, 2), mode="reflect"), 5, 1)


class Stylizer(nn.Module):
    """rgb (N, 3, H, W) in [0, 1] -> (N, 3, H, W), not clipped; close to the blurred picture at initialisation.

    widths are the channels at 1/2, 1/4, 1/8 ... of the size, blocks how many blocks the coarsest has. H and W are
    multiples of `multiple_of`, and at least `min_size`. With `brushwork`, PLANES of noise of mean 0 and deviation 1
    come after rgb, and the network paints with the layers that grow from them. With a `finish` it makes plans, and
    these become pictures by that.
    """

    def __init__(
        self, widths: list[int], blocks: int, brushwork: Brushwork | None = None, finish: Finish | None = None
    ) -> None:
        super().__init__()
        self.brushwork, self.finish = brushwork, finish
        packed, made = 3 * UNSHUFFLE**2, (finish.channels if finish else 3) * UNSHUFFLE**2
        if brushwork:
            packed += (len(brushwork.planes) + _DIRECTIONS) * (UNSHUFFLE // brushwork.size) ** 2
        pairs = list(itertools.pairwise(widths))
        self.head = conv3x3(packed, widths[0])
        self.down = nn.ModuleList([Down(*pair, 0) for pair in pairs])
        self.body = nn.ModuleList([Block(widths[-1], gain=0.3) for _ in range(blocks)])
        self.up = nn.ModuleList([Up(small, large) for large, small in reversed(pairs)])
        self.tail = conv3x3(widths[0] + packed, made, gain=0.1)
        # All phases of the pixel shuffle start with the same weights, or their differences would show as a grid.
        self.tail.weight.data = self.tail.weight.data[:: UNSHUFFLE**2].repeat_interleave(UNSHUFFLE**2, 0)
        # Reflected borders: zero padding would mark the border of the picture, which tiles do not have.
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.kernel_size != (1, 1):
                module.padding_mode = "reflect"

    @property
    def multiple_of(self) -> int:
        return int(UNSHUFFLE * 2 ** len(self.down))

    @property
    def min_size(self) -> int:
        least = 2 * self.multiple_of
        return max(least, self.brushwork.min_size) if self.brushwork else least

    @property
    def receptive_field(self) -> int:
        """How many input pixels on each side an output pixel depends on, followed back layer by layer."""
        furthest = 0
        for pixel in range(self.multiple_of):
            low, high = pixel // UNSHUFFLE - 1, pixel // UNSHUFFLE + 1
            for _ in self.up:
                low, high = (low - 2) // 2, (high + 2) // 2
            low, high = low - 2 * len(self.body), high + 2 * len(self.body)
            for _ in self.down:
                low, high = 2 * low - 1, 2 * high + 1
            first, last = (low - 1) * UNSHUFFLE, (high + 2) * UNSHUFFLE - 1
            furthest = max(furthest, pixel - first, last - pixel)
        return furthest + sum(part.reach for part in (self.brushwork, self.finish) if part)

    def packed(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(what the head sees of `image`, at half its size: its pixels and the brushwork; the layers of that)."""
        pixels = F.pixel_unshuffle(image[:, :3], UNSHUFFLE)
        if self.brushwork is None:
            return pixels, image[:, 3:]
        layers, directions = self.brushwork(image[:, :3], image[:, 3:])
        made = torch.cat([layers, directions], 1)
        return torch.cat([pixels, F.pixel_unshuffle(made, UNSHUFFLE // self.brushwork.size)], 1), layers

    def encode(self, packed: Tensor) -> list[Tensor]:
        """Features of a `packed` picture from fine to coarse, the last two of one size."""
        found = [F.leaky_relu(self.head(packed), LEAK)]
        for down in self.down:
            found.append(down(found[-1]))
        x = found[-1]
        for block in self.body[:_ENCODER_BLOCKS]:
            x = block(x)
        return [*found, x]

    def decode(self, image: Tensor, packed: Tensor, features: list[Tensor]) -> Tensor:
        """The plan, or else the output, for `image`, which was `packed`, and whose `encode` gave `features`."""
        *skips, _, x = features
        for block in self.body[_ENCODER_BLOCKS:]:
            x = block(x)
        for up, skip in zip(self.up, reversed(skips), strict=True):
            x = up(x, skip)
        change = F.pixel_shuffle(self.tail(torch.cat([x, packed], 1)), UNSHUFFLE)
        # Added to the blurred picture, so that all sharp detail comes from the network.
        rgb = image[:, :3]
        return soft(self.finish.sketch(rgb) if self.finish else rgb) + change.float()

    def plan(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(plans for `image`, or else what is made of it; the layers of the brushwork)."""
        packed, layers = self.packed(image)
        return self.decode(image, packed, self.encode(packed)), layers

    def forward(self, image: Tensor) -> Tensor:
        plan, layers = self.plan(image)
        return self.finish(plan, layers) if self.finish else plan


class ContrastiveStylizer(Stylizer):
    """A stylizer with heads of `codes` channels for a contrastive loss between its output and its input.

    `forward` does not use the heads, so they are not exported.
    """

    def __init__(self, widths: list[int], blocks: int, codes: int) -> None:
        super().__init__(widths, blocks)
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(width, codes), nn.ReLU(), nn.Linear(codes, codes))
            for width in (*widths, widths[-1])
        )

    def compared(self, image: Tensor, places: int) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """(output, for each level of features the codes of `places` random places in the output and in the input).

        Codes are (N, places, codes) of unit length. Those of the input do not pass gradients on.
        """
        packed, _ = self.packed(image)
        before = self.encode(packed)
        output = self.decode(image, packed, before)
        after = self.encode(self.packed(output)[0])
        codes = []
        for head, old, new in zip(self.heads, before, after, strict=True):
            chosen = torch.randperm(old.shape[2] * old.shape[3], device=old.device)[:places]
            wanted, got = (F.normalize(head(x.flatten(2)[..., chosen].mT).float(), dim=-1) for x in (old, new))
            codes.append((got, wanted.detach()))
        return output, codes
