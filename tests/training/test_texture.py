"""Generators of textures: trained, exported, and the same texture from the same seeds, which tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch
from click.testing import CliRunner

from ganfx.cli import cli
from ganfx.engine import EngineOptions
from ganfx.exporters.export import export_generator
from ganfx.imaging.picture import Floats
from ganfx.spec import ModelSpec
from ganfx.textures import generating
from ganfx.textures.generating import TextureGenerator, TextureRequest
from ganfx.textures.latents import CELL, PLANES, STYLE_PLANES, TextureSeeds, latent_grid
from ganfx.training.synthesizer import Synthesizer
from ganfx.training.texture import random_latents

CPU = EngineOptions(provider="cpu")
WIDTHS = [16, 16, 16, 8, 8]
# Of a grid of the seed 7, the first numbers of each style, of which fine has the seed 8, and one of the noise.
RECORDED = [0.944905, 0.87026, 0.041946, 0.530227]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator that was not trained, whose pictures depend on all that it is given."""
    torch.manual_seed(1)
    network = Synthesizer(WIDTHS, 8)
    for parameter in network.parameters():
        parameter.data *= 1.5
    contract = {"role": "latent", "scale": CELL, "in_channels": PLANES, "receptive_field": network.receptive_field}
    path = tmp_path_factory.mktemp("model") / "wild.onnx"
    export_generator(network, ModelSpec.of_picture("wild", "texture", **contract), path)
    return path


def picture(generator: TextureGenerator, seeds: TextureSeeds, size: tuple[int, int] = (160, 128)) -> Floats:
    return np.concatenate(list(generator.strips(seeds, TextureRequest(size))))


def test_a_texture_wraps_around(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator, seeds = TextureGenerator(model, CPU), TextureSeeds.of(3)
    before = picture(generator, seeds)
    assert before.shape == (128, 160, 3)
    assert before.std() > 0.02
    monkeypatch.setattr(generating, "latent_grid", lambda *given: np.roll(latent_grid(*given), (2, 3), (0, 1)))
    after = picture(generator, seeds)
    assert np.abs(np.roll(before, (2 * CELL, 3 * CELL), (0, 1)) - after).max() < 1e-4


def test_tiles_do_not_show(model: Path) -> None:
    whole = picture(TextureGenerator(model, CPU), TextureSeeds.of(5), (800, 640))
    tiled = picture(TextureGenerator(model, EngineOptions(provider="cpu", tile=16)), TextureSeeds.of(5), (800, 640))
    assert np.abs(whole - tiled).max() < 1 / 255


def test_the_numbers_of_a_seed_never_change() -> None:
    grid = latent_grid(TextureSeeds.of(7, fine=8), 2, 3)
    assert grid.shape == (2, 3, PLANES)
    assert grid[0, 0, [0, STYLE_PLANES, 2 * STYLE_PLANES, -1]] == pytest.approx(RECORDED, abs=1e-6)


def test_styles_are_mixed_by_their_seeds() -> None:
    one, other, mixed = (
        latent_grid(seeds, 4, 4) for seeds in (TextureSeeds.of(1), TextureSeeds.of(2), TextureSeeds.of(1, medium=2))
    )
    medium = slice(STYLE_PLANES, 2 * STYLE_PLANES)
    assert np.array_equal(mixed[..., medium], other[..., medium])
    assert np.array_equal(np.delete(mixed, medium, 2), np.delete(one, medium, 2))
    assert (latent_grid(TextureSeeds.of(1), 4, 4, 0.0)[..., medium] == 0.5).all()


def test_while_it_learns_its_borders_wrap_too() -> None:
    network = Synthesizer(WIDTHS, 8)
    latents = random_latents(1, 6, torch.device("cpu"))
    with torch.no_grad():
        moved = network(latents.roll((2, 1), (2, 3)))
        assert torch.allclose(network(latents).roll((2 * CELL, CELL), (2, 3)), moved, atol=1e-5)


def test_files_are_named_after_their_seeds(model: Path, tmp_path: Path) -> None:
    command = ["generate", str(model), "--provider", "cpu", "--size", "64x48", "-o", str(tmp_path)]
    done = CliRunner().invoke(cli, [*command, "-n", "2", "--seed", "9", "--fine", "4"])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wild-10-fine4.png", "wild-9-fine4.png"]
    made = pyvips.Image.new_from_file(str(tmp_path / "wild-9-fine4.png"))
    assert (made.width, made.height, made.bands) == (64, 48, 3)
    again = b"ganfx generate wild --seed 9 --coarse 9 --medium 9 --fine 4 --truncation 1 --size 64x48"
    assert again in bytes(made.get("xmp-data"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "100"], "100x100 are no multiples of 16"),
        (["--seed", "2147483647", "-n", "2"], "are not all up to"),
        (["-o", "out", "--format", "jpg", "--lossless"], "JPEG"),
        (["-o", "wall.png", "-n", "2"], "-o names one picture"),
    ],
)
def test_what_cannot_be_made_is_said_in_a_line(model: Path, tmp_path: Path, words: list[str], said: str) -> None:
    folder = ["-o", str(tmp_path / "out")] if "-o" not in words else []
    done = CliRunner().invoke(cli, ["generate", str(model), "--provider", "cpu", *folder, *words])
    assert done.exit_code != 0
    assert said in f"{done.exception} {done.output}"
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.slow
def test_colors_are_learnt_in_moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    random = np.random.default_rng(2)
    pixels = np.add(random.integers(-30, 30, (224, 240, 1)), [200, 90, 30]).astype(np.uint8)
    pyvips.Image.new_from_array(pixels).write_to_file(str(tmp_path / "dots.png"))
    words = ["train", "texture", "--photos", str(tmp_path / "dots.png"), "--minutes", "0.3", "--name", "dots"]
    done = CliRunner().invoke(cli, [*words, "--folder", str(tmp_path / "run"), "--device", "cpu"])
    assert done.exit_code == 0, done.output
    made = picture(TextureGenerator("dots", CPU), TextureSeeds.of(1))
    assert np.abs(made.mean((0, 1)) - pixels.mean((0, 1)) / 255).max() < 0.12
