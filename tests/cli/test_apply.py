"""`ganfx apply` runs a model with the filter that it is for."""

from __future__ import annotations

import numpy as np
import pytest
import pyvips

from ganfx.cli import main
from ganfx.hub import import_model
from tests.foreign.graphs import graph, lama, node, scalars
from tests.graphs import nearest


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(60, 200, (40, 56, 3), np.uint8)
    pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(tmp_path / "photo.png"))
    return tmp_path / "photo.png"


def applied(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["apply", *map(str, arguments)])
    return ended.value.code


def pixels(path):
    return pyvips.Image.new_from_file(str(path)).numpy()


def test_an_upscaler_enlarges(tmp_path, photo):
    import_model(nearest(tmp_path / "twice.onnx", 2))
    assert applied("-n", "twice", photo, "-o", tmp_path / "out.png") == 0
    assert pixels(tmp_path / "out.png").shape == (80, 112, 3)


def test_a_restorer_restores(tmp_path, photo):
    import_model(graph(tmp_path / "floor.onnx", [node("Max", "input floor", "output")], weights=scalars(floor=16)))
    assert applied(photo, "-n", "floor", "-o", tmp_path / "out.png") == 0
    assert np.abs(pixels(tmp_path / "out.png").astype(int) - np.maximum(pixels(photo), 16)).max() <= 1


def test_an_inpainter_fills_the_mask_alone(tmp_path, photo):
    import_model(lama(tmp_path / "lama.onnx", side=512))
    mask = np.zeros((40, 56), np.uint8)
    mask[10:14, 10:30] = 255
    pyvips.Image.new_from_array(mask).write_to_file(str(tmp_path / "mask.png"))
    assert applied("-n", "lama", photo, "--mask", tmp_path / "mask.png", "-o", tmp_path / "out.png") == 0
    result, given = pixels(tmp_path / "out.png"), pixels(photo)
    assert np.array_equal(result[mask == 0], given[mask == 0])
    assert np.abs(result[mask > 0].astype(int) - 128).max() <= 2


def test_an_unknown_model_is_told(photo, capsys):
    assert applied("-n", "nothing", photo) == 2
    assert "nothing" in capsys.readouterr().err
