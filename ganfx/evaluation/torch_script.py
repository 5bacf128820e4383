"""What somebody would write in an afternoon: the same weights in torch, tile by tile, files in and files out.

It is what the engine is compared with: plain fp32, eager, no graph, one picture after another.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from ganfx.errors import OptionError, TrainingError
from ganfx.exporters.weights import generator_state
from ganfx.spec import ModelSpec
from ganfx.training.generators import ResidualUpscaler
from ganfx.training.recipe import load_recipe

# The side of a tile and what it shows of its neighbors on each side, in input pixels.
_TILE, _OVERLAP = 512, 16


def trained_network(path: Path, spec: ModelSpec) -> nn.Module:
    """The upscaler in the ONNX file `path`, which ganfx trained, in torch. Raises OptionError for any other model."""
    try:
        recipe = load_recipe(str(spec.training.get("recipe")))
        network = ResidualUpscaler(recipe.scale, **recipe.generator)
        network.load_state_dict(generator_state(path))
    except (TrainingError, RuntimeError, TypeError) as error:
        raise OptionError(f"{spec.name} is no upscaler that ganfx trained", hint="compare another") from error
    return network.eval()


@torch.inference_mode()
def run_files(network: nn.Module, scale: int, files: Sequence[Path], output: Path) -> float:
    """Run RGB pictures through `network` and write them to `output` as JPEG; the seconds that it took."""
    started = time.perf_counter()
    for path in files:
        rgb = np.ascontiguousarray(np.asarray(cv2.imread(str(path)))[..., ::-1])
        whole = torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255
        made = _by_tiles(network, whole, scale).clamp(0, 1)
        pixels = (made[0].permute(1, 2, 0) * 255).round().byte().numpy()
        cv2.imwrite(str(output / f"{path.stem}.jpg"), pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return time.perf_counter() - started


def _by_tiles(network: nn.Module, picture: Tensor, scale: int) -> Tensor:
    height, width = picture.shape[2:]
    result = torch.empty(1, 3, height * scale, width * scale)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            above, before = min(top, _OVERLAP), min(left, _OVERLAP)
            tile = picture[..., top - above : top + _TILE + _OVERLAP, left - before : left + _TILE + _OVERLAP]
            made = network(tile)[..., above * scale :, before * scale :]
            rows, columns = (min(_TILE, side - begin) * scale for side, begin in ((height, top), (width, left)))
            place = slice(top * scale, top * scale + rows), slice(left * scale, left * scale + columns)
            result[..., place[0], place[1]] = made[..., :rows, :columns]
    return result
