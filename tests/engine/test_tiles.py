"""Tiles: whatever the sizes, everything is covered, the weights sum to one, and the identity stays the identity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganfx.engine.options import EngineOptions
from ganfx.engine.tiles import Weights, cut, reflected
from ganfx.engine.tiling import TileGrid, TilingPolicy
from ganfx.spec import ModelSpec

SPECS = st.builds(
    ModelSpec.of_picture,
    name=st.just("any"),
    task=st.just("upscale"),
    scale=st.integers(1, 4),
    multiple_of=st.sampled_from([1, 2, 3, 8]),
    min_size=st.integers(1, 40),
    receptive_field=st.integers(0, 200),
    fixed_size=st.none() | st.sampled_from([48, 72]),
)
OPTIONS = st.builds(
    EngineOptions,
    tile=st.just(0) | st.integers(16, 300),
    overlap=st.none() | st.integers(0, 200),
    batch=st.integers(0, 4),
)


@given(spec=SPECS, options=OPTIONS, uniform=st.booleans(), step=st.sampled_from([0, 64]), length=st.integers(1, 3000))
@settings(max_examples=150, deadline=None)
def test_weights_sum_to_one_and_stay_inside_their_tiles(
    spec: ModelSpec, options: EngineOptions, uniform: bool, step: int, length: int
) -> None:
    policy = TilingPolicy.of(spec, options, uniform=uniform, step=step)
    tile = policy.side_for(policy.padded(length), policy.side)
    total = np.zeros(length * spec.scale)
    for span in cut(max(policy.padded(length), tile), tile, policy.overlap, policy.fade):
        weights = Weights.of(span, length, policy.fade, spec.scale)
        assert span.start % spec.multiple_of == 0 or spec.fixed_size
        assert span.start * spec.scale <= weights.begin <= weights.end <= (span.start + tile) * spec.scale
        assert weights.values.min(initial=0) >= -1e-6
        total[weights.begin : weights.end] += weights.values
    np.testing.assert_allclose(total, 1, atol=1e-5)


@given(spec=SPECS, uniform=st.booleans(), length=st.integers(1, 3000))
@settings(max_examples=100, deadline=None)
def test_a_pixel_that_counts_has_the_receptive_field_around_it(spec: ModelSpec, uniform: bool, length: int) -> None:
    policy = TilingPolicy.of(spec, EngineOptions(), uniform=uniform)
    if spec.fixed_size or spec.receptive_field > 64:
        return
    tile = policy.side_for(policy.padded(length), policy.side)
    end = max(policy.padded(length), tile)
    for span in cut(end, tile, policy.overlap, policy.fade):
        if span.fade_in is not None:
            assert span.fade_in - span.start >= spec.receptive_field
        if span.fade_out is not None:
            assert span.start + tile - (span.fade_out + policy.fade) >= spec.receptive_field


@given(spec=SPECS, options=OPTIONS, uniform=st.booleans(), height=st.integers(1, 4000), width=st.integers(1, 90_000))
@settings(max_examples=150, deadline=None)
def test_a_band_keeps_within_its_memory_unless_its_tiles_are_the_smallest(
    spec: ModelSpec, options: EngineOptions, uniform: bool, height: int, width: int
) -> None:
    policy = TilingPolicy.of(spec, options, uniform=uniform)
    grid = TileGrid.of(policy, spec, height, width)
    core = min(height, grid.height - 2 * policy.overlap + policy.fade)
    band_bytes = core * width * spec.scale**2 * spec.out_channels * 4
    assert band_bytes <= 400e6 or grid.height <= max(policy.floor, spec.fixed_size or 0)


@given(length=st.integers(1, 50), begin=st.integers(0, 200), count=st.integers(1, 100))
def test_reflection_is_numpy_s(length: int, begin: int, count: int) -> None:
    mirrored = np.pad(np.arange(length), (0, begin + count), mode="reflect")
    np.testing.assert_array_equal(reflected(length, begin, begin + count), mirrored[begin : begin + count])


@pytest.mark.parametrize("length", [60, 64, 65, 100, 512, 600, 5000])
def test_uniform_devices_see_few_tile_shapes(length: int) -> None:
    policy = TilingPolicy.of(ModelSpec("any", "upscale", receptive_field=16), EngineOptions(), uniform=True)
    assert policy.side_for(length, policy.side) in (64, 128, 256, 512)


@pytest.mark.parametrize("length", [60, 64, 65, 100, 512, 600, 768, 1100, 5000])
def test_sides_in_steps_compute_little_more_than_the_picture(length: int) -> None:
    policy = TilingPolicy.of(ModelSpec("any", "upscale", receptive_field=16), EngineOptions(), uniform=True, step=64)
    side = policy.side_for(length, policy.side)
    tiles = len(cut(max(length, side), side, policy.overlap, policy.fade))
    assert side % 64 == 0
    assert side <= 1024
    assert tiles * side < length + (tiles - 1) * 2 * policy.overlap + tiles * 64 + policy.multiple_of


def test_a_small_picture_costs_no_more_than_itself_on_the_cpu() -> None:
    spec = ModelSpec("any", "upscale")
    grid = TileGrid.of(TilingPolicy.of(spec, EngineOptions(), uniform=False), spec, 60, 50)
    assert (grid.height, grid.width, grid.batch) == (60, 50, 1)
