"""Model files: those that carry a contract, those that must be measured, and those that are no use."""

from __future__ import annotations

import base64
import dataclasses
import zlib
from pathlib import Path

import numpy as np
import onnx
import pytest

from ganfx.engine import EngineOptions, open_engine, verify
from ganfx.engine.acceptance import accept
from ganfx.engine.self_test import encode_pair
from ganfx.errors import ContractError, ModelError, OptionError, UnknownModelError
from ganfx.spec import KEY, ModelSpec, Port, SelfTest, StoredPair
from tests import graphs


def test_the_contract_in_the_file_is_the_engine_s(tmp_path: Path) -> None:
    spec = ModelSpec("mine", "upscale", receptive_field=7, license="CC0-1.0", training={"photos": 3})
    assert open_engine(graphs.identity(tmp_path / "m.onnx", spec), EngineOptions("cpu")).spec == spec


def test_a_model_without_a_contract_is_measured(tmp_path: Path) -> None:
    spec = accept(graphs.nearest(tmp_path / "plain.onnx", 3)).spec
    assert (spec.name, spec.task, spec.scale) == ("plain", "upscale", 3)
    assert (spec.in_channels, spec.out_channels, spec.multiple_of, spec.fixed_size) == (3, 3, 1, None)
    assert spec.inputs[0].value_range == (0.0, 1.0)


def test_the_multiple_that_a_network_needs_is_found(tmp_path: Path) -> None:
    path = graphs.by_twos(tmp_path / "twos.onnx")
    assert accept(path).spec.multiple_of == 2
    picture = np.full((7, 5, 3), 0.5, np.float32)
    assert open_engine(path, EngineOptions("cpu")).run(picture).shape == (7, 5, 3)


def test_a_network_that_answers_in_255s_is_noticed(tmp_path: Path) -> None:
    nodes = [graphs.helper.make_node("Max", ["input", "floor"], ["output"])]
    path = graphs.write(tmp_path / "bytes.onnx", nodes, {"floor": np.array(16, np.float32)})
    assert accept(path).spec.outputs[0].value_range == (0.0, 255.0)


def test_a_contract_that_its_own_graph_breaks_is_refused(tmp_path: Path) -> None:
    channels = graphs.identity(tmp_path / "channels.onnx", ModelSpec.of_picture("one", "colorize", in_channels=1))
    with pytest.raises(ContractError, match="says 1 channels, its graph takes 3"):
        open_engine(channels)
    scale = graphs.nearest(tmp_path / "scale.onnx", 2, ModelSpec("four", "upscale", scale=4))
    with pytest.raises(ContractError, match="its contract says"):
        open_engine(scale, EngineOptions("cpu")).run(np.zeros((8, 8, 3), np.float32))


def test_the_self_test_measures_how_far_a_model_is_off(tmp_path: Path) -> None:
    noise = np.random.default_rng(5).random((1, 3, 32, 32), dtype=np.float32)
    honest = SelfTest(5, 32, float(noise.mean()), float(noise.std()))
    spec = ModelSpec("tested", "upscale", self_test=honest)
    good = verify(open_engine(graphs.identity(tmp_path / "good.onnx", spec)))
    assert good is not None
    assert good.passed
    assert good.error == pytest.approx(0, abs=1e-6)
    wrong = dataclasses.replace(spec, self_test=dataclasses.replace(honest, mean=honest.mean + 0.25))
    with pytest.raises(ContractError, match=r"bad\.onnx: fails its own self-test: 2\.5e-01 off, 2\.0e-03 is allowed"):
        open_engine(graphs.identity(tmp_path / "bad.onnx", wrong))
    assert verify(open_engine(graphs.identity(tmp_path / "untested.onnx"))) is None


def with_pair(path: Path, pair: StoredPair, text: str | None) -> Path:
    """The identity, with a stored picture."""
    graphs.identity(path, ModelSpec("paired", "stylize", pairs=(pair,)))
    model = onnx.load(path)
    if text is not None:
        model.metadata_props.add(key=pair.key, value=text)
    onnx.save(model, path)
    return path


