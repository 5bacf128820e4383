"""`ganfx models`: what is known of a model, your own catalog, and keeping order; as text, as JSON, by exit status."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest

from ganfx.cli import main
from ganfx.hub import find_entry, registry
from ganfx.spec import ModelSpec, SelfTest
from tests import graphs

SHA256 = "ab" * 32


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of `ganfx models`."""
    with pytest.raises(SystemExit) as ended:
        main(["models", *map(str, arguments)])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def mine(folder: Path, name: str = "mine") -> Path:
    return graphs.nearest(folder / "models" / f"{name}.onnx", 2, ModelSpec(name, "upscale", 2, license="CC0-1.0"))


def test_info_says_what_a_model_is_for_and_under_which_license(tmp_path: Path, capsys: Any) -> None:
    status, said, _ = run(capsys, "info", "4x-UltraSharpV2")
    assert status == 0
    assert "CC-BY-NC-SA-4.0 (non-commercial)" in said
    assert "ganfx models pull 4x-UltraSharpV2" in said
    path = mine(tmp_path)
    for name in ("mine", path):
        found = json.loads(run(capsys, "info", name, "--json")[1])
        assert (found["name"], found["license"], found["installed"]) == ("mine", "CC0-1.0", True)
        assert found["path"] == str(path)
    status, _, error = run(capsys, "info", "ultrasharp")
    assert status == 2
    assert "did you mean 4x-UltraSharpV2" in error


def test_path_is_that_of_the_file_or_an_error(tmp_path: Path, capsys: Any) -> None:
    path = mine(tmp_path)
    assert run(capsys, "path", "mine")[:2] == (0, f"{path}\n")
    assert json.loads(run(capsys, "path", "mine", "--json")[1]) == {"path": str(path)}
    assert run(capsys, "path")[1] == f"{tmp_path / 'models'}\n"
    status, said, error = run(capsys, "path", "migan")
    assert (status, said) == (1, "")
    assert "ganfx models pull migan" in error


def test_a_model_of_ones_own_is_removed_and_nothing_else(tmp_path: Path, capsys: Any) -> None:
    path, other = mine(tmp_path), mine(tmp_path, "other")
    link = tmp_path / "models" / "link.onnx"
    link.symlink_to(other)
    assert run(capsys, "remove", "mine", "link")[0] == 0
    assert not path.exists()
    assert not link.is_symlink()
    assert other.is_file()
    for name, words in [("photo-x4", "ships with ganfx"), ("migan", "is not installed"), ("nothing", "no model named")]:
        status, _, error = run(capsys, "remove", name)
        assert status != 0
        assert words in error
    assert find_entry("photo-x4").installed


def test_a_broken_model_can_be_removed(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "photo-x4.onnx").write_text("<html>")
    assert run(capsys, "remove", "photo-x4")[0] == 0
    assert find_entry("photo-x4").origin == "bundled"


def leftovers(folder: Path) -> list[Path]:
    downloads = folder / "cache" / "ganfx" / "downloads" / SHA256[:16]
    made = [downloads / ".net.onnx.abab.part", downloads / "net.onnx", folder / "models" / ".mine.onnx.1234.part"]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(1000))
        os.utime(path, (time.time() - 7200,) * 2)
    return made


def test_prune_removes_what_was_left_and_says_how_much(tmp_path: Path, capsys: Any) -> None:
    made, path = leftovers(tmp_path), mine(tmp_path)
    young = tmp_path / "models" / ".young.onnx.5678.part"
    young.touch()
    assert run(capsys, "prune", "--dry-run")[0] == 0
    assert all(one.exists() for one in made)
    found = json.loads(run(capsys, "prune", "--json")[1])
    assert (set(found["files"]), found["size_bytes"]) == ({str(one) for one in made}, 3000)
    assert not any(one.exists() for one in made)
    assert list((tmp_path / "cache" / "ganfx" / "downloads").iterdir()) == []
    assert path.is_file()
    assert young.is_file()


def test_prune_leaves_a_download_that_is_under_way(tmp_path: Path, capsys: Any) -> None:
    part, *_ = leftovers(tmp_path)
    with filelock.FileLock(part.with_suffix(".lock")):
        assert run(capsys, "prune")[0] == 0
    assert part.exists()


def test_prune_follows_no_links(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "precious").write_text("mine")
    downloads = tmp_path / "cache" / "ganfx" / "downloads"
    downloads.mkdir(parents=True)
    (downloads / "link").symlink_to(tmp_path / "elsewhere")
    assert run(capsys, "prune")[0] == 0
    assert (tmp_path / "elsewhere" / "precious").exists()


