"""Models are found by name, by path and by what they do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ganfx.cli import cli
from ganfx.errors import ContractError, ModelError, OptionError, UnknownModelError
from ganfx.filters import all_filters
from ganfx.hub import find_model, known_models, list_models, register, registry
from ganfx.spec import ModelSpec
from ganfx.spec.model_file import read_spec
from tests.graphs import nearest


def spec(name: str, scale: int = 4, task: str = "upscale") -> ModelSpec:
    return ModelSpec(name, task, scale, license="MIT")


@pytest.fixture(autouse=True)
def house(tmp_path, monkeypatch):
    """A folder of bundled models and an empty one for the user's; the catalogue is the real one."""
    bundled, user = tmp_path / "weights", tmp_path / "user" / "models"
    for entry in known_models.catalogue():
        if entry.file:
            nearest(bundled / entry.file, spec=spec(entry.name, 2 if "x2" in entry.name else 4, entry.task))
    monkeypatch.setattr(registry, "WEIGHTS", bundled)
    monkeypatch.setenv("GANFX_MODELS", str(user))
    return bundled, user


def test_every_filter_with_bundled_models_has_one_default():
    defaults = [entry.task for entry in list_models() if entry.default]
    assert sorted(defaults) == sorted({entry.task for entry in list_models() if entry.origin == "bundled"})


def test_names_and_scales_choose_bundled_models(house):
    bundled, _ = house
    assert find_model(task="upscale") == bundled / "photo-x4.onnx"
    assert find_model(task="upscale", selectors={"scale": None}) == bundled / "photo-x4.onnx"
    assert find_model(task="upscale", selectors={"scale": 2}) == bundled / "photo-x2.onnx"
    assert find_model(task="upscale", selectors={"scale": 4}) == bundled / "photo-x4.onnx"
    assert find_model("photo-x4-fast", task="upscale") == bundled / "photo-x4-fast.onnx"
    assert find_model("photo-x2", task="upscale", selectors={"scale": 2}) == bundled / "photo-x2.onnx"


@pytest.mark.parametrize(
    ("arguments", "error", "message", "hint"),
    [
        ({"task": "upscale", "selectors": {"scale": 3}}, OptionError, "no upscale model enlarges 3 times", "2 or 4"),
        (
            {"name_or_path": "photo-x4", "task": "upscale", "selectors": {"scale": 2}},
            OptionError,
            "photo-x4 enlarges 4 times, not 2",
            "scale",
        ),
        ({"name_or_path": "foto-x4", "task": "upscale"}, UnknownModelError, "'foto-x4'", "photo-x4"),
        ({"name_or_path": "@", "task": "upscale"}, UnknownModelError, "'@'", "ganfx models"),
        (
            {"name_or_path": "realesr-general-x4v3", "task": "upscale"},
            ModelError,
            "not downloaded",
            "ganfx models pull realesr-general-x4v3",
        ),
        ({"name_or_path": "no/such.onnx", "task": "upscale"}, UnknownModelError, "no such model file", ""),
        ({"name_or_path": "photo-x4", "task": "stylize"}, OptionError, "is a model for upscale", ""),
        ({"task": "sharpen"}, ModelError, "no sharpen model is installed", "ganfx models"),
    ],
)
def test_wrong_choices_say_what_would_be_right(arguments, error, message, hint):
    with pytest.raises(error) as caught:
        find_model(**arguments)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_path_is_taken_as_it_is(tmp_path, monkeypatch):
    own = nearest(tmp_path / "own.onnx", 3)
    assert find_model(own, task="upscale") == own
    assert find_model(str(own), task="upscale", selectors={"scale": 2}) == own
    monkeypatch.chdir(tmp_path)
    assert find_model("own.onnx", task="upscale").samefile(own)
    (tmp_path / "net.pth").write_bytes(b"PK\x03\x04")
    with pytest.raises(ContractError) as caught:
        find_model("net.pth", task="upscale")
    assert "ganfx models import net.pth" in (caught.value.hint or "")


def test_registered_model_is_at_once_everywhere(house, tmp_path):
    _, user = house
    path = register(nearest(tmp_path / "made.onnx", 3, spec("mine", 3)))
    assert path == user / "mine.onnx"
    assert find_model("mine", task="upscale") == path
    assert find_model(task="upscale", selectors={"scale": 3}) == path
    entry = next(entry for entry in list_models("upscale") if entry.name == "mine")
    assert (entry.origin, entry.scale, entry.license, entry.installed) == ("user", 3, "MIT", True)
    assert [left.name for left in user.iterdir()] == ["mine.onnx"]


@pytest.mark.parametrize("taken", ["mine", "photo-x4"])
def test_names_are_not_taken_twice(taken, tmp_path):
    made = nearest(tmp_path / "made.onnx", 4, spec("mine"))
    register(made, "mine")
    with pytest.raises(OptionError, match="exists already"):
        register(made, taken)
    assert find_model(taken) == register(made, taken, replace=True) or taken == "photo-x4"


