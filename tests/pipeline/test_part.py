"""A chain on a part of a picture, against the same part of the whole result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.errors import OptionError
from ganfx.imaging.picture import Box, Picture
from ganfx.spec import ModelSpec
from tests import graphs

BOX = Box(10, 6, 26, 17)
RANDOM = np.random.default_rng(5)


def picture() -> Picture:
    return Picture(RANDOM.random((30, 40, 3), np.float32))


def chain(folder: Path, *steps: tuple[str, dict[str, object]]) -> pipeline.Chain:
    graphs.nearest(folder / "upscale.onnx", 4, ModelSpec("twice", "upscale", scale=4, receptive_field=1))
    graphs.negative(folder / "stylize.onnx")
    graphs.one_color(folder / "colorize.onnx", (20, -30))
    graphs.constant_fill(folder / "inpaint.onnx", (0.9, 0.1, 0.4))
    engine = EngineOptions(provider="cpu")
    return pipeline.Chain(
        tuple(
            pipeline.load_filter(name, options, model=str(folder / f"{name}.onnx"), engine=engine)
            for name, options in steps
        )
    )


def whole_part(source: Picture, chain_: pipeline.Chain, mask: np.ndarray | None = None) -> Picture:  # type: ignore[type-arg]
    whole = pipeline.assemble(chain_.stream(source, mask=mask), chain_.output_size(source))
    by = whole.width // source.width
    return whole.crop(Box(BOX.left * by, BOX.top * by, BOX.right * by, BOX.bottom * by))


@pytest.mark.parametrize(
    "steps",
    [
        [("upscale", {"clean": "off"})],
        [("stylize", {}), ("upscale", {"clean": "off"})],
        [("colorize", {"hint": ["12,8,#7a2430"]})],
    ],
)
def test_a_part_is_as_in_the_whole(tmp_path: Path, steps: list[tuple[str, dict[str, object]]]) -> None:
    source, chain_ = picture(), chain(tmp_path, *steps)
    part, expected = pipeline.apply_to_part(source, chain_, BOX), whole_part(source, chain_)
    np.testing.assert_allclose(part.rgb, expected.rgb, atol=1e-5)


def test_sizes_are_those_of_the_whole_picture(tmp_path: Path) -> None:
    part = pipeline.apply_to_part(picture(), chain(tmp_path, ("upscale", {"clean": "off", "width": 80})), BOX)
    assert (part.width, part.height) == (2 * BOX.width, 2 * BOX.height)


def test_the_mask_is_that_of_the_whole_picture(tmp_path: Path) -> None:
    source, chain_ = picture(), chain(tmp_path, ("inpaint", {}))
    mask = np.zeros((30, 40), np.float32)
    mask[8:12, 14:20] = 1
    part = pipeline.apply_to_part(source, chain_, BOX, mask=mask)
    changed = (part.rgb != source.crop(BOX).rgb).any(axis=2)
    assert (changed == (mask[BOX.window] > 0)).all()
    with pytest.raises(OptionError, match="needs a mask"):
        pipeline.apply_to_part(source, chain_, BOX)
