"""Retouching from the command line: whose mask is whose, what comes out, and what goes wrong in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

from ganfx.batch.journal import NAME
from ganfx.cli import main
from tests import graphs

COLOR = (1.0, 0.0, 0.2)
FILLED = (255, 0, 51)
HEIGHT, WIDTH = 30, 40
HOLE = np.zeros((HEIGHT, WIDTH), bool)
HOLE[4:9, 10:25] = True
# Greenish enough to hold nothing like magenta.
PHOTO = np.random.default_rng(0).integers(100, 256, (HEIGHT, WIDTH, 3), np.uint8)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.constant_fill(tmp_path_factory.mktemp("models") / "constant.onnx", COLOR)


def save(path: Path, samples: NDArray[np.generic]) -> Path:
    path.parent.mkdir(exist_ok=True)
    space = "b-w" if samples.ndim == 2 or samples.shape[2] == 1 else "srgb"
    pyvips.Image.new_from_array(samples).copy(interpretation=space).write_to_file(str(path))
    return path


def load(path: Path) -> NDArray[np.generic]:
    samples: NDArray[np.generic] = pyvips.Image.new_from_file(str(path)).numpy()
    return samples


def photo(path: Path) -> Path:
    return save(path, PHOTO)


def mask(path: Path, hole: NDArray[np.bool_] = HOLE) -> Path:
    return save(path, hole.astype(np.uint8) * 255)


def inpaint(*arguments: object) -> int:
    """The exit status of `ganfx inpaint`, run in this process."""
    with pytest.raises(SystemExit) as ended:
        main(["inpaint", *map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def assert_filled(path: Path) -> None:
    result = load(path)
    assert np.array_equal(result[~HOLE], PHOTO[~HOLE])
    assert (result[HOLE] == FILLED).all()


def test_the_hole_is_filled_and_the_rest_is_the_same_bits(tmp_path: Path, model: Path) -> None:
    assert inpaint(photo(tmp_path / "a.png"), "--mask", mask(tmp_path / "m.png"), "-n", model) == 0
    assert_filled(tmp_path / "a_inpaint_constant.png")


def test_one_mask_serves_several_pictures_and_is_none_of_them(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "in"
    photo(folder / "a.png")
    photo(folder / "b.tif")
    mask(folder / "m.png")
    assert inpaint(folder, "--mask", folder / "m.png", "-o", tmp_path / "out", "-n", model) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} - {NAME} == {"a.png", "b.tif"}
    assert_filled(tmp_path / "out" / "b.tif")


def test_a_folder_of_masks_goes_by_names_and_a_missing_one_costs_one_line(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.png", "b.png", "c.tif"):
        photo(tmp_path / "in" / name)
    mask(tmp_path / "masks" / "a.tif")
    mask(tmp_path / "masks" / "c.png")
    (tmp_path / "masks" / "b.txt").write_text("no mask")
    status = inpaint(tmp_path / "in", "--mask", tmp_path / "masks", "-o", tmp_path / "out", "-n", model)
    lines = capsys.readouterr().err.splitlines()
    assert status == 3
    assert [line for line in lines if line.startswith("error")] == [
        f"error: {tmp_path / 'in' / 'b.png'}: there is no mask for it"
    ]
    assert_filled(tmp_path / "out" / "a.png")
    assert_filled(tmp_path / "out" / "c.tif")


def test_of_two_masks_of_a_name_the_one_with_the_same_suffix_counts(tmp_path: Path, model: Path) -> None:
    photo(tmp_path / "in" / "a.tif")
    mask(tmp_path / "masks" / "a.png", ~HOLE)
    mask(tmp_path / "masks" / "a.tif")
    assert inpaint(tmp_path / "in", "--mask", tmp_path / "masks", "-o", tmp_path / "out", "-n", model) == 0
    assert_filled(tmp_path / "out" / "a.tif")


def test_the_pictures_own_transparency_is_filled_and_becomes_opaque(tmp_path: Path, model: Path) -> None:
    save(tmp_path / "a.png", np.dstack([PHOTO, np.where(HOLE, 0, 255).astype(np.uint8)]))
    assert inpaint(tmp_path / "a.png", "--mask", "alpha", "-n", model) == 0
    result = load(tmp_path / "a_inpaint_constant.png")
    assert (result[..., 3] == 255).all()
    assert np.array_equal(result[~HOLE][:, :3], PHOTO[~HOLE])
    assert (result[HOLE][:, :3] == FILLED).all()


def test_an_ordinary_mask_leaves_transparency_as_it_is(tmp_path: Path, model: Path) -> None:
    alpha = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    save(tmp_path / "a.png", np.dstack([PHOTO, alpha]))
    assert inpaint(tmp_path / "a.png", "--mask", mask(tmp_path / "m.png"), "-n", model) == 0
    assert np.array_equal(load(tmp_path / "a_inpaint_constant.png")[..., 3], alpha)


def test_a_color_painted_over_the_picture_or_a_copy_is_filled(tmp_path: Path, model: Path) -> None:
    painted = PHOTO.copy()
    painted[HOLE] = (255, 0, 255)
    save(tmp_path / "painted.png", painted)
    assert inpaint(tmp_path / "painted.png", "--mask-color", "#ff00ff", "-n", model) == 0
    assert_filled(tmp_path / "painted_inpaint_constant.png")
    source = photo(tmp_path / "a.png")
    assert inpaint(source, "--mask", tmp_path / "painted.png", "--mask-color", "#f0f", "-n", model) == 0
    assert_filled(tmp_path / "a_inpaint_constant.png")


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_an_empty_mask_copies_the_very_bytes_and_says_so(
    tmp_path: Path, model: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = photo(tmp_path / name)
    assert inpaint(source, "--mask", mask(tmp_path / "m.png", HOLE & False), "-n", model, "--json") == 0
    target = source.with_stem("a_inpaint_constant")
    assert target.read_bytes() == source.read_bytes()
    (line,) = capsys.readouterr().out.splitlines()
    assert any("mask is empty" in note for note in json.loads(line)["notes"])


def test_jpeg_says_that_it_stores_all_anew(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inpaint(photo(tmp_path / "a.jpg"), "--mask", mask(tmp_path / "m.png"), "-n", model) == 0
    assert "write PNG or TIFF" in capsys.readouterr().err


BAD_MASKS = {
    "another size": (np.zeros((7, 9), np.uint8), "a.png: mask is 9x7, image is 40x30"),
    "full": (np.full((HEIGHT, WIDTH), 255, np.uint8), "a.png: the mask leaves nothing of the picture to go by"),
}


@pytest.mark.parametrize("kind", BAD_MASKS)
def test_a_mask_that_does_not_fit_costs_one_line(
    tmp_path: Path, model: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    samples, words = BAD_MASKS[kind]
    assert inpaint(photo(tmp_path / "a.png"), "--mask", save(tmp_path / "m.png", samples), "-n", model) == 3
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(errors) == 1
    assert errors[0].endswith(words)
    assert {path.name for path in tmp_path.iterdir()} - {NAME} == {"a.png", "m.png"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "inpaint needs a mask"),
        (["--mask", "alpha", "--mask-color", "#ff00ff"], "say different things"),
        (["--mask", "absent.png"], "there is no mask absent.png"),
        (["--mask-color", "pink"], "'pink' is not a color"),
        (["--mask", "."], "the masks lie among the pictures"),
        (["--mask", "masks", "-o", "masks"], "would replace a mask"),
    ],
)
def test_bad_usage_is_said_before_anything_is_done(
    tmp_path: Path,
    model: Path,
    arguments: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    photo(tmp_path / "a.png")
    mask(tmp_path / "masks" / "a.png")
    before = sorted(tmp_path.rglob("*"))
    assert inpaint("a.png", "-n", model, *arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "hint: " in said
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_a_large_photograph_with_a_small_hole_takes_little_memory(tmp_path: Path, model: Path) -> None:
    width, height = 8000, 6250
    gradient = pyvips.Image.xyz(width, height)[0] * (255 / width)
    gradient.bandjoin([gradient, gradient]).cast("uchar").copy(interpretation="srgb").write_to_file(
        str(tmp_path / "a.jpg")
    )
    hole = pyvips.Image.black(width, height).draw_rect(255, 4000, 3000, 60, 12, fill=True)
    hole.write_to_file(str(tmp_path / "m.png"))
    script = (
        "from ganfx.cli import cli\nfrom tests.memory import peak_megabytes\n"
        f"cli.main(['inpaint', {str(tmp_path / 'a.jpg')!r}, '--mask', {str(tmp_path / 'm.png')!r}, '-n', "
        f"{str(model)!r}, '--quiet'], standalone_mode=False)\nprint(peak_megabytes())"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, timeout=280)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 800
    middle = pyvips.Image.new_from_file(str(tmp_path / "a_inpaint_constant.jpg")).crop(4020, 3004, 20, 4).numpy()
    assert np.abs(middle.astype(int) - FILLED).max() < 8
