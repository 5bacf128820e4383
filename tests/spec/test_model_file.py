"""A file that is no model is told apart without being loaded, in one clear line."""

from __future__ import annotations

import pickle
import struct
import tracemalloc
from pathlib import Path

import onnx
import pytest

from ganfx.errors import ContractError, UnknownModelError
from ganfx.spec import KEY, ModelSpec
from ganfx.spec.model_file import MAX_METADATA_BYTES, read_metadata, read_model, read_spec, sniff
from tests.graphs import nearest

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", "empty", "empty file"),
        (b"\n<!DOCTYPE html><html>", "html", "web page"),
        (b"\xef\xbb\xbf<html lang=en>", "html", "web page"),
        (POINTER, "lfs-pointer", "Git LFS pointer"),
        (pickle.dumps({"params": 1}), "checkpoint", "PyTorch checkpoint"),
        (b"PK\x03\x04rest", "checkpoint", "PyTorch checkpoint"),
        (struct.pack("<Q", 20) + b'{"a":{"dtype":"F32"}}', "checkpoint", "PyTorch checkpoint"),
        ("PK\ufffd\ufffd".encode(), "mangled", "copied as text"),
        (b"hello, world", "unknown", "not an ONNX model"),
        (b"\x08\x08hello, world", "onnx", "truncated or damaged"),
        (b"\x08", "onnx", "truncated or damaged"),
        (b"\x08\x08", "onnx", "not an ONNX model"),
    ],
)
def test_each_kind_of_file_gets_its_line(content, kind, words, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert sniff(path) == kind
    with pytest.raises(ContractError, match=words) as caught:
        read_metadata(path)
    assert caught.value.message.startswith(str(path))
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_metadata_is_what_onnx_reads(tmp_path):
    path = nearest(tmp_path / "model.onnx", spec=ModelSpec("n", "upscale", 4, description="größer"))
    expected = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert read_metadata(path) == expected
    assert KEY in expected


def test_truncations_are_found(tmp_path):
    whole = nearest(tmp_path / "whole.onnx", spec=ModelSpec("n", "upscale", 4)).read_bytes()
    cut = tmp_path / "cut.onnx"
    found = 0
    for size in (sizes := range(1, len(whole), 9)):
        cut.write_bytes(whole[:size])
        try:
            assert KEY not in read_metadata(cut)
        except ContractError:
            found += 1
    # Only a cut that falls between two fields leaves a model, without a contract.
    assert found >= len(sizes) - 2


def test_missing_and_unreadable_files_are_said(tmp_path):
    with pytest.raises(UnknownModelError, match="no such model file"):
        sniff(tmp_path / "nothing.onnx")


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("RealESRGANv2-animevideo-xsx2.LFS-POINTER.pth", "lfs-pointer"),
        ("espcn_x4.UTF8-MANGLED.pt", "mangled"),
        ("gimpml_deblurganv2_mymodel.WHOLE-OBJECT-PICKLE.pt", "checkpoint"),
        ("super_resolution.HTML-PAGE.onnx", "html"),
    ],
)
def test_broken_files_from_the_wild(file, kind, shared_data):
    assert sniff(shared_data / "models" / "broken" / file) == kind


def test_real_models_are_recognized(shared_data):
    files = sorted((shared_data / "models").glob("*.*"))
    assert files
    for path in files:
        assert sniff(path) == ("onnx" if path.suffix == ".onnx" else "checkpoint"), path.name
        if path.suffix == ".onnx":
            assert isinstance(read_metadata(Path(path)), dict)


def test_more_metadata_than_any_model_needs_is_refused_and_not_read(tmp_path):
    path = nearest(tmp_path / "large.onnx", spec=ModelSpec("n", "upscale", 4))
    model = onnx.load(path)
    model.metadata_props.add(key="ballast", value="x" * MAX_METADATA_BYTES)
    onnx.save(model, path)
    with pytest.raises(ContractError, match="more than 4 MiB of metadata"):
        read_metadata(path)


def test_a_damaged_contract_is_told_with_its_file(tmp_path):
    path = nearest(tmp_path / "damaged.onnx", spec=ModelSpec("n", "upscale", 4))
    path.write_bytes(path.read_bytes().replace(b'"scale": 4', b'"scale": 0'))
    with pytest.raises(ContractError, match=r"damaged\.onnx: the model's contract is damaged: scale is 0"):
        read_spec(path)


def test_an_empty_contract_is_damaged_and_not_as_good_as_none(tmp_path):
    path = nearest(tmp_path / "empty.onnx")
    assert read_spec(path) is None
    model = onnx.load(path)
    model.metadata_props.add(key=KEY, value="")
    onnx.save(model, path)
    with pytest.raises(ContractError, match="damaged"):
        read_spec(path)


def test_reading_a_small_model_asks_for_little_memory(tmp_path: Path) -> None:
    path = nearest(tmp_path / "m.onnx")
    tracemalloc.start()
    try:
        assert read_model(path) == path.read_bytes()
        assert tracemalloc.get_traced_memory()[1] < 1 << 20, "small machines refuse what the largest model would need"
    finally:
        tracemalloc.stop()
