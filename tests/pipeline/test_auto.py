"""The steps that are chosen for a photograph by itself, and that nothing is done to one without need."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

from ganfx import pipeline
from ganfx.cli import main
from ganfx.files import open_picture
from ganfx.imaging.color import grey_of
from ganfx.imaging.picture import Floats, Picture, PictureInfo
from ganfx.pipeline.auto import Auto
from ganfx.spec import Control, ModelSpec
from tests import graphs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def auto(tmp_path_factory: pytest.TempPathFactory) -> Auto:
    """The chooser with a finder that takes what is bright for damage."""
    folder, engine = tmp_path_factory.mktemp("models"), pipeline.EngineOptions()
    fill, find = graphs.constant_fill(folder / "f.onnx", (0, 0, 0)), graphs.brightness(folder / "g.onnx")
    color = graphs.one_color(folder / "c.onnx", (9, 9))
    doubling = {times: graphs.nearest(folder / f"{times}.onnx", times) for times in (2, 4)}
    # Of pictures that nothing estimates the strength is the default.
    strength = Control("strength", default=0.0)
    clean = graphs.controlled(folder / "s.onnx", ModelSpec("s", "clean", receptive_field=0, controls=(strength,)))
    return Auto(
        pipeline.load_filter("heal", {}, model=str(fill), finder=str(find), engine=engine),
        pipeline.load_filter("clean", {}, model=str(clean), engine=engine),
        pipeline.load_filter("colorize", {}, model=str(color), engine=engine),
        {
            times: pipeline.load_filter("upscale", {"clean": 0}, model=str(path), engine=engine)
            for times, path in doubling.items()
        },
        color=True,
    )


def photograph(size: tuple[int, int]) -> Floats:
    """Smooth fields of many colors."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width] / np.float32(40)
    return np.stack([np.sin(x), np.cos(y), np.sin(x + y)], -1).astype(np.float32) * 0.25 + np.float32(0.3)


def toned(size: tuple[int, int]) -> Floats:
    """Brown all over, darker than what the finder looks for."""
    return grey_of(photograph(size)) * np.array([0.8, 0.68, 0.5], np.float32)


def print_of(size: tuple[int, int], scratches: int) -> Floats:
    """A brown print, its tone a little uneven, and so many rows of its dark upper part white."""
    height = size[1]
    uneven = np.random.default_rng(1).uniform(0.94, 1.06, (height, size[0], 3)).astype(np.float32)
    paper = toned(size) * uneven
    paper[: height // 2] *= 0.5
    paper[10 : 10 + scratches] = (1.0, 0.93, 0.8)
    return paper


def chosen(auto: Auto, rgb: Floats, **picture: Any) -> tuple[list[str], str]:
    chain = auto.choose(Picture(rgb, **picture), lambda pixels: None)
    # Without the names of the models, which are not the default ones.
    return [bound.suffix.split("_")[0] for bound in chain.filters], "; ".join(chain.reasons)


@pytest.mark.parametrize(
    ("rgb", "steps"),
    [
        (photograph((1700, 300)), []),
        (photograph((1500, 300)), ["x2"]),
        (photograph((700, 300)), ["x4"]),
        (grey_of(photograph((1700, 300))), ["color"]),
        (grey_of(photograph((100, 90))), ["color", "x4"]),
        (toned((1700, 300)), ["color"]),
        (print_of((900, 700), scratches=0), ["x2"]),
        (print_of((900, 700), scratches=20), ["healed", "color", "x2"]),
    ],
    ids=["large", "small", "tiny", "grey", "grey and tiny", "in one tone", "a clean print", "a scratched print"],
)
def test_each_photograph_gets_what_it_needs(auto: Auto, rgb: Floats, steps: list[str]) -> None:
    found, why = chosen(auto, rgb)
    assert found == steps
    assert why


def test_black_and_white_may_be_meant_so_color_is_proposed_and_given_when_asked_for(auto: Auto) -> None:
    found, why = chosen(dataclasses.replace(auto, color=False), grey_of(photograph((1500, 300))))
    assert found == ["x2"]
    assert "say --color" in why


def test_what_is_noisy_is_cleaned_before_it_is_enlarged(auto: Auto) -> None:
    clean = dataclasses.replace(auto.clean, values={**auto.clean.values, "strength": 0.25})
    noisy = dataclasses.replace(auto, clean=clean)
    chain = noisy.choose(Picture(photograph((1500, 300))), lambda pixels: None)
    assert [bound.suffix.split("_")[0] for bound in chain.filters] == ["clean", "x2"]
    assert chain.reasons[0] == "clean: noise or compression, strength 0.25"
    assert chain.filters[0].values["strength"] == 0.25


def test_what_is_bright_in_a_color_photograph_is_no_scratch(auto: Auto) -> None:
    rgb = photograph((1700, 300))
    rgb[10:60] = 1
    assert chosen(auto, rgb)[0] == []


def test_scratches_on_plain_grey_are_spoken_of_and_left(auto: Auto) -> None:
    rgb = grey_of(photograph((1700, 300)) * 0.8)
    rgb[10:16] = rgb[100:106] = 1
    found, why = chosen(auto, rgb)
    assert found == ["color"]
    assert "--steps heal" in why


def test_what_can_be_seen_through_is_no_print(auto: Auto) -> None:
    rgb = print_of((900, 700), scratches=20)
    alpha = np.ones(rgb.shape[:2], np.float32)
    alpha[:200] = 0
    assert chosen(auto, rgb, alpha=alpha)[0] == ["x2"]
    assert chosen(auto, rgb, alpha=np.ones_like(alpha))[0] == ["healed", "color", "x2"]


def test_grey_files_are_grey(auto: Auto) -> None:
    rgb = grey_of(photograph((1700, 300)))
    assert chosen(auto, rgb, info=PictureInfo(grey=True))[0] == ["color"]


def test_a_photograph_that_needs_nothing_is_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = tmp_path / "fine.png"
    samples = np.rint(photograph((1700, 200)) * 255).astype(np.uint8)
    pyvips.Image.new_from_array(samples).copy(interpretation="srgb").write_to_file(str(photo))
    with pytest.raises(SystemExit) as ended:
        main(["enhance", str(photo)])
    assert ended.value.code == 0
    assert (tmp_path / "fine_enhanced.png").read_bytes() == photo.read_bytes()
    said = capsys.readouterr().err
    assert "nothing is needed" in said
    assert "copied" in said


@pytest.mark.weights
def test_real_prints_are_told_from_real_photographs(shared_data: Path) -> None:
    auto = pipeline.load_auto(pipeline.EngineOptions())

    def healed(folder: Path) -> list[str]:
        chains = {path.name: auto.choose(open_picture(path), lambda pixels: None) for path in sorted(folder.iterdir())}
        return [name for name, chain in chains.items() if auto.heal in chain.filters]

    assert len(healed(shared_data / "real" / "photos_scratched")) == 4
    assert not healed(shared_data / "real" / "photos_bw")
    assert not healed(shared_data / "eval" / "Set14")


@pytest.mark.weights
def test_only_what_has_no_colors_is_colored(shared_data: Path) -> None:
    auto = pipeline.load_auto(pipeline.EngineOptions(), color=True)
    for path in sorted((shared_data / "real" / "photos_bw").iterdir()):
        assert auto.colorize in auto.choose(open_picture(path), lambda pixels: None).filters
    for path in sorted((shared_data / "eval" / "BSD100").iterdir())[::4]:
        assert auto.colorize not in auto.choose(open_picture(path), lambda pixels: None).filters
