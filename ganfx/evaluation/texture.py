"""`ganfx eval texture`: make textures of examples by patches, and compare with image quilting and with tiling."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganfx.evaluation.base import Evaluation, Result, Say, run_timed
from ganfx.evaluation.copies import largest_copy, mirror_symmetry
from ganfx.evaluation.efficientnet import EfficientNetFeatures, is_installed
from ganfx.evaluation.methods import Method
from ganfx.evaluation.perceptual import as_tensor
from ganfx.evaluation.protocol import Sample, samples_of
from ganfx.evaluation.quilting import BLOCK, quilted
from ganfx.evaluation.reference import say_missing
from ganfx.evaluation.report import Column, EvaluationReport, ReportLayout
from ganfx.evaluation.sheet import Cell, Sheet
from ganfx.evaluation.styles import gram_distances
from ganfx.imaging.picture import Floats, Picture
from ganfx.paths import features_dir
from ganfx.textures import seam, texture_of
from ganfx.training.features import VggFeatures

# Sides of what is made, and at most of examples, whose middle is taken.
SIDE, EXAMPLE = 384, 512
COLUMNS = (
    Column("seam", "seam", ".2f", np.mean, min),
    Column("mirror", "mirror", ".2f", max, None),
    Column("copied", "copied px", ".0f", lambda sides: float(np.percentile(sides, 95)), min),
    Column("vgg", "VGG", ".3f", np.mean, min),
    Column("efficientnet", "EffNet", ".3f", np.mean, min),
    Column("seconds", "s", ".2f", np.median, None),
)
LEGEND = (
    f"Examples: the middle {EXAMPLE}x{EXAMPLE} of each picture; made of them: {SIDE}x{SIDE}. seam (1 is unseen): mean "
    "step around the edges over the mean step within 8 pixels of them. mirror: highest correlation of luma, without "
    "changes of light, with its mirror image; 1 is symmetric; the worst one. copied px: side of the largest square "
    "that stands in the example bit for bit; 95 % of the textures have no larger one. VGG, EffNet (lower): mean "
    "relative distance of the Gram matrices of VGG-19 (conv1_1 to conv3_1) and EfficientNet-Lite0 from the example's; "
    "no texture was made by them. quilting: Efros and Freeman 2001, with blocks of "
    f"{BLOCK} pixels, not seamless. s: median seconds."
)


def evaluate_texture(
    sets: Sequence[Path], *, limit: int | None = None, say: Say = lambda line: None
) -> EvaluationReport:
    """Compare textures made of the pictures in folders. `limit` takes the first so many of each.

    VGG needs the folder that GANFX_FEATURES names. A picture that cannot be used is said and left out. Raises
    OptionError where there is none.
    """
    samples = samples_of(sets, limit)
    say_missing(say)
    return _TextureEvaluation([Method(name, make) for name, make in METHODS.items()]).evaluate_all(samples, say)


def _patches(example: Floats) -> Floats:
    return np.concatenate([strip.rgb for strip in texture_of(Picture(example), (SIDE, SIDE)).strips])


def _quilted(example: Floats) -> Floats:
    return quilted(example, (SIDE, SIDE), np.random.default_rng(0))


def _tiled(example: Floats) -> Floats:
    """The upper left half of each side, twice."""
    return np.tile(example[: SIDE // 2, : SIDE // 2], _times(example))[:SIDE, :SIDE]


def _mirrored(example: Floats) -> Floats:
    tile = example[: SIDE // 2, : SIDE // 2]
    wide = np.concatenate([tile, tile[:, ::-1]], 1)
    tall = np.concatenate([wide, wide[::-1]])
    return np.asarray(tall, np.float32)


def _times(example: Floats) -> tuple[int, int, int]:
    """How often a tile goes into each side."""
    height, width = (min(side, SIDE // 2) for side in example.shape[:2])
    return -(-SIDE // height), -(-SIDE // width), 1


METHODS: Mapping[str, Callable[[Floats], Floats]] = {
    "tiling": _tiled,
    "mirrored": _mirrored,
    "quilting": _quilted,
    "ganfx": _patches,
}


class _Judge:
    """Gram matrices of two networks; figures are NaN where a network is missing."""

    def __init__(self) -> None:
        folder = features_dir()
        self.networks: dict[str, Callable[[Tensor], list[Tensor]]] = {"vgg": VggFeatures(folder)} if folder else {}
        if is_installed():
            self.networks["efficientnet"] = EfficientNetFeatures()

    @torch.no_grad()
    def grams(self, rgb: Floats) -> dict[str, list[Tensor]]:
        """By network, the mean products of channels in each layer."""
        return {name: [_gram(one[0]) for one in network(as_tensor(rgb))] for name, network in self.networks.items()}

    def figures(self, texture: Floats, wanted: Mapping[str, list[Tensor]]) -> dict[str, float]:
        found = {name: gram_distances(grams, wanted[name])[0] for name, grams in self.grams(texture).items()}
        return dict.fromkeys(("vgg", "efficientnet"), math.nan) | found


def _gram(layer: Tensor) -> Tensor:
    flat = layer.flatten(1)
    return flat @ flat.T / flat.shape[1]


class _TextureEvaluation(Evaluation):
    def __init__(self, methods: list[Method]) -> None:
        self.judge = _Judge()
        example = np.random.default_rng(0).random((64, 64, 3), np.float32)
        super().__init__(
            ReportLayout("texture", "made", COLUMNS, LEGEND),
            methods,
            {f"{SIDE}x{SIDE}": Sheet(["example", *METHODS], SIDE)},
            warm_up=(example,),
        )

    def add(self, sample: Sample, shown: bool) -> None:
        """Have textures made of one example, and measure."""
        example = sample.read(max_side=EXAMPLE)
        wanted = self.judge.grams(example)
        results = {one.name: self._measure(one, example, wanted) for one in self.methods}
        case = f"{SIDE}x{SIDE}"
        self.record(sample, case, {name: figures for name, (_, figures) in results.items()})
        if shown:
            cells = [Cell(example[:SIDE, :SIDE], f"{sample.set} {sample.name}")]
            for output, figures in results.values():
                caption = f"seam {figures['seam']:.2f}  copied {figures['copied']:.0f}  VGG {figures['vgg']:.2f}"
                cells.append(Cell(output, caption))
            self.report.sheets[case].rows.append(cells)

    def _measure(self, method: Method, example: Floats, wanted: Mapping[str, list[Tensor]]) -> Result:
        _, output, seconds = run_timed(method, example)
        return output, {
            "seam": (seam(output, 0) + seam(output, 1)) / 2,
            "mirror": mirror_symmetry(output),
            "copied": float(largest_copy(output, example)),
            "seconds": seconds,
            **self.judge.figures(output, wanted),
        }