PAIR = StoredPair("ganfx.pair.0", 6, 8)


def test_a_stored_picture_is_compared_with_what_the_network_makes_of_it(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).random((3, 6, 8), dtype=np.float32)
    good = verify(open_engine(with_pair(tmp_path / "good.onnx", PAIR, encode_pair(picture, picture))))
    assert good is not None
    assert good.passed
    with pytest.raises(ContractError, match=r"fails its own self-test: 2\.5e-01 off, 3\.9e-03 is allowed"):
        open_engine(with_pair(tmp_path / "bad.onnx", PAIR, encode_pair(picture, picture + 0.25)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is missing"),
        ("no base64!", "is damaged"),
        (base64.b64encode(b"no zlib").decode(), "is damaged"),
        (base64.b64encode(zlib.compress(bytes(100))).decode(), "is not 8x6 pixels"),
        (base64.b64encode(zlib.compress(bytes(64 << 20))).decode(), "is not 8x6 pixels"),
    ],
)
def test_a_damaged_stored_picture_is_told_and_never_unpacked_whole(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ContractError, match=rf"its stored picture ganfx\.pair\.0 {said}"):
        open_engine(with_pair(tmp_path / "m.onnx", PAIR, text))


def test_a_network_that_needs_more_than_a_picture_is_refused(tmp_path: Path) -> None:
    mask = Port("mask", "mask", channels=1)
    path = graphs.identity(tmp_path / "m.onnx", ModelSpec("masked", "inpaint", inputs=(Port("input"), mask)))
    with pytest.raises(ContractError, match="masked needs mask; the engine feeds planes and controls only"):
        open_engine(path)
    latent = Port("input", "latent", channels=512, layout="NC")
    path = graphs.identity(tmp_path / "g.onnx", ModelSpec("faces", "generate", kind="generator", inputs=(latent,)))
    with pytest.raises(ContractError, match="faces needs latent"):
        open_engine(path)


def test_tensors_are_found_by_the_names_in_the_contract(tmp_path: Path) -> None:
    spec = ModelSpec("named", "stylize", inputs=(Port("photo"),))
    with pytest.raises(ContractError, match="its graph has no input 'photo'"):
        open_engine(graphs.identity(tmp_path / "named.onnx", spec))
    unnamed = ModelSpec("unnamed", "stylize", inputs=(Port(""),), outputs=(Port(""),))
    picture = np.full((9, 9, 3), 0.5, np.float32)
    assert (open_engine(graphs.identity(tmp_path / "unnamed.onnx", unnamed)).run(picture) == picture).all()


