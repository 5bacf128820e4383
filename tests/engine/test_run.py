"""Pictures through the engine: exact, in order, and at any size."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganfx.engine import tiled_run
from ganfx.errors import ContractError, DeviceMemoryError
from ganfx.spec import ModelSpec, Port, Tiling
from tests import graphs
from tests.engine.disturbed import noise, opened

pytestmark = pytest.mark.usefixtures("nothing_remembered")


@given(
    height=st.integers(1, 200),
    width=st.integers(1, 200),
    tile=st.integers(16, 90),
    overlap=st.none() | st.integers(0, 40),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tiling_of_the_identity_gives_the_picture(
    networks: Path, height: int, width: int, tile: int, overlap: int | None
) -> None:
    path = networks / "identity.onnx"
    engine = opened(path if path.exists() else graphs.identity(path), tile=tile, overlap=overlap)
    np.testing.assert_allclose(engine.run(noise(height, width)), noise(height, width), atol=1e-6)


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 1700), (61, 67), (150, 96)])
def test_nearest_repeats_every_pixel(networks: Path, scale: int, height: int, width: int) -> None:
    path = graphs.nearest(networks / f"nearest{scale}.onnx", scale)
    picture = noise(height, width)
    result = opened(path, tile=48).run(picture)
    np.testing.assert_allclose(result, picture.repeat(scale, 0).repeat(scale, 1), atol=1e-6)


@pytest.mark.parametrize("scale", [1, 4])
@pytest.mark.parametrize("batch", [1, 3])
def test_tiled_equals_untiled(networks: Path, scale: int, batch: int) -> None:
    path = graphs.convolutions(networks / f"convolutions{scale}.onnx", layers=6, scale=scale)
    picture = noise(151, 173)
    whole = opened(path, tile=200).run(picture)
    tiled = opened(path, tile=64, batch=batch).run(picture)
    assert np.abs(whole).max() > 0.5
    np.testing.assert_allclose(tiled, whole, atol=1e-5)


def test_tiles_keep_to_the_grid_of_a_network_that_has_one(networks: Path) -> None:
    path = graphs.by_twos(networks / "by_twos.onnx", ModelSpec("twos", "upscale", multiple_of=2, receptive_field=3))
    picture = noise(131, 97)
    np.testing.assert_allclose(opened(path, tile=30).run(picture), opened(path).run(picture), atol=1e-6)


def test_a_fixed_size_network_gets_only_its_size(networks: Path) -> None:
    path = graphs.identity(networks / "fixed.onnx", size=(1, 64, 64))
    engine = opened(path, tile=200, batch=4)
    assert engine.spec.fixed_size == 64
    for height, width in ((5, 9), (64, 64), (100, 130)):
        np.testing.assert_allclose(engine.run(noise(height, width)), noise(height, width), atol=1e-6)


def test_range_and_color_order_are_the_contract_s(networks: Path) -> None:
    nodes = [graphs.helper.make_node("Mul", ["input", "gain"], ["output"])]
    gain = np.array([1, 2, 4], np.float32).reshape(1, 3, 1, 1)
    spec = ModelSpec.of_picture("bgr", "stylize", value_range=(-1.0, 1.0), color_order="BGR")
    path = graphs.write(networks / "bgr.onnx", nodes, {"gain": gain}, spec=spec)
    picture = noise(20, 20)
    expected = ((picture * 2 - 1) * np.array([4, 2, 1], np.float32) + 1) / 2
    np.testing.assert_allclose(opened(path).run(picture), expected, atol=1e-5)


def test_mean_and_deviation_are_taken_out_and_put_back(networks: Path) -> None:
    mean, std = np.array([0.4, 0.5, 0.6], np.float32), np.array([0.2, 0.25, 0.5], np.float32)
    port = Port("input", mean=tuple(mean.tolist()), std=tuple(std.tolist()))
    given = ModelSpec("given", "stylize", inputs=(port,), receptive_field=0)
    picture = noise(20, 20)
    seen = opened(graphs.identity(networks / "given.onnx", given)).run(picture)
    np.testing.assert_allclose(seen, (picture - mean) / std, atol=1e-5)
    both = dataclasses.replace(given, outputs=(dataclasses.replace(port, name="output"),))
    np.testing.assert_allclose(opened(graphs.identity(networks / "both.onnx", both)).run(picture), picture, atol=1e-5)
    turned = dataclasses.replace(port, color_order="BGR")
    bgr = dataclasses.replace(given, inputs=(turned,), outputs=(dataclasses.replace(turned, name="output"),))
    np.testing.assert_allclose(opened(graphs.identity(networks / "turned.onnx", bgr)).run(picture), picture, atol=1e-5)


def test_a_network_that_must_see_the_whole_picture_is_never_fed_a_part(networks: Path, disturb: Any) -> None:
    nodes = [graphs.helper.make_node("GlobalAveragePool", ["input"], ["mean"])]
    nodes.append(graphs.helper.make_node("Sub", ["input", "mean"], ["output"]))
    spec = ModelSpec("whole", "stylize", tiling=Tiling("whole"), multiple_of=2)
    engine, picture = opened(graphs.write(networks / "whole.onnx", nodes, spec=spec), tile=64, batch=4), noise(300, 170)
    np.testing.assert_allclose(engine.run(picture), picture - picture.mean((0, 1)), atol=1e-5)
    assert disturb(engine, set()).calls == 0
    disturb(engine, {1})
    with pytest.raises(DeviceMemoryError, match="300 pixels, which the network must see whole"):
        engine.run(picture)


def test_grey_networks_take_one_channel_and_refuse_three(networks: Path) -> None:
    engine = opened(graphs.identity(networks / "grey.onnx", channels=1))
    assert engine.run(noise(9, 9, 1)).shape == (9, 9, 1)
    with pytest.raises(ContractError, match="1 channels"):
        engine.run(noise(9, 9, 3))


def test_half_precision_inputs_and_outputs_are_served(networks: Path) -> None:
    path = graphs.identity(networks / "half.onnx", kind=graphs.TensorProto.FLOAT16)
    result = opened(path).run(noise(30, 30))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, noise(30, 30), atol=1e-3)


def test_a_stream_reads_downwards_and_never_holds_the_picture(networks: Path) -> None:
    path = graphs.convolutions(networks / "tall.onnx", layers=2, scale=2)
    engine, picture = opened(path, tile=64), noise(1500, 40)
    tops, heights, done, total = [0], [], [], 0

    def read(top: int, bottom: int) -> np.ndarray:
        assert top >= tops[-1]
        assert total // 2 <= bottom
        tops.append(top)
        heights.append(bottom - top)
        return picture[top:bottom]

    for rows in engine.stream(read, 1500, 40, done.append):
        total += len(rows)
        assert len(rows) % 2 == 0
        assert rows.shape[1:] == (80, 3)
    assert total == 3000
    assert max(heights) <= 64
    assert done == sorted(done)
    assert done[-1] == 1500 * 40


@pytest.mark.parametrize("channels", [1, 3])
def test_chunks_of_any_size_hold_the_same_bits(networks: Path, monkeypatch: pytest.MonkeyPatch, channels: int) -> None:
    path = networks / f"chunks{channels}.onnx"
    engine, picture = opened(graphs.identity(path, channels=channels), tile=48, overlap=12), noise(150, 130, channels)
    expected = engine.run(picture)
    for size in (1, 9_000, 40_000):
        monkeypatch.setattr(tiled_run, "CHUNK_BYTES", size)
        rows = list(engine.stream(lambda top, bottom: picture[top:bottom], 150, 130))
        assert len(rows) > 3
        np.testing.assert_array_equal(np.concatenate(rows), expected)


def test_pictures_are_worked_on_in_the_same_memory(networks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled_run, "CHUNK_BYTES", 20_000)
    engine, picture = opened(graphs.identity(networks / "same.onnx"), tile=48), noise(400, 100)
    runs = [[rows.ctypes.data for rows in engine.stream(lambda *rows: picture[slice(*rows)], 400, 100)] for _ in "123"]
    assert len(runs[0]) > 10
    assert set(runs[2]) <= set(runs[1])
    assert len(set(runs[2])) <= 4


def test_networks_are_shared_until_the_file_changes(networks: Path) -> None:
    path = graphs.nearest(networks / "changing.onnx", 2)
    first = opened(path, tile=64)
    assert opened(path, tile=128).network is first.network
    graphs.nearest(path, 4, dataclasses.replace(first.spec, scale=4))
    assert opened(path).spec.scale == 4
