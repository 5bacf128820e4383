"""Models are pulled by name: several at once, from where they are, and under a license that was accepted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import pyvips
from click.testing import CliRunner, Result

from ganfx.cli import cli
from ganfx.errors import ChecksumError, ContractError, DownloadError, ModelError, OptionError, UnknownModelError
from ganfx.hub import find_model, list_models, pull_model
from ganfx.spec.model_file import read_spec
from tests.foreign.graphs import lama, migan

pytestmark = pytest.mark.usefixtures("real_processes")
ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["models", "pull", *arguments], standalone_mode=False)


def left(folder: Path) -> list[Path]:
    return list((folder / "cache" / "ganfx" / "downloads").iterdir())


def test_pulled_model_runs_by_name_and_keeps_its_license(catalogue, server, tmp_path):
    catalogue(two="nearest.onnx")
    path = pull_model("two")
    assert find_model("two", task="upscale", selectors={"scale": 2}) == path
    spec = read_spec(path)
    assert spec is not None
    assert (spec.name, spec.task, spec.scale, spec.license) == ("two", "upscale", 2, "CC0-1.0")
    assert left(tmp_path) == []
    with pytest.raises(OptionError, match="exists already"):
        pull_model("two")
    assert server.requests == 1


@pytest.mark.parametrize("make", [migan, lama])
def test_a_pulled_inpainter_fills_what_is_masked_and_nothing_else(make, catalogue, server, tmp_path):
    server.content = make(tmp_path / "made.onnx").read_bytes()
    catalogue(task="inpaint", two="a/made.onnx")
    done = run("two")
    assert done.return_value == 0
    assert "certain" in done.stderr  # what was found out, and how sure that is
    mask = np.zeros((96, 128), np.uint8)
    mask[40:50, 60:80] = 255
    picture = np.random.default_rng(0).integers(0, 60, (96, 128, 3), np.uint8)
    for name, pixels in (("a.png", picture), ("mask.png", mask)):
        pyvips.Image.new_from_array(pixels, interpretation="auto").write_to_file(str(tmp_path / name))
    command = ["inpaint", str(tmp_path / "a.png"), "--mask", str(tmp_path / "mask.png"), "-n", "two"]
    done = CliRunner().invoke(cli, command, standalone_mode=False)
    assert done.return_value == 0, done.output
    filled = pyvips.Image.new_from_file(str(tmp_path / "a_inpaint.png")).numpy()
    assert np.array_equal(filled[mask == 0], picture[mask == 0])
    assert filled[mask > 0].mean() > picture.max()


def test_only_known_models_are_pulled(catalogue):
    catalogue(two_x2="nearest.onnx")
    with pytest.raises(UnknownModelError) as caught:
        pull_model("three-x2")
    assert "two_x2" in (caught.value.hint or "")


def test_the_next_address_is_asked_where_the_first_has_nothing(catalogue, server):
    catalogue(two="missing/a.onnx short/b.onnx a/b.onnx")
    assert pull_model("two").is_file()
    assert server.paths == ["/missing/a.onnx", "/short/b.onnx", "/a/b.onnx"]


def test_the_first_address_is_named_where_none_has_it(catalogue, server, tmp_path):
    catalogue(two="missing/a.onnx short/b.onnx")
    with pytest.raises(DownloadError, match=r"missing/a\.onnx: .*404"):
        pull_model("two")
    assert left(tmp_path) == []


def test_a_download_that_cannot_be_imported_is_kept_and_named(catalogue, server, tmp_path):
    server.content = b"<html>" * 100
    catalogue(two="a/nearest.onnx")
    for _ in range(2):
        with pytest.raises(ContractError, match=r"^two: a web page .*; the download is kept: .*\.onnx$") as caught:
            pull_model("two")
    assert Path(caught.value.message.rpartition(": ")[2]).read_bytes() == server.content
    assert server.requests == 1


def test_what_would_be_run_wrongly_is_refused_before_it_is_fetched():
    with pytest.raises(ModelError, match=r"is not pulled: .* give wrong colors"):
        pull_model("deoldify")
    assert run("deoldify").return_value == 1


def test_only_the_mirror_is_asked_and_believed_no_more_than_others(catalogue, server):
    catalogue(two="a/nearest.onnx", other="a/other.onnx")
    assert run("two", "--mirror", f"{server.address}/mirror/").return_value == 0
    assert server.paths == ["/mirror/nearest.onnx"]
    server.content = bytes(len(server.content))
    with pytest.raises(ChecksumError):
        pull_model("other", mirror=f"{server.address}/mirror")
    with pytest.raises(DownloadError, match="no https address"):
        pull_model("other", mirror="http://example.org")
    assert "/a/other.onnx" not in server.paths


def test_several_models_come_at_the_same_time(catalogue, server):
    catalogue(one="together/1.onnx", two="together/2.onnx", three="x/3.onnx")
    done = run("--set", "all")
    assert done.return_value == 0, done.output
    assert sorted(done.stdout.splitlines()) == [
        f"ready: ganfx upscale -n {name} photo.jpg" for name in ("one", "three", "two")
    ]


def test_what_is_there_already_is_not_fetched_again(catalogue, server):
    catalogue(one="a/1.onnx", two="a/2.onnx")
    run("one")
    done = run("--set", "all", "--json")
    assert done.return_value == 0
    assert {line["name"]: line["status"] for line in map(json.loads, done.stdout.splitlines())} == {
        "one": "present",
        "two": "done",
    }
    assert server.paths == ["/a/1.onnx", "/a/2.onnx"]
    assert run("one", "--replace").return_value == 0
    assert server.paths[2:] == ["/a/1.onnx"]


def test_one_that_fails_leaves_the_others_and_is_told(catalogue):
    catalogue(good="a/1.onnx", bad="missing/2.onnx")
    done = run("bad", "good", "--json")
    assert done.return_value == 3
    lines = {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert lines["good"]["status"] == "done"
    assert Path(lines["good"]["path"]).is_file()
    assert (lines["bad"]["status"], lines["bad"]["error"]["code"]) == ("failed", "download")
    assert "404" in done.stderr
    assert run("bad").return_value == 1


@pytest.mark.parametrize("license", ["CC-BY-NC-SA-4.0", "PolyForm-Noncommercial-1.0.0"])
def test_a_license_for_non_commercial_use_has_to_be_accepted(license, catalogue, server):
    catalogue(license, two="nearest.onnx")
    refused = run("two")
    assert refused.return_value == 2
    assert f"{license} (non-commercial)" in refused.stderr
    assert "--accept-license" in refused.stderr
    with pytest.raises(OptionError, match="non-commercial use alone"):
        pull_model("two")
    assert server.requests == 0
    assert run("two", "--accept-license").return_value == 0
    assert [entry.license for entry in list_models() if entry.installed and entry.name == "two"] == [license]


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 2), ("\n", 2)])
def test_at_a_terminal_the_license_is_asked_about(answer, status, catalogue, monkeypatch):
    catalogue("CC-BY-NC-4.0", two="nearest.onnx")
    monkeypatch.setattr("ganfx.cli.model_pull.has_terminal", lambda: True)
    done = CliRunner().invoke(cli, ["models", "pull", "two"], input=answer, standalone_mode=False)
    assert done.return_value == status, done.output
    assert "CC-BY-NC-4.0 (non-commercial). Do you accept that?" in done.stderr


def test_offline_nothing_is_asked_for(catalogue, server, monkeypatch):
    catalogue(two="nearest.onnx")
    monkeypatch.setenv("GANFX_OFFLINE", "1")
    done = run("two")
    assert done.return_value == 1
    assert "GANFX_OFFLINE" in done.stderr
    assert server.requests == 0


def test_pulling_nothing_is_wrong_usage():
    done = CliRunner().invoke(cli, ["models", "pull"])
    assert done.exit_code == 2
    assert "--set photo" in done.output
    with pytest.raises(OptionError) as caught:
        CliRunner().invoke(cli, ["models", "pull", "--set", "foto"], standalone_mode=False, catch_exceptions=False)
    assert "photo" in (caught.value.hint or "")


SCRIPT = """
import sys
from pathlib import Path
from ganfx.cli import main
from ganfx.hub import address, known_models
address.LOCAL_HTTP = True
known_models.CATALOGUE = Path(sys.argv.pop(1))
main(["models", "pull", "--set", "all"])
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_ends_all_downloads_at_once_and_the_next_call_goes_on(catalogue, server, tmp_path):
    catalogue(one="pausing/1.onnx", two="pausing/2.onnx", three="pausing/3.onnx", four="pausing/4.onnx")
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "catalogue.toml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while server.requests < 3 or not any(path.stat().st_size for path in (tmp_path / "cache").rglob("*.part")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - began < 4
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert not list((tmp_path / "models").glob("*"))
    assert server.requests == 3
