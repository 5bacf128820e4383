"""Other people's models become filters by one command, and broken ones by none."""

from __future__ import annotations

import os

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import save_file

from ganfx.engine import EngineOptions, open_engine
from ganfx.errors import ContractError, GanfxError, OptionError
from ganfx.hub import find_model, import_model
from ganfx.spec import ModelSpec
from ganfx.spec.model_file import read_spec
from tests.foreign.srgan import Srgan
from tests.graphs import convolutions, nearest


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def enlarged(path, side=24):
    ramp = np.linspace(0.1, 0.9, side, dtype=np.float32)
    picture = np.stack([np.tile(ramp, (side, 1)), np.tile(ramp[:, None], (1, side)), np.full((side, side), 0.5)], 2)
    picture = picture.astype(np.float32)
    return picture, open_engine(path, EngineOptions(provider="cpu")).run(picture)


def test_bare_onnx_learns_its_contract(models, tmp_path):
    path = import_model(nearest(tmp_path / "2x enlarger v1.0.onnx", 2), license="CC0-1.0")
    assert path == models / "2x_enlarger_v1.0.onnx"
    assert find_model("2x_enlarger_v1.0", task="upscale", selectors={"scale": 2}) == path
    spec = read_spec(path)
    assert spec is not None
    assert (spec.name, spec.scale, spec.license) == ("2x_enlarger_v1.0", 2, "CC0-1.0")
    picture, output = enlarged(path)
    assert np.array_equal(output, picture.repeat(2, 0).repeat(2, 1))


def test_own_file_keeps_its_contract(tmp_path):
    spec = ModelSpec("made-elsewhere", "upscale", 4, license="MIT", receptive_field=3)
    path = import_model(nearest(tmp_path / "file.onnx", 4, spec))
    assert path.stem == "made-elsewhere"
    assert read_spec(path) == spec


def test_weights_in_a_second_file_are_refused_with_the_way_out(tmp_path, models):
    outside = convolutions(tmp_path / "split.onnx", layers=2, scale=2)
    model = onnx.load(outside)
    del model.metadata_props[:]
    onnx.save(model, outside, save_as_external_data=True, size_threshold=0, location="split.data")
    assert (tmp_path / "split.data").exists()
    with pytest.raises(ContractError, match=r"split\.onnx: keeps its weights in a second file") as caught:
        import_model(outside)
    assert "onnx.save(onnx.load(" in (caught.value.hint or "")
    assert not models.exists()
    onnx.save(onnx.load(outside), outside)
    _, output = enlarged(import_model(outside))
    assert output.shape[0] == 48


@pytest.mark.slow
@pytest.mark.parametrize("file", ["net.pth.tar", "net.safetensors"])
def test_checkpoint_becomes_a_model(file, tmp_path):
    torch.manual_seed(3)
    network = Srgan(2, 4, 2).eval()
    if file.endswith(".safetensors"):
        save_file(network.state_dict(), tmp_path / file)
    else:
        torch.save({"model": network.state_dict()}, tmp_path / file)
    path = import_model(tmp_path / file, license="MIT")
    assert find_model("net", task="upscale", selectors={"scale": 2}) == path
    picture, output = enlarged(path)
    wanted = network(torch.from_numpy(picture.transpose(2, 0, 1)[None]))[0].detach().numpy().transpose(1, 2, 0)
    assert np.abs(output - wanted).max() < 1e-4


def test_taken_name_is_refused_before_any_work(tmp_path, models):
    import_model(nearest(tmp_path / "net.onnx", 2))
    before = (models / "net.onnx").read_bytes()
    with pytest.raises(OptionError, match="exists already"):
        import_model(nearest(tmp_path / "net.onnx", 4))
    assert (models / "net.onnx").read_bytes() == before
    import_model(nearest(tmp_path / "net.onnx", 4), replace=True)
    assert (models / "net.onnx").read_bytes() != before


@pytest.mark.parametrize(
    ("file", "scale"),
    [
        ("2xNomosUni_span_multijpg_ldl.onnx", 2),
        ("2x_ModernSpanimationV1_fp16_op17.onnx", 2),
        ("2x.StarSample.V1.0.fp32.opset17.onnx", 2),
        ("4xLSDIRCompactC3_fp32.onnx", 4),
    ],
)
def test_real_models_run_once_imported(file, scale, shared_data):
    path = import_model(shared_data / "models" / file)
    assert find_model(path.stem, task="upscale", selectors={"scale": scale}) == path
    picture, output = enlarged(path)
    small = output.reshape(24, scale, 24, scale, 3).mean((1, 3))
    assert np.abs(small - picture)[3:-3, 3:-3].mean() < 0.03


@pytest.mark.parametrize(
    "file",
    [
        "broken/RealESRGANv2-animevideo-xsx2.LFS-POINTER.pth",
        "broken/espcn_x4.UTF8-MANGLED.pt",
        "broken/gimpml_deblurganv2_mymodel.WHOLE-OBJECT-PICKLE.pt",
        "broken/super_resolution.HTML-PAGE.onnx",
        "anmol42_idp_generator.pth",
    ],
)
def test_what_cannot_be_used_leaves_one_line_and_no_model(file, shared_data, models):
    path = shared_data / "models" / file
    with pytest.raises(GanfxError) as caught:
        import_model(path)
    assert "\n" not in caught.value.message
    assert path.name in caught.value.message
    assert caught.value.hint
    assert not models.exists() or not os.listdir(models)
