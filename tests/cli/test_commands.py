"""The command line as a person meets it: in a process of its own, by its exit status and its words."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips

from ganfx.batch.journal import NAME
from ganfx.cli import main
from ganfx.filters import Filter, all_filters
from ganfx.hub import list_models
from tests import graphs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2)


def ganfx(
    *arguments: object, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ganfx", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=os.environ | (env or {}), timeout=120)


def photo(path: Path, width: int = 40, height: int = 30) -> Path:
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(path))
    return path


def results(folder: Path) -> set[str]:
    """The names of all files in `folder`, hidden ones too, but for the journal's."""
    return {path.name for path in folder.iterdir()} - {NAME}


def size_of(path: Path) -> tuple[int, int]:
    image = pyvips.Image.new_from_file(str(path))
    return image.width, image.height


def test_the_result_stands_beside_the_photograph(tmp_path: Path, model: Path) -> None:
    done = ganfx("upscale", photo(tmp_path / "a.jpg"), photo(tmp_path / "b.png"), "-n", model)
    assert done.returncode == 0, done.stderr
    assert size_of(tmp_path / "a_x2_nearest.jpg") == size_of(tmp_path / "b_x2_nearest.png") == (80, 60)
    assert "MP/s on CPU" in done.stderr
    assert done.stdout == ""


def test_a_folder_goes_into_a_folder_in_another_format(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    photo(folder / "a.jpg")
    (folder / "notes.txt").write_text("hello")
    done = ganfx("upscale", folder, "-o", tmp_path / "out", "-f", "png", "-n", model)
    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "out") == {"a.png"}


def test_json_speaks_on_standard_output_alone(tmp_path: Path, model: Path) -> None:
    done = ganfx("upscale", photo(tmp_path / "a.png"), tmp_path / "absent.png", "-n", model, "--json", "--quiet")
    lines = {line["status"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert lines["done"]["output_size"] == [80, 60]
    assert "absent.png" in lines["failed"]["error"]["message"]


def test_an_output_that_exists_stays_unless_told_otherwise(tmp_path: Path, model: Path) -> None:
    source = photo(tmp_path / "a.png")
    target = tmp_path / "a_x2_nearest.png"
    target.write_text("precious")
    refused = ganfx("upscale", source, "-n", model)
    assert refused.returncode == 3
    assert "--overwrite" in refused.stderr
    assert target.read_text() == "precious"
    assert ganfx("upscale", source, "-n", model, "--overwrite").returncode == 0
    assert size_of(target) == (80, 60)


def bomb(path: Path) -> None:
    """A PNG whose header claims 2^31 - 1 pixels a side."""
    header = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    data = struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


BAD_FILES = {
    "absent.jpg": lambda path: None,
    "empty.jpg": lambda path: path.touch(),
    "text.jpg": lambda path: path.write_text("this is no picture"),
    "truncated.jpg": lambda path: path.write_bytes(photo(path, 400, 300).read_bytes()[:9000]),
    "truncated.png": lambda path: path.write_bytes(photo(path, 400, 300).read_bytes()[:9000]),
    "bomb.png": bomb,
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_costs_one_line_and_the_rest_goes_on(name: str, tmp_path: Path, model: Path) -> None:
    BAD_FILES[name](tmp_path / name)
    done = ganfx("upscale", tmp_path / name, photo(tmp_path / "good.png"), "-n", model)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode == 3
    assert len(errors) == 1
    assert name in errors[0]
    assert "Traceback" not in done.stderr
    assert size_of(tmp_path / "good_x2_nearest.png") == (80, 60)
    assert results(tmp_path) <= {name, "good.png", "good_x2_nearest.png"}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "name the pictures"),
        (["a.png", "-s", "0.3"], 2, "0.3"),
        (["a.png", "-s", "17"], 2, "17"),
        (["a.png", "--width", "0"], 2, "--width"),
        (["a.png", "--width", "99", "--megapixels", "2"], 2, "width and megapixels"),
        (["a.png", "--width", "99", "--height", "99"], 2, "fit"),
        (["a.png", "--fit", "0x9"], 2, "3840x2160"),
        (["a.png", "--print", "30x45"], 2, "30x45cm@300dpi"),
        (["a.png", "--width", "99999"], 3, "16 is the most"),
        (["a.png", "-n", "photo-x5"], 2, "photo-x4"),
        (["a.png", "--provider", "cuda"], 1, "cuda"),
        (["a.png", "-o", "a.png"], 2, "replace an input"),
        (["a.png", "-f", "xyz"], 2, "xyz"),
        (["empty-folder"], 2, "no pictures"),
        (["a.png", "-n", "page.onnx"], 1, "web page"),
        (["a.png", "-n", "pointer.onnx"], 1, "LFS"),
        (["a.png", "-n", "evil.pth"], 1, "evil.pth"),
        (["a.png", "-n", "absent.onnx"], 2, "absent.onnx"),
    ],
)
def test_bad_usage_is_one_line_and_changes_nothing(
    arguments: list[str], status: int, words: str, tmp_path: Path
) -> None:
    photo(tmp_path / "a.png")
    (tmp_path / "empty-folder").mkdir()
    (tmp_path / "page.onnx").write_text("<!DOCTYPE html><html></html>")
    (tmp_path / "pointer.onnx").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    (tmp_path / "evil.pth").write_bytes(b"\x80\x04cposix\nsystem\n(Vtouch harmed\ntR.")
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    done = ganfx("upscale", *arguments, cwd=tmp_path)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("size", [(1, 1), (3, 5000), (5000, 3)])
def test_odd_sizes_work(size: tuple[int, int], tmp_path: Path, model: Path) -> None:
    done = ganfx("upscale", photo(tmp_path / "a.png", *size), "-n", model)
    assert done.returncode == 0, done.stderr
    assert size_of(tmp_path / "a_x2_nearest.png") == (2 * size[0], 2 * size[1])


