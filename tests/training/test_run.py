"""A training run as a user has it: it learns, stops by the clock, resumes, survives NaN, and becomes a filter."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch
from click.testing import CliRunner

from ganfx.cli import cli
from ganfx.errors import TrainingError
from ganfx.training import trainer as trainer_module
from ganfx.training.generators import ResidualUpscaler
from ganfx.training.monitor import AdversarialHealth
from ganfx.training.photos import Photos
from ganfx.training.recipe import load_recipe
from ganfx.training.run import TrainingRequest, train

pytestmark = pytest.mark.slow

TINY = """
name = "tiny"
filter = "upscale"
scale = 2
precision = "32-true"
ema = 0.9
clip = 1.0
[generator]
channels = 8
blocks = 1
[[stages]]
share = 0.5
batch = 4
patch = 32
generator_rate = 1e-3
[[stages]]
share = 0.5
batch = 4
patch = 32
generator_rate = 1e-4
discriminator_rate = 1e-4
[adversarial]
kind = "patch"
channels = 4
loss = "vanilla"
pixel = 1.0
low_frequency = 1.0
perceptual = 0.1
adversarial = 0.01
[settings]
clean = 0.5
camera = 0.25
worn = 0.25
camera_blur = [0.2, 1.0]
camera_noise = [0.0, 4.0]
camera_quality = [60, 95]
worn_blur = [0.2, 1.0]
worn_resize = [1.0, 1.6]
worn_noise = [0.0, 4.0]
worn_quality = [60, 95]
"""
SECONDS = 1 / 60


@pytest.fixture(autouse=True)
def no_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return str(path)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for number in range(3):
        coarse = pyvips.Image.new_from_array(random.integers(0, 255, (30, 30, 3), np.uint8))
        coarse.resize(8).copy(interpretation="srgb").write_to_file(str(folder / f"{number}.png"))
    (folder / "notes.txt").write_text("not a picture")
    return folder


def lines_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_ends_by_the_clock_and_leaves_all_there_is_to_see(recipe: str, photos: Path, tmp_path: Path) -> None:
    said: list[str] = []
    trained = train(
        TrainingRequest("upscale", (photos,), 4 * SECONDS, tmp_path / "run", recipe=recipe, device="cpu"), said.append
    )
    assert trained.finished
    assert trained.steps > 4
    assert (trained.photos, "1 files left out" in said[0]) == (3, True)
    assert {"adversarial", "discriminator", "real_logit"} <= set(lines_of(tmp_path / "run")[-1])
    assert list((tmp_path / "run" / "samples").glob("*.png"))
    assert not list((tmp_path / "run").glob("*.part"))


def test_a_paused_run_goes_on_where_it_stopped(recipe: str, photos: Path, tmp_path: Path) -> None:
    request = TrainingRequest(
        "upscale", (photos,), 4 * SECONDS, tmp_path, recipe=recipe, device="cpu", pause_after=1.5 * SECONDS
    )
    first = train(request, lambda line: None)
    second = train(
        TrainingRequest("upscale", (photos,), 4 * SECONDS, tmp_path, recipe=recipe, device="cpu", resume=True),
        lambda line: None,
    )
    assert not first.finished
    assert second.finished
    assert second.steps > first.steps
    steps = [line["step"] for line in lines_of(tmp_path)]
    assert steps == sorted(steps)


def test_a_run_can_begin_with_another_scales_body(recipe: str, photos: Path, tmp_path: Path) -> None:
    other = ResidualUpscaler(4, channels=8, blocks=1).state_dict()
    said: list[str] = []
    request = TrainingRequest("upscale", (photos,), SECONDS, tmp_path, recipe=recipe, device="cpu")
    train(request, said.append, other)
    assert any(line.startswith("begins with ") for line in said)
    with pytest.raises(TrainingError, match="another network"):
        train(request, said.append, ResidualUpscaler(2, channels=16, blocks=1).state_dict())


def test_resuming_nothing_is_one_clear_error(recipe: str, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"last\.ckpt: cannot resume"):
        train(
            TrainingRequest("upscale", (photos,), 1, tmp_path, recipe=recipe, device="cpu", resume=True),
            lambda line: None,
        )


class Script:
    """Turns chosen steps' losses into NaN."""

    def __init__(self, bad: Iterator[bool]) -> None:
        self.bad = bad

    def __call__(self, metrics: dict[str, float]) -> bool:
        return not next(self.bad) and all(math.isfinite(value) for value in metrics.values())


