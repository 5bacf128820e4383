"""Controls of the model: options that are fed to the network, and estimates in place of "auto"."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganfx import filters, pipeline
from ganfx.errors import OptionError
from ganfx.filters import AUTO, Filter, Flow, Option, Overview, Region, Retouch
from ganfx.imaging.picture import Box, Picture
from ganfx.pipeline import EngineOptions
from ganfx.pipeline.sampling import ALIGNMENT, GRID, SIDE, sample_crops
from ganfx.spec import Control, ModelSpec
from tests import graphs

TASK = "brighten"
GAIN = Option("gain", float, AUTO, "How bright.", bounds=(0, 4), control=True, auto=True)


def fill(picture: Picture, mask: Any, values: Any, spec: Any, infer: Any) -> Picture:
    return Picture(infer(picture.rgb))


FLOW = Flow(
    prepare=lambda picture, values, spec: picture.rgb,
    finish=lambda output, strip, values, spec: Picture(output, info=strip.picture.info),
    local=True,
)
WHOLE = Flow(FLOW.prepare, FLOW.finish)
OVERVIEW = Overview(
    8, lambda small, size, values, spec, infer: lambda rows, top: Picture(rows.rgb * infer(small.rgb).max())
)
RETOUCH = Retouch(
    mask=lambda mask, values: mask,
    regions=lambda mask, values: [Region(Box(0, 0, mask.shape[1], mask.shape[0]), mask)],
    fill=fill,
)


class Estimator:
    """Estimates `value`, and keeps what it was given."""

    def __init__(self, value: float) -> None:
        self.value = value
        self.calls: list[Sequence[Picture]] = []

    def __call__(self, crops: Sequence[Picture]) -> float:
        self.calls.append(crops)
        return self.value


@pytest.fixture
def brighten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Binds a filter whose network multiplies by its control `gain`, 0 to 2 and 0.5 by default."""

    def bind(
        estimator: Estimator | None = None, *, control: str = "gain", work: dict[str, Any] | None = None, **options: Any
    ) -> pipeline.BoundFilter:
        gain = Control(control, 0.0, 2.0, 0.5, estimator="mean-level")
        spec = ModelSpec("gain", TASK, receptive_field=0, controls=(gain,))
        path = graphs.controlled(tmp_path / f"{control}.onnx", spec, name=control)
        estimators = {"mean-level": estimator} if estimator else {}
        filter_ = Filter(TASK, "Brighten.", options=(GAIN,), estimators=estimators, **(work or {"flow": FLOW}))
        monkeypatch.setattr(filters, "all_filters", lambda: {TASK: filter_})
        return pipeline.load_filter(TASK, options, model=str(path), engine=EngineOptions(tile=64))

    return bind


def picture(height: int, width: int) -> Picture:
    return Picture(np.random.default_rng(3).random((height, width, 3), np.float32) * np.float32(0.5))


def result(bound: pipeline.BoundFilter, source: Picture, **mask: Any) -> Any:
    return pipeline.assemble(pipeline.apply_step(source, bound, **mask), (source.width, source.height)).rgb


@pytest.mark.parametrize("work", [{"flow": FLOW}, {"flow": WHOLE}])
def test_an_option_is_fed_as_the_control_of_its_name(brighten: Any, work: dict[str, Any]) -> None:
    source = picture(200, 90)
    np.testing.assert_allclose(result(brighten(gain=1.5, work=work), source), source.rgb * 1.5, rtol=1e-6)


def test_auto_is_estimated_once_for_a_picture_of_many_tiles(brighten: Any) -> None:
    estimator, source = Estimator(1.25), picture(300, 200)
    np.testing.assert_allclose(result(brighten(estimator), source), source.rgb * 1.25, rtol=1e-6)
    assert len(estimator.calls) == 1


def test_every_picture_has_its_own_estimate(brighten: Any) -> None:
    estimator = Estimator(1.25)
    bound, source = brighten(estimator), picture(20, 20)
    result(bound, source)
    estimator.value = 0.75
    np.testing.assert_allclose(result(bound, source), source.rgb * 0.75, rtol=1e-6)
    assert bound.values["gain"] == AUTO


def test_an_estimate_is_clipped_to_the_range_of_the_control(brighten: Any) -> None:
    source = picture(20, 20)
    np.testing.assert_allclose(result(brighten(Estimator(9.0)), source), source.rgb * 2, rtol=1e-6)


def test_auto_without_an_estimator_is_the_default_of_the_control(brighten: Any) -> None:
    source = picture(20, 20)
    np.testing.assert_allclose(result(brighten(), source), source.rgb * 0.5, rtol=1e-6)


def test_overviews_and_retouches_feed_controls_too(brighten: Any) -> None:
    source = picture(40, 40)
    small = result(brighten(gain=0.5, work={"overview": OVERVIEW}), source)
    large = result(brighten(gain=1.0, work={"overview": OVERVIEW}), source)
    np.testing.assert_allclose(large, small * 2, rtol=1e-5)
    mask = np.zeros((40, 40), np.float32)
    mask[10:20] = 1
    estimator = Estimator(1.5)
    filled = result(brighten(estimator, work={"retouch": RETOUCH}), source, mask=mask)
    np.testing.assert_allclose(filled[10:20], source.rgb[10:20] * 1.5, rtol=1e-5)
    assert len(estimator.calls) == 1


def test_a_model_without_the_control_takes_the_default_alone(brighten: Any) -> None:
    source = picture(20, 20)
    np.testing.assert_allclose(result(brighten(control="other"), source), source.rgb * 0.5, rtol=1e-6)
    with pytest.raises(OptionError, match="gain has no such control"):
        brighten(control="other", gain=1.0)


def test_a_value_outside_the_range_of_the_control_is_refused_before_any_picture(brighten: Any) -> None:
    with pytest.raises(OptionError, match="3 is not within 0 to 2"):
        brighten(gain=3)
    with pytest.raises(OptionError, match="is not between"):
        brighten(gain=5)
    with pytest.raises(OptionError, match="not of type float, nor 'auto'"):
        brighten(gain="automatic")


@pytest.mark.parametrize(("height", "width"), [(5000, 3000), (1025, 100), (300, 9000), (1100, 1100)])
def test_crops_are_aligned_bounded_and_reach_across_the_picture(height: int, width: int) -> None:
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    source = Picture(np.stack([rows, columns, rows], -1))
    crops = sample_crops(source, lambda pixels: None)
    assert len(crops) <= GRID**2
    assert all(crop.height <= SIDE and crop.width <= SIDE for crop in crops)
    tops, lefts = ([int(crop.rgb[0, 0, axis]) for crop in crops] for axis in (0, 1))
    assert tops == sorted(tops)
    assert {start % ALIGNMENT for start in tops + lefts} == {0}
    assert max(crop.rgb[..., 0].max() for crop in crops) > height - 2 * ALIGNMENT - 1
    assert len(set(zip(tops, lefts, strict=True))) == len(crops)


def test_a_small_picture_is_one_crop() -> None:
    source = picture(GRID * SIDE, 30)
    (crop,) = sample_crops(source, lambda pixels: None)
    assert crop.rgb.shape == source.rgb.shape