def test_an_address_is_added_to_the_users_catalog(tmp_path: Path, capsys: Any) -> None:
    catalogue = tmp_path / "config" / "ganfx" / "catalogue.toml"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text("# mine\n")
    address = "https://example.org/4x_Some.onnx"
    assert run(capsys, "add", address, "--sha256", SHA256, "--license", "MIT", "--scale", 4)[0] == 0
    assert run(capsys, "add", address, "--sha256", SHA256.upper(), "--name", "other", "--json")[0] == 0
    entry = find_entry("4x-some")
    assert (entry.name, entry.license, entry.scale, entry.sha256) == ("4x_Some", "MIT", 4, SHA256)
    assert find_entry("other").urls == (address,)
    assert catalogue.read_text().startswith("# mine\n[[model]]")


def test_a_description_of_openmodeldb_is_added_as_it_is(tmp_path: Path, capsys: Any) -> None:
    described = {
        "name": 'Some "quoted" Größe',
        "author": ["one", "zwei"],
        "license": None,
        "tags": ["photo"],
        "description": 'For "old"\tphotographs'.replace("\t", " "),
        "date": "2024-01-01",
        "architecture": "compact",
        "size": ["64nf", "16nc"],
        "scale": 4,
        "inputChannels": 3,
        "outputChannels": 3,
        "resources": [
            {
                "platform": "pytorch",
                "type": "pth",
                "size": 5000,
                "sha256": SHA256,
                "urls": ["https://example.org/a/4x-Some.pth"],
            }
        ],
        "images": [{"type": "standalone", "url": "https://example.org/x.png"}],
        "pretrainedModelG": "other",
    }
    file = tmp_path / "4x-Some.json"
    file.write_text(json.dumps(described))
    assert run(capsys, "add", file)[0] == 0
    entry = find_entry("4x-Some")
    assert (entry.author, entry.license, entry.size_bytes) == ("one, zwei", "unknown", 5000)
    assert entry.description == described["description"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["https://example.org/x.onnx"], "--sha256"),
        (["https://example.org/x.onnx", "--sha256", "abc"], "64 hexadecimal digits"),
        (["http://example.org/x.onnx", "--sha256", SHA256], "https"),
        (["file:///etc/x.onnx", "--sha256", SHA256], "https"),
        (["https://example.org/", "--sha256", SHA256], "name"),
        (["https://example.org/x.onnx", "--sha256", SHA256, "--name", "photo-x4"], "a model that ships"),
        (["absent.json"], "cannot be read"),
    ],
)
def test_what_cannot_be_added_is_said_and_nothing_is_written(
    arguments: list[str], words: str, tmp_path: Path, capsys: Any
) -> None:
    status, _, error = run(capsys, "add", *arguments)
    assert status != 0
    assert words in error
    assert not (tmp_path / "config").exists()


def test_a_name_is_added_once(capsys: Any) -> None:
    arguments = ("add", "https://example.org/x.onnx", "--sha256", SHA256)
    assert run(capsys, *arguments)[0] == 0
    status, _, error = run(capsys, *arguments)
    assert status == 2
    assert "already" in error


def test_a_catalog_that_is_damaged_is_not_written_to(tmp_path: Path, capsys: Any) -> None:
    catalogue = tmp_path / "config" / "ganfx" / "catalogue.toml"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text("[[model")
    assert run(capsys, "add", "https://example.org/x.onnx", "--sha256", SHA256)[0] == 1
    assert catalogue.read_text() == "[[model"


def self_tested(folder: Path, name: str, mean: float | None) -> None:
    """A model that changes nothing, with a self-test that expects `mean`; without one for None."""
    noise = np.random.default_rng(0).random((1, 3, 16, 16), np.float32)
    test = None if mean is None else SelfTest(0, 16, mean, float(noise.std()))
    spec = ModelSpec(name, "upscale", 1, receptive_field=0, self_test=test)
    graphs.identity(folder / "models" / f"{name}.onnx", spec)


def test_all_models_are_verified_and_one_that_fails_is_told(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "WEIGHTS", tmp_path / "none")
    mean = float(np.random.default_rng(0).random((1, 3, 16, 16), np.float32).mean())
    self_tested(tmp_path, "good", mean)
    assert run(capsys, "verify", "--all")[0] == 0
    self_tested(tmp_path, "untested", None)
    (tmp_path / "models" / "broken.onnx").write_text("<html>")
    status, said, error = run(capsys, "verify", "--all", "--json")
    assert status == 1
    found = {line["name"]: line for line in map(json.loads, said.splitlines())}
    assert {name: line["status"] for name, line in found.items()} == {
        "broken": "failed",
        "good": "good",
        "untested": "untested",
    }
    assert "web page" in found["broken"]["error"]["message"]
    assert "web page" in error
    self_tested(tmp_path, "bad", mean + 0.1)
    assert run(capsys, "verify", "--all")[0] == 1


def test_a_model_that_fails_its_self_test_is_not_verified(tmp_path: Path, capsys: Any) -> None:
    status, *_ = run(capsys, "verify")
    assert status == 2
    assert run(capsys, "verify", "photo-x4", "--all")[0] == 2
    self_tested(tmp_path, "untested", None)
    status, said, error = run(capsys, "verify", "untested")
    assert (status, said) == (1, "")
    assert "carries no self-test" in error
