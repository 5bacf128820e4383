"""Models are known by the names that people use; a user's own catalogue is believed as far as it may be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ganfx.errors import ModelError, UnknownModelError
from ganfx.hub import find_entry, find_model, list_models
from ganfx.hub.pulling import download_entry, set_entries
from tests.graphs import nearest

BLOCK = """
[[model]]
name = "mine-x2"
author = ["One", "Other"]
license = "CC-BY-4.0"
tags = ["photo"]
architecture = "compact"
size = ["64nf"]
scale = 2
inputChannels = 3
date = 2024-01-01
[[model.resources]]
platform = "pytorch"
type = "pth"
size = 1000
sha256 = "1111111111111111111111111111111111111111111111111111111111111111"
urls = ["https://example.org/mine.pth"]
[[model.resources]]
platform = "onnx"
type = "onnx"
sha256 = "2222222222222222222222222222222222222222222222222222222222222222"
urls = ["https://example.org/mine.onnx", "https://example.com/mine.onnx"]
"""


@pytest.fixture(autouse=True)
def catalogue(tmp_path, monkeypatch):
    """The place of the user's catalogue, which is not there."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    (tmp_path / "config" / "ganfx").mkdir(parents=True)
    return tmp_path / "config" / "ganfx" / "catalogue.toml"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("migan", "migan"),
        ("MI-GAN", "migan"),
        ("lama", "lama"),
        ("big-lama", "lama"),
        ("inpainting_lama_2025jan", "inpainting_lama"),
        ("deoldify", "deoldify-artistic"),
        ("siggraph17", "siggraph17"),
        ("eccv16", "eccv16"),
        ("candy", "candy"),
        ("mosaic-9", "mosaic"),
        ("udnie", "udnie"),
        ("rain_princess", "rain-princess"),
        ("pointillism", "pointilism"),
        ("4xNomos2_realplksr_dysample", "4xNomos2_realplksr_dysample"),
        ("4x-UltraSharpV2", "4x-UltraSharpV2"),
        ("UltraSharpV2", "4x-UltraSharpV2"),
        ("realesr-general-x4v3", "realesr-general-x4v3"),
        ("realesr-general-wdn", "realesr-general-wdn-x4v3"),
        ("RealESRGAN_x4plus", "realesrgan-x4plus"),
        ("RealESRGAN_x4plus_anime_6B", "realesrgan-x4plus-anime"),
    ],
)
def test_a_model_is_found_by_the_names_that_people_know(name, meant):
    assert find_entry(name).name == download_entry(name).name == meant


@pytest.mark.parametrize("name", ["migan", "lama", "inpainting_lama", "deoldify", "siggraph17", "eccv16", "candy"])
def test_what_is_published_as_onnx_is_pulled_as_onnx(name):
    assert all(url.endswith(".onnx") for url in find_entry(name).urls)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ultrasharp", "did you mean 4x-UltraSharpV2? fetch it with: ganfx models pull 4x-UltraSharpV2"),
        ("4x-UltraSharp", "did you mean 4x-UltraSharpV2? fetch it with: ganfx models pull 4x-UltraSharpV2"),
        ("realesrgan", "did you mean realesrgan-x4plus or realesrgan-x2plus or realesrgan-x4plus-anime?"),
        ("siggraf17", "did you mean siggraph17 or migan?"),
        ("@", "list them: ganfx models"),
    ],
)
def test_another_network_of_a_similar_name_is_only_offered(name, hint):
    for find in (find_entry, download_entry):
        with pytest.raises(UnknownModelError) as caught:
            find(name)
        assert caught.value.hint == hint


def test_an_installed_model_is_found_by_its_other_names_too(tmp_path):
    path = nearest(tmp_path / "models" / "lama.onnx")
    assert find_model("big-lama") == find_model("LaMa") == path


def test_two_models_that_differ_by_punctuation_are_not_mixed_up(tmp_path):
    paths = [nearest(tmp_path / "models" / f"{name}.onnx") for name in ("a-b", "a_b")]
    assert [find_model(path.stem) for path in paths] == paths
    with pytest.raises(UnknownModelError):
        find_model("ab")


def test_a_set_is_a_few_models_that_may_be_used_for_anything():
    photo = set_entries("photo")
    assert {entry.task for entry in photo} >= {"upscale", "inpaint"}
    assert not any(entry.non_commercial or entry.refused for entry in photo)


def test_the_users_catalogue_is_merged_and_may_have_openmodeldbs_keys(catalogue):
    catalogue.write_text(BLOCK + BLOCK.replace("mine-x2", "lama"))
    mine = find_entry("mine-x2")
    assert (mine.author, mine.license, mine.scale, mine.task) == ("One, Other", "CC-BY-4.0", 2, "unknown")
    assert mine.urls == ("https://example.org/mine.onnx", "https://example.com/mine.onnx")
    assert (mine.sha256, mine.size_bytes) == ("2" * 64, None)
    assert download_entry("lama").urls == mine.urls
    assert [entry.name for entry in list_models()].count("lama") == 1


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ("https://example.org/mine.pth", "http://example.org/mine.pth", "urls must be https addresses"),
        ("https://example.org/mine.pth", "file:///etc/passwd", "urls must be https addresses"),
        ("https://example.org/mine.pth", "http://127.0.0.1/mine.pth", "urls must be https addresses"),
        ('sha256 = "1', 'sha512 = "1', "sha512 is not a known key"),
        ("1" * 64, "1" * 63, "sha256 must be 64 hexadecimal digits"),
        ("1" * 64, "", "sha256 must be 64 hexadecimal digits"),
        ('name = "mine-x2"', 'name = "../mine"', "name must be of letters"),
        ('name = "mine-x2"', 'name = "photo-x4"', "photo-x4 is the name of a model that ships"),
        ("scale = 2", "default = true", "mine-x2 has file, default or suggested"),
        ("scale = 2", "suggested = true", "mine-x2 has file, default or suggested"),
        ("scale = 2", 'file = "other.onnx"', "file or resources must be there, and not both"),
        ("[[model]]", "[[models]]", "must have [[model]] blocks"),
        ("[[model]]", "[[model", "is no TOML"),
    ],
)
def test_what_the_users_catalogue_may_not_say_is_one_line_with_its_place(was, becomes, words, catalogue):
    catalogue.write_text(BLOCK.replace(was, becomes, 1))
    with pytest.raises(ModelError) as caught:
        list_models()
    assert words in caught.value.message
    assert str(catalogue) in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.hint == "correct it, or remove it" or "name of a model" in words or "default" in words


@pytest.mark.parametrize(
    "make", [lambda path: path.write_text("damaged"), Path.mkdir, os.mkfifo], ids=("text", "folder", "pipe")
)
@pytest.mark.timeout(20)
def test_a_damaged_catalogue_of_the_user_stops_no_filter(make, catalogue):
    make(catalogue)
    assert find_model(task="upscale").stem == "photo-x4"
    assert find_model("vangogh").stem == "vangogh"
    with pytest.raises(ModelError, match=r"catalogue\.toml"):
        find_model("migan")
