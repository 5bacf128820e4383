"""`ganfx texture` and `ganfx maps`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganfx.cli import main
from ganfx.files import open_picture, save_mask, save_picture
from ganfx.imaging.picture import Picture, PictureInfo
from tests.textures.examples import grains


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    alpha = np.ones((100, 140), np.float32)
    save_picture(Picture(grains(100, 140), alpha, PictureInfo(bits=16)), "stone.png")
    return tmp_path


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_a_texture_stands_beside_its_example_with_depth_and_alpha(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("texture", "stone.png", "--size", "80x48", "--seed", 7) == 0
    made = open_picture("stone_texture.png")
    assert (made.width, made.height, made.info.bits, made.has_alpha) == (80, 48, 16, True)
    assert "seed 7" in capsys.readouterr().err


def test_variations_are_numbered_and_shown_on_a_sheet(example: Path) -> None:
    assert run("texture", "stone.png", "-o", "wall.jpg", "--size", 64, "--variations", 2, "--sheet", "sheet.png") == 0
    assert {path.name for path in example.iterdir()} == {"stone.png", "wall-1.jpg", "wall-2.jpg", "sheet.png"}


def test_the_example_may_be_a_part(example: Path) -> None:
    mask = np.zeros((100, 140), np.float32)
    mask[10:90, 50:] = 1
    save_mask(mask, "mask.png")
    part = open_picture("stone.png").rgb[20:85, 60:130]
    assert run("texture", "stone.png", "--box", "60,20,70,65", "--mask", "mask.png", "--size", 64) == 0
    known = {bytes(pixel) for pixel in part.reshape(-1, 3)}
    assert all(bytes(pixel) in known for pixel in open_picture("stone_texture.png").rgb.reshape(-1, 3))


def test_seamless_and_maps(example: Path) -> None:
    assert run("texture", "stone.png", "--seamless", "--maps", "--normals", "directx") == 0
    names = {path.name for path in example.iterdir()}
    maps = {f"stone_seamless_{name}.png" for name in ("height", "normal", "roughness")}
    assert names == {"stone.png", "stone_seamless.png"} | maps
    assert open_picture("stone_seamless_height.png").info.bits == 16
    assert run("maps", "stone.png") == 0
    assert Path("stone_roughness.png").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--box", "0,0,40,40"], 3, "too small for an example"),
        (["--box", "100,50,64,64"], 2, "not inside the picture of 140x100"),
        (["--box", "1,2,3"], 2, "is not X,Y,WIDTH,HEIGHT"),
        (["--size", "99999"], 2, "out of range"),
        (["--seed", "2147483648"], 2, "--seed"),
        (["--seed", "2147483647", "--variations", "2"], 2, "seed"),
        (["--seamless", "--sheet", "s.png"], 2, "--sheet"),
        (["--seamless", "--mask", "mask.png"], 2, "whole"),
        (["--mask", "black.png"], 3, "marks nothing"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    example: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, words: str
) -> None:
    save_mask(np.ones((100, 140), np.float32), "mask.png")
    save_mask(np.zeros((100, 140), np.float32), "black.png")
    assert run("texture", "stone.png", *arguments) == status
    told = capsys.readouterr().err
    assert words in told
    assert sum(line.lower().startswith("error") for line in told.splitlines()) == 1
    assert {path.name for path in example.iterdir()} == {"stone.png", "mask.png", "black.png"}


def test_what_exists_is_not_replaced_unasked(example: Path) -> None:
    Path("stone_texture.png").write_bytes(b"mine")
    assert run("texture", "stone.png", "--size", 64) == 3
    assert Path("stone_texture.png").read_bytes() == b"mine"
