"""Several filters at once: the same as one after the other, with nothing lost on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import pyvips
from numpy.typing import NDArray
from onnx import helper
from PIL import ExifTags, Image

from ganfx import pipeline
from ganfx.cli import main
from ganfx.engine import NETWORKS, network_cache
from ganfx.errors import OptionError
from ganfx.imaging.picture import Picture
from ganfx.spec import ModelSpec
from tests import graphs, profiles

FILL = (0.2, 0.7, 0.4)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {
        "fill": graphs.constant_fill(folder / "fill.onnx", FILL),
        "find": graphs.brightness(folder / "find.onnx"),
        "color": graphs.one_color(folder / "color.onnx", (12, -20)),
        "double": graphs.nearest(folder / "double.onnx", scale=2),
        "negative": graphs.negative(folder / "negative.onnx"),
        "sixteenth": multiplied(folder / "sixteenth.onnx", 1 / 16),
        "sixteenfold": multiplied(folder / "sixteenfold.onnx", 16),
    }


def multiplied(path: Path, factor: float) -> Path:
    """Every value times `factor`."""
    node = helper.make_node("Mul", ["input", "factor"], ["output"])
    spec = ModelSpec(path.stem, "upscale", receptive_field=0)
    return graphs.write(path, [node], {"factor": np.array(factor, np.float32)}, spec=spec)


def ganfx(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def scratched(height: int = 48, width: int = 64) -> NDArray[np.uint16]:
    """A dark picture of 16 bits with a bright line."""
    rgb = np.random.default_rng(5).integers(3000, 15000, (height, width, 3), np.uint16)
    rgb[20:22, 8:50] = 60000
    return rgb


def save(path: Path, samples: NDArray[Any]) -> Path:
    names = {1: "b-w", 3: "srgb", 4: "srgb"} if samples.dtype == np.uint8 else {1: "grey16", 3: "rgb16", 4: "rgb16"}
    image = pyvips.Image.new_from_array(samples)
    image.copy(interpretation=names[image.bands]).write_to_file(str(path))
    return path


def load(path: Path) -> NDArray[Any]:
    samples: NDArray[Any] = pyvips.Image.new_from_file(str(path)).numpy()
    return samples


def steps_of(models: dict[str, Path]) -> str:
    return (
        f"heal:model={models['fill']}:finder={models['find']},colorize:{models['color']}:strength=0.5,"
        f"upscale:{models['double']},stylize:model={models['negative']}:keep-color"
    )


def test_a_chain_is_its_commands_one_by_one(tmp_path: Path, models: dict[str, Path]) -> None:
    photo = save(tmp_path / "photo.png", scratched())
    assert ganfx("enhance", photo, "--steps", steps_of(models), "-o", tmp_path / "once.png") == 0
    commands = [
        ["heal", "-n", models["fill"], "--finder", models["find"]],
        ["colorize", "-n", models["color"], "--strength", 0.5],
        ["upscale", "-n", models["double"]],
        ["stylize", "-n", models["negative"], "--keep-color"],
    ]
    for number, (name, *options) in enumerate(commands):
        last, photo = photo, tmp_path / f"{number}.png"
        assert ganfx(name, last, *options, "-o", photo) == 0
    once, after_another = load(tmp_path / "once.png"), load(photo)
    assert once.dtype == after_another.dtype == np.uint16
    assert once.shape == (96, 128, 3)
    # Each of three files rounds to 1/65535; the style's lightness is steep where it is dark.
    np.testing.assert_allclose(once.astype(int), after_another.astype(int), atol=16)


def test_nothing_is_rounded_between_the_steps(tmp_path: Path, models: dict[str, Path]) -> None:
    samples = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    photo = save(tmp_path / "photo.png", samples)
    steps = f"upscale:{models['sixteenth']},upscale:{models['sixteenfold']}"
    assert ganfx("enhance", photo, "--steps", steps, "-o", tmp_path / "same.png") == 0
    assert np.array_equal(load(tmp_path / "same.png"), samples)


def test_alpha_depth_profile_and_exif_come_through(tmp_path: Path, models: dict[str, Path]) -> None:
    alpha = np.linspace(0, 65535, 48 * 64).astype(np.uint16).reshape(48, 64, 1)
    image = pyvips.Image.new_from_array(np.concatenate([scratched(), alpha], -1)).copy(interpretation="rgb16")
    profile = profiles.rgb_profile(profiles.DISPLAY_P3, profiles.srgb_curve())
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Artist", "Ada (Ada, ASCII, 4 components, 4 bytes)")
    photo = tmp_path / "photo.png"
    image.write_to_file(str(photo))
    steps = f"stylize:{models['negative']},upscale:{models['double']}"
    assert ganfx("enhance", photo, "--steps", steps, "-o", tmp_path / "made.png") == 0
    made = pyvips.Image.new_from_file(str(tmp_path / "made.png"))
    assert (made.width, made.height, made.bands, made.format) == (128, 96, 4, "ushort")
    assert made.get("icc-profile-data") == profile
    assert Image.open(tmp_path / "made.png").getexif()[ExifTags.Base.Artist] == "Ada"
    assert np.abs(made.numpy()[::2, ::2, 3].astype(int) - alpha[..., 0]).max() < 700


@pytest.mark.parametrize(("steps", "bands"), [("upscale:{double}", 1), ("colorize:{color},upscale:{double}", 3)])
def test_grey_stays_grey_until_a_step_colors(steps: str, bands: int, tmp_path: Path, models: dict[str, Path]) -> None:
    photo = save(tmp_path / "photo.png", scratched()[..., :1] >> 8)
    assert ganfx("enhance", photo, "--steps", steps.format(**models), "-o", tmp_path / "made.png") == 0
    assert pyvips.Image.new_from_file(str(tmp_path / "made.png")).bands == bands


def test_a_retouch_alone_keeps_the_files_own_samples(tmp_path: Path, models: dict[str, Path]) -> None:
    photo = save(tmp_path / "photo.png", scratched())
    steps = f"heal:{models['fill']}:finder={models['find']}"
    assert ganfx("enhance", photo, "--steps", steps, "-o", tmp_path / "made.png") == 0
    before, after = load(photo), load(tmp_path / "made.png")
    changed = (before != after).any(-1)
    assert changed[20:22, 8:50].all()
    assert changed.sum() < 300


def test_a_mask_is_for_the_step_that_needs_one(tmp_path: Path, models: dict[str, Path]) -> None:
    photo = save(tmp_path / "photo.png", scratched())
    mask = np.zeros((48, 64, 1), np.uint8)
    mask[5:9, 10:20] = 255
    steps = f"inpaint:{models['fill']},upscale:{models['double']}:clean=off"
    arguments = ["enhance", photo, "--steps", steps, "-o", tmp_path / "made.png"]
    assert ganfx(*arguments) == 2
    assert ganfx(*arguments, "--mask", save(tmp_path / "mask.png", mask)) == 0
    made = load(tmp_path / "made.png")
    assert np.allclose(made[10:18, 20:40] / 65535, FILL, atol=2e-3)
    assert np.array_equal(made[::2, ::2][20:], scratched()[20:])


def test_results_are_called_after_all_their_steps(tmp_path: Path, models: dict[str, Path]) -> None:
    photo = save(tmp_path / "photo.png", scratched())
    assert ganfx("enhance", photo, "--steps", f"colorize:{models['color']},upscale:{models['double']}") == 0
    assert (tmp_path / "photo_color_one-color_x2_double.png").exists()


def test_networks_are_opened_once_for_all_pictures(
    tmp_path: Path, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    open_network = network_cache.open_network
    monkeypatch.setattr(
        network_cache, "open_network", lambda path, options: opened.append(path) or open_network(path, options)
    )
    NETWORKS.clear()
    photos = [save(tmp_path / f"{number}.png", scratched()) for number in range(3)]
    assert ganfx("enhance", *photos, "--steps", steps_of(models), "-o", tmp_path / "made") == 0
    # One for each of the five steps, and the cleaner with its estimator before the upscaler.
    assert len(opened) == 7


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("heel", "heal"),
        ("", "a step is missing"),
        ("upscale:4,", "a step is missing"),
        ("heal:sensitivty=0.4", "sensitivity"),
        ("heal:sensitivity=4", "not between 0 and 1"),
        ("upscale:4:3", "twice"),
        ("upscale:scale=17", "between 1 and 16"),
        ("upscale:photo-x5", "photo-x4"),
        ("upscale:photo-fill", "not for upscale"),
        ("stylize:keep-color=perhaps", "neither true nor false"),
        ("colorize,inpaint", "inpaint needs a mask"),
        ("upscale:4,upscale:finder=x", "does not look for anything"),
    ],
)
def test_steps_are_checked_before_any_picture_is_touched(
    steps: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = save(tmp_path / "photo.png", scratched())
    assert ganfx("enhance", photo, "--steps", steps) == 2
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) <= 2
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


def chain(text: str, **engine: Any) -> pipeline.Chain:
    return pipeline.load_chain(pipeline.parse_steps(text), pipeline.EngineOptions(**engine))


def test_a_recipe_is_what_decides_about_the_result_and_nothing_else(tmp_path: Path, models: dict[str, Path]) -> None:
    model = models["color"]
    same = chain(f"colorize:{model}")
    assert chain(f"colorize:model={model}:strength=1", provider="cpu", tile=64).fingerprint == same.fingerprint
    assert chain(f"colorize:{model}:strength=0.9").fingerprint != same.fingerprint
    assert chain(f"colorize:{model}:hint=1,2,#ffffff").fingerprint != same.fingerprint
    other = onnx.load(model)
    other.doc_string = "other bytes"
    onnx.save(other, tmp_path / "color.onnx")
    assert chain(f"colorize:{tmp_path / 'color.onnx'}").fingerprint != same.fingerprint


@pytest.mark.weights
def test_what_a_chain_says_of_itself_gives_it_again() -> None:
    made = chain("heal:sensitivity=0.3,colorize:hint=1,2,#ff8000,upscale:2")
    again = chain(made.steps)
    assert (again.steps, again.fingerprint) == (made.steps, made.fingerprint)


def test_progress_rises_to_all_pixels(models: dict[str, Path]) -> None:
    source = Picture(scratched().astype(np.float32) / 65535)
    told: list[int] = []
    result = list(chain(steps_of(models)).stream(source, told.append))
    assert sum(piece.height for piece in result) == 96
    assert told == sorted(told)
    assert told[-1] == 48 * 64


def test_a_chain_needs_its_mask(models: dict[str, Path]) -> None:
    source = Picture(scratched().astype(np.float32) / 65535)
    with pytest.raises(OptionError, match="needs a mask"):
        list(chain(f"inpaint:{models['fill']},upscale:{models['double']}").stream(source))