def test_nan_rolls_back_and_goes_on(recipe: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = iter([False, True, True] + [False] * 100_000)
    monkeypatch.setattr(trainer_module, "finite", Script(bad))
    said: list[str] = []
    trained = train(
        TrainingRequest("upscale", (photos,), 6 * SECONDS, tmp_path, recipe=recipe, device="cpu"), said.append
    )
    assert trained.finished
    assert sum("NaN at step" in line for line in said) == 2
    assert all(torch.isfinite(value).all() for value in trained.generator.state_dict().values())


def test_endless_nan_is_given_up(recipe: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "finite", lambda metrics: False)
    with pytest.raises(TrainingError, match="keeps going to NaN"):
        train(TrainingRequest("upscale", (photos,), 1, tmp_path, recipe=recipe, device="cpu"), lambda line: None)


def test_two_devices_share_one_run(recipe: str, photos: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    script = (
        "from pathlib import Path\nfrom ganfx.training.run import TrainingRequest, train\n"
        f"train(TrainingRequest('upscale', (Path({str(photos)!r}),), {5 * SECONDS}, Path({str(tmp_path)!r}), "
        f"recipe={recipe!r}, device='cpu', devices='2'), print)\n"
    )
    path = tmp_path / "two.py"
    path.write_text(script)
    subprocess.run([sys.executable, str(path)], check=True, capture_output=True, timeout=200)
    assert lines_of(tmp_path)[-1]["step"] > 2


def test_crops_are_true_pieces_of_the_photographs(photos: Path) -> None:
    torch.manual_seed(0)
    bank = Photos([photos], 32, torch.device("cpu"))
    crop = bank.crops(8, 32)
    assert crop.shape == (8, 3, 32, 32)
    pixels = {tuple(pixel) for pixel in bank.pixels.tolist()}
    assert {tuple(pixel) for pixel in (crop[0] * 255).round().byte().permute(1, 2, 0).reshape(-1, 3).tolist()} <= pixels


def test_folders_that_cannot_teach_are_refused(tmp_path: Path, photos: Path) -> None:
    with pytest.raises(TrainingError, match="no such folder"):
        Photos([tmp_path / "absent"], 32, torch.device("cpu"))
    with pytest.raises(TrainingError, match="no picture of at least 4000x4000 pixels among 4 files"):
        Photos([photos], 4000, torch.device("cpu"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("scale = 2", "scale = 2\nspeed = 9"), "unknown setting 'speed'"),
        (("clip = 1.0", ""), "setting 'clip' is missing"),
        (("share = 0.5", "share = "), "Invalid value"),
        (("batch = 4", "bath = 4"), "unknown setting 'bath'"),
    ],
)
def test_a_wrong_recipe_is_one_clear_error(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(TINY.replace(*change))
    with pytest.raises(TrainingError, match=message):
        load_recipe(str(path))


def test_stages_share_the_run(recipe: str) -> None:
    first, second = load_recipe(recipe).stages
    assert load_recipe(recipe).stage_at(0.25) == (first, 0.5)
    assert load_recipe(recipe).stage_at(0.75) == (second, 0.5)
    assert load_recipe(recipe).stage_at(1.0) == (second, 1.0)


def test_a_recipe_for_another_filter_is_refused(recipe: str, photos: Path, tmp_path: Path) -> None:
    request = TrainingRequest("inpaint", (photos,), SECONDS, tmp_path, recipe=recipe, device="cpu")
    with pytest.raises(TrainingError, match="is a recipe for upscale"):
        train(request, lambda line: None)


def test_crops_may_be_cut_wider_and_shrunk(photos: Path) -> None:
    torch.manual_seed(0)
    bank = Photos([photos], 128, torch.device("cpu"))
    close, far = (torch.cat([bank.crops(4, 32, widest) for _ in range(8)]) for widest in (0, 128))
    assert far.shape == close.shape
    assert far.diff(dim=-1).abs().mean() > 1.2 * close.diff(dim=-1).abs().mean()


def test_the_balance_of_the_networks_is_warned_of_after_a_while() -> None:
    health = AdversarialHealth(patience=2)
    winning = {"real_logit": 9.0, "fake_logit": -9.0}
    assert health.warning(winning) is None
    assert "wins" in str(health.warning(winning))
    assert health.warning({"real_logit": 0.5, "fake_logit": 0.0}) is None


def test_a_trained_network_is_at_once_a_filter(
    recipe: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    arguments = ["train", "upscale", "--photos", str(photos), "--minutes", str(3 * SECONDS), "--recipe", recipe]
    arguments += ["--name", "mine", "--folder", str(tmp_path / "run"), "--device", "cpu"]
    trained = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert "ganfx upscale -n mine" in trained.output
    output = tmp_path / "out.png"
    CliRunner().invoke(cli, ["upscale", "-n", "mine", str(photos / "0.png"), "-o", str(output)], catch_exceptions=False)
    before, after = (pyvips.Image.new_from_file(str(path)) for path in (photos / "0.png", output))
    assert (after.width, after.height) == (2 * before.width, 2 * before.height)
    assert (after.resize(0.5) - before).abs().avg() < 25
