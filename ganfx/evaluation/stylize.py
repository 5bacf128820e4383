"""`ganfx eval stylize`: have every method paint photographs, compare with the style and with the photographs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.evaluation.base import Evaluation, Result, Say, run_timed
from ganfx.evaluation.methods import Method, OpenedModel, open_models
from ganfx.evaluation.metrics import Plane, edge_correlation
from ganfx.evaluation.protocol import MIN_SIDE, Sample, middle, samples_of
from ganfx.evaluation.reference import NAN
from ganfx.evaluation.report import Column, EvaluationReport, Measurement, ReportLayout
from ganfx.evaluation.resample import fitted
from ganfx.evaluation.sheet import Cell, Sheet
from ganfx.evaluation.styles import (
    SIDE,
    FeatureExtractor,
    PictureFeatures,
    Style,
    gram_distances,
    kid_shares,
    open_style,
)
from ganfx.filters.stylize import NATIVE
from ganfx.imaging.picture import Floats, Picture
from ganfx.paths import features_dir

SHEET_ROWS = 10

PHOTO, PAINTINGS = "photo", "paintings"
COLUMNS = (
    Column("kid", "KID", ".1f", np.mean, None),
    Column("gram", "Gram", ".3f", np.mean, min),
    Column("style_loss", "style loss", ".3f", np.mean, min),
    Column("edges", "edges", ".3f", np.mean, None),
    Column("lpips", "LPIPS", ".3f", np.mean, None),
    Column("ms", "ms", ".0f", np.median, None),
)
LEGEND = (
    f"Photographs: shrunk by area to a short side of {SIDE}, of which the middle {SIDE}x{SIDE} is painted at that size "
    "and at full strength. KID (lower is better): kernel distance to the paintings, cut alike, x 1000, by SqueezeNet's "
    "last features, of unit length at each place, averaged over the picture, with the kernel (x·y + 1)³, unbiased; "
    f"{PAINTINGS}: every second one against the others, which a perfect painter would reach. Gram (lower): distance of "
    "the Gram matrices of VGG-19, conv1_1 to conv3_1, from the style's (of a folder, from their mean), as a share of "
    "the photograph's own distance; style loss (lower): the same of squared distances, as Gatys et al. train by. "
    "edges: correlation of Sobel's gradients of luma with the photograph's; 1 "
    "shows all edges and no strokes. LPIPS: SqueezeNet v0.1, from the photograph. ms: median milliseconds for a "
    "picture, all work included."
)


def evaluate_stylize(
    models: Sequence[str | Path],
    sets: Sequence[Path],
    style: Path,
    *,
    limit: int | None = None,
    options: EngineOptions | None = None,
    say: Say = lambda line: None,
) -> EvaluationReport:
    """Compare `models`, names or .onnx files, by painting folders of photographs, beside the photographs themselves.

    `style` is what they shall look like: a picture, or a folder of paintings. `limit` takes the first so many pictures
    of each set. All figures but edges and ms need the folder that GANFX_FEATURES names. A picture that cannot be judged
    is said and left out. Raises OptionError where nothing can be compared, and what finding and opening the models
    raises.
    """
    samples = samples_of(sets, limit)
    opened = open_models(models, options or EngineOptions(), task="stylize", baselines=(PHOTO, PAINTINGS))
    if features_dir() is None:
        say("GANFX_FEATURES names no folder: KID, Gram, style loss and LPIPS are left out")
    return compete([model.method(_painting(model)) for model in opened], samples, style, say)


def compete(networks: Sequence[Method], samples: Sequence[Sample], style: Path, say: Say) -> EvaluationReport:
    """The report of the photographs and of `networks`, which take rgb (H, W, 3), beside the pictures of `style`."""
    features = features_dir()
    extractor = FeatureExtractor(features) if features else None
    opened = open_style(style, extractor, SHEET_ROWS, say)
    evaluation = _StylizeEvaluation([Method(PHOTO, lambda rgb: rgb), *networks], opened, extractor)
    evaluation.evaluate_all(samples, say)
    evaluation.compare_sets()
    return evaluation.report


def _painting(model: OpenedModel) -> Callable[[Floats], Floats]:
    """The whole filter with this network, as users run it."""

    def paint(rgb: Floats) -> Floats:
        path, engine = str(model.path), model.engine.options
        return pipeline.apply(Picture(rgb), "stylize", model=path, engine=engine, detail=NATIVE).rgb

    return paint


class _StylizeEvaluation(Evaluation):
    sheet_rows = SHEET_ROWS

    def __init__(self, methods: list[Method], style: Style, extractor: FeatureExtractor | None) -> None:
        self.style, self.extractor = style, extractor
        # By set and method: figures to be completed once all pictures are done, and the features for KID.
        self.pooled: dict[tuple[str, str], list[tuple[dict[str, float], Plane]]] = {}
        names = [one.name for one in methods]
        super().__init__(
            ReportLayout("stylize", "style", COLUMNS, LEGEND),
            methods,
            {style.name: Sheet([*names, style.name], SIDE)},
            warm_up=(np.full((MIN_SIDE, MIN_SIDE, 3), 0.5, np.float32),),
            references=[PAINTINGS],
        )

    def add(self, sample: Sample, shown: bool) -> None:
        """Have one photograph painted, and measure."""
        photo = middle(sample.narrowed(SIDE), max_side=SIDE)
        given = self.extractor.extract(photo) if self.extractor else None
        results = {one.name: self._measure(one, sample.set, photo, given) for one in self.methods}
        self.record(sample, self.style.name, {name: figures for name, (_, figures) in results.items()})
        if shown:
            self.report.sheets[self.style.name].rows.append(self._row(sample, results))

    def _measure(self, method: Method, set_name: str, photo: Floats, given: PictureFeatures | None) -> Result:
        _, output, seconds = run_timed(method, photo)
        figures = {column.figure: NAN for column in COLUMNS}
        figures |= {"edges": edge_correlation(output, photo), "ms": 1000 * seconds}
        if self.extractor and given:
            painted = self.extractor.extract(output)
            figures["lpips"] = self.extractor.lpips_between(painted, given)
            figures |= self._nearness(painted, given)
            self.pooled.setdefault((set_name, method.name), []).append((figures, painted.pooled))
        return output, figures

    def _nearness(self, painted: PictureFeatures, photo: PictureFeatures) -> dict[str, float]:
        """Distances of a painting from the style, as shares of the photograph's."""
        pairs = zip(*(gram_distances(one.grams, self.style.grams) for one in (painted, photo)), strict=True)
        gram, style_loss = (own / whole if whole else NAN for own, whole in pairs)
        return {"gram": gram, "style_loss": style_loss}

    def compare_sets(self) -> None:
        """Complete the figures that need all pictures of a set, and add those of the paintings among themselves."""
        for group in self.pooled.values():
            pooled = np.stack([pooled for _, pooled in group])
            for (figures, _), share in zip(group, kid_shares(pooled, self.style.pooled), strict=True):
                figures["kid"] = float(share)
        nothing = {column.figure: NAN for column in COLUMNS}
        for set_name in dict.fromkeys(one.set for one in self.report.measurements):
            for name, share in self.style.halves().items():
                figures = nothing | {"kid": share}
                self.report.measurements.append(Measurement(PAINTINGS, set_name, self.style.name, name, figures))

    def _row(self, sample: Sample, results: Mapping[str, Result]) -> list[Cell]:
        cells = [
            Cell(output, f"edges {figures['edges']:.2f}  Gram {figures['gram']:.2f}")
            for output, figures in results.values()
        ]
        cells[0] = Cell(cells[0].pixels, f"{sample.set} {sample.name}")
        shown = self.style.shown[len(self.report.sheets[self.style.name].rows) % len(self.style.shown)]
        return [*cells, Cell(fitted(shown, SIDE), "")]