BROKEN = {
    "empty": (lambda path: path.write_bytes(b""), "an empty file"),
    "page": (lambda path: path.write_bytes(b"\n\n <!DOCTYPE html><html>"), "a web page"),
    "pointer": (lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"), "a Git LFS pointer"),
    "zip": (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(40)), "a PyTorch checkpoint"),
    "pickle": (lambda path: path.write_bytes(b"\x80\x02}q\x00."), "a PyTorch checkpoint"),
    "prose": (lambda path: path.write_text("photo-x4 lives elsewhere now"), "not an ONNX model"),
    "folder": (lambda path: path.mkdir(), "cannot be read"),
    "inputs": (graphs.two_inputs, "takes 2 inputs"),
    "operator": (graphs.unknown_operator, "needs the operator org.example:Embellish"),
    "weights": (graphs.without_its_weights, "second file, which ganfx does not open"),
    "kind": (lambda path: graphs.identity(path, kind=graphs.TensorProto.DOUBLE), "must be float"),
    "last": (lambda path: graphs.identity(path, channels=64, size=("n", 64, 3)), "channels last"),
    "batch": (lambda path: graphs.identity(path, size=(4, "h", "w")), "batches of 4 only"),
    "oblong": (lambda path: graphs.identity(path, size=("n", 64, 48)), "takes 48x64 pixels only"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_useless_file_gets_one_clear_line(tmp_path: Path, capfd: pytest.CaptureFixture[str], case: str) -> None:
    make, said = BROKEN[case]
    path = tmp_path / f"{case}.onnx"
    make(path)
    with pytest.raises(ModelError, match=said) as caught:
        open_engine(path)
    assert caught.value.message.startswith(f"{path}: ")
    assert "\n" not in caught.value.message
    assert capfd.readouterr() == ("", "")


def test_a_file_that_no_provider_runs_is_to_blame_and_not_the_provider(tmp_path: Path) -> None:
    path = graphs.unknown_operator(tmp_path / "m.onnx")
    model = onnx.load(path)
    model.metadata_props.add(key=KEY, value=ModelSpec("modern", "stylize").to_json())
    onnx.save(model, path)
    for provider in ("auto", "cpu"):
        with pytest.raises(ContractError, match=r"m\.onnx: needs the operator org\.example:Embellish"):
            open_engine(path, EngineOptions(provider))


def test_a_truncated_model_is_refused_wherever_it_was_cut(tmp_path: Path) -> None:
    whole = graphs.convolutions(tmp_path / "whole.onnx", layers=2).read_bytes()
    path = tmp_path / "cut.onnx"
    for length in range(1, len(whole) - 600, 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ContractError):
            accept(path)


def test_a_model_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match=r"gone\.onnx: no such model file"):
        open_engine(tmp_path / "gone.onnx")


def test_bad_options_are_refused(tmp_path: Path) -> None:
    path = graphs.identity(tmp_path / "m.onnx", ModelSpec("careful", "upscale", precisions=("fp32",)))
    with pytest.raises(OptionError, match="'gpu' is not one of auto, tensorrt"):
        open_engine(path, EngineOptions(provider="gpu"))
    with pytest.raises(OptionError, match="careful is not known to survive fp16"):
        open_engine(path, EngineOptions(precision="fp16"))
    for bad in ({"precision": "fp8"}, {"tile": 8}, {"overlap": -1}, {"batch": -1}):
        with pytest.raises(OptionError):
            EngineOptions(**bad)


@pytest.mark.parametrize(
    ("name", "scale", "size"),
    [
        ("4xLSDIRCompactC3_fp32.onnx", 4, None),
        ("2x.StarSample.V1.0.fp32.opset17.onnx", 2, None),
        ("2x_ModernSpanimationV1_fp16_op17.onnx", 2, None),
        ("2xNomosUni_span_multijpg_ldl.onnx", 2, None),
        ("winml_mosaic.onnx", 1, 720),
    ],
)
def test_models_of_others_are_understood(shared_data: Path, name: str, scale: int, size: int | None) -> None:
    spec = accept(shared_data / "models" / name).spec
    assert (spec.scale, spec.fixed_size) == (scale, size)
    assert (spec.inputs[0].value_range, spec.inputs[0].color_order) == (
        ((0.0, 255.0), "BGR") if size else ((0.0, 1.0), "RGB")
    )


def test_models_of_others_run(shared_data: Path) -> None:
    path = shared_data / "models" / "2x_ModernSpanimationV1_fp16_op17.onnx"
    grey = np.full((40, 40, 3), 0.5, np.float32)
    result = open_engine(path, EngineOptions("cpu")).run(grey)
    assert result.shape == (80, 80, 3)
    assert np.abs(result[20:60, 20:60] - 0.5).max() < 0.1


def test_broken_files_of_others_get_one_clear_line_each(shared_data: Path) -> None:
    models = shared_data / "models"
    found = [path for path in sorted(models.rglob("*")) if path.is_file() and path.suffix != ".onnx"]
    for path in [*found, *(models / "broken").glob("*.onnx")]:
        with pytest.raises(ContractError) as caught:
            open_engine(path)
        assert caught.value.hint
        assert "\n" not in caught.value.message