def test_own_model_takes_the_place_of_a_bundled_one(tmp_path):
    path = register(nearest(tmp_path / "made.onnx", 4, spec("finetuned")), "photo-x4", replace=True)
    assert find_model(task="upscale") == find_model("photo-x4") == path
    assert [entry.name for entry in list_models()].count("photo-x4") == 1
    assert [entry.path for entry in list_models("upscale") if entry.default] == [path]


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hidden", "two words", "x.onnx", "-s"])
def test_names_cannot_leave_the_folder(name, tmp_path):
    with pytest.raises(OptionError, match="cannot be a model's name"):
        register(nearest(tmp_path / "made.onnx", 4, spec("mine")), name)


def test_file_without_contract_is_not_registered(tmp_path):
    with pytest.raises(ContractError) as caught:
        register(nearest(tmp_path / "bare.onnx"))
    assert "ganfx models import" in (caught.value.hint or "")


def test_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(ModelError, match="cannot be written"):
        register(nearest(tmp_path / "made.onnx", 4, spec("mine")))


def test_one_broken_file_does_not_hide_the_others(house):
    _, user = house
    user.mkdir(parents=True)
    (user / "broken.onnx").write_text("<html>")
    nearest(user / "bare.onnx")
    nearest(user / "good.onnx", 4, spec("good"))
    entries = {entry.name: entry for entry in list_models()}
    assert "web page" in entries["broken"].problem
    assert not entries["good"].problem
    assert entries["bare"].task == "unknown"
    assert find_model("bare", task="upscale") == user / "bare.onnx"
    with pytest.raises(ContractError, match="web page"):
        find_model("broken", task="upscale")


def test_damaged_contract_names_its_file(tmp_path):
    path = nearest(tmp_path / "model.onnx", 4, spec("mine"))
    path.write_bytes(path.read_bytes().replace(b'"format": 2', b'"format" 22'))
    with pytest.raises(ContractError, match=r"model\.onnx: .*damaged"):
        find_model(path)


def test_catalogue_is_sound():
    entries = known_models.catalogue()
    assert len({entry.name for entry in entries}) == len(entries)
    for entry in entries:
        assert bool(entry.file) != bool(entry.urls)
        if entry.urls:
            assert entry.task in {filter_.model_task for filter_ in all_filters().values()}
            assert entry.description
            assert entry.license != "unknown"
            assert bool(entry.scale) == (entry.task == "upscale")
    for task in {entry.task for entry in entries if entry.file}:
        assert sum(entry.default for entry in entries if entry.task == task) == 1


def test_non_commercial_licenses_are_marked():
    marked = {entry.license: entry.non_commercial for entry in list_models()}
    assert marked["CC-BY-NC-SA-4.0"]
    assert not marked["BSD-3-Clause"]
    assert not marked["MIT"]


def test_every_bundled_model_is_there_under_its_own_name(monkeypatch):
    monkeypatch.undo()
    for entry in known_models.catalogue():
        if entry.file:
            found = read_spec(registry.WEIGHTS / entry.file)
            assert found is not None
            assert (found.name, found.task) == (entry.name, entry.task)
            assert found.license != "unknown"


def test_listing_models_loads_no_runtime():
    script = "import sys, ganfx.hub\nganfx.hub.list_models()\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"torch", "onnx", "onnxruntime", "numpy", "pooch", "requests"} & set(done.stdout.split())


SPECIAL = {
    "fifo": (os.mkfifo, "no regular file"),
    "folder": (Path.mkdir, "it is a folder"),
    "loop": (lambda path: path.symlink_to(path.name), "cannot be read"),
    "dangling": (lambda path: path.symlink_to("nothing"), "no such model file"),
    "zeros": (lambda path: path.symlink_to("/dev/zero"), "no regular file"),
    "empty": (Path.touch, "an empty file"),
    "parts": (lambda path: path.write_bytes(b"\x08\x08" * (1 << 20)), "more parts"),
    "newline\nerror: all is lost \x1b[2J": (lambda path: path.write_text("<html>"), "a web page"),
    os.fsdecode(b"bytes\xff"): (lambda path: path.write_text("<html>"), "a web page"),
}


@pytest.mark.skipif(os.name == "nt", reason="files of POSIX")
@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", SPECIAL)
def test_whatever_lies_in_the_folder_is_listed_with_the_reason_why_it_is_no_model(name, house):
    _, user = house
    user.mkdir(parents=True)
    make, reason = SPECIAL[name]
    make(user / f"{name}.onnx")
    nearest(user / "good.onnx", 3, spec("good", 3))
    (bad,) = [entry for entry in list_models() if entry.problem]
    assert reason in bad.problem
    assert find_model(task="upscale", selectors={"scale": 3}) == user / "good.onnx"
    for arguments in (["models"], ["models", "list", "--json"]):
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 0, done.output
        assert "\x1b" not in done.stdout
        assert not any(line.startswith("error") for line in done.stdout.splitlines())
        assert "unusable: " in done.stdout or "--json" in arguments


def test_a_file_that_is_no_model_does_not_take_the_place_of_a_bundled_one(house):
    bundled, user = house
    user.mkdir(parents=True)
    (user / "photo-x4.onnx").write_text("<html>")
    assert find_model(task="upscale") == bundled / "photo-x4.onnx"
    with pytest.raises(ContractError, match="web page"):
        find_model("photo-x4", task="upscale")


def test_a_models_folder_that_is_no_folder_is_an_empty_one(house):
    _, user = house
    user.parent.mkdir(parents=True)
    user.touch()
    assert {entry.origin for entry in list_models()} == {"bundled", "download"}