def test_an_interrupt_leaves_nothing_half_written(tmp_path: Path, model: Path) -> None:
    names = [photo(tmp_path / f"{number}.png", 700, 700) for number in range(40)]
    command = [
        sys.executable,
        "-m",
        "ganfx",
        "upscale",
        *map(str, names),
        "-n",
        str(model),
        "-o",
        str(tmp_path / "out"),
    ]
    # A test runner in the background may have SIGINT ignored, and children inherit that.
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )
    while not list((tmp_path / "out").glob("[!.]*.png")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in stderr
    finished = results(tmp_path / "out")
    assert 0 < len(finished) < 40
    assert {size_of(tmp_path / "out" / name) for name in finished} == {(1400, 1400)}


def test_every_filter_has_a_command_that_shows_its_options() -> None:
    for filter_ in all_filters().values():
        shown = ganfx(filter_.name, "--help").stdout
        assert filter_.help in " ".join(shown.split())
        for option in filter_.options:
            assert f"--{option.name.replace('_', '-')}" in shown


def test_doctor_and_models_speak_json() -> None:
    findings = json.loads(ganfx("doctor", "--json").stdout)
    assert {row["name"]: row["usable"] for row in findings["providers"]}["cpu"]
    assert {row["name"] for row in json.loads(ganfx("models", "list", "--json").stdout)} >= {"photo-x4"}


def test_a_huge_picture_takes_little_memory(tmp_path: Path) -> None:
    width, height, scale = 6000, 5000, 4
    pyvips.Image.black(width, height, bands=3).copy(interpretation="srgb").write_to_file(str(tmp_path / "a.jpg"))
    model = graphs.nearest(tmp_path / "nearest.onnx", scale=scale)
    script = (
        "from ganfx.cli import cli\nfrom tests.memory import peak_megabytes\n"
        f"cli.main(['upscale', {str(tmp_path / 'a.jpg')!r}, '-n', {str(model)!r}, '--quiet'], standalone_mode=False)\n"
        "print(peak_megabytes())"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, timeout=280)
    assert size_of(tmp_path / "a_x4_nearest.jpg") == (width * scale, height * scale), done.stderr
    whole_float_megabytes = width * height * scale**2 * 3 * 4 // 2**20
    assert int(done.stdout) < whole_float_megabytes // 4


@pytest.mark.parametrize("filter_", all_filters().values(), ids=lambda filter_: filter_.name)
def test_the_help_of_a_filter_names_what_ships_for_it(filter_: Filter, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([filter_.name, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert all(entry.name in shown for entry in list_models(filter_.model_task) if entry.origin == "bundled")
