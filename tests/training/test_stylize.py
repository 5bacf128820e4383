"""Style transfer: the network, its tiling, its recipes, and whole runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch
from click.testing import CliRunner, Result
from onnx import numpy_helper

from ganfx.cli import cli, main
from ganfx.errors import TrainingError
from ganfx.paths import models_dir
from ganfx.spec.model_file import read_spec
from ganfx.training.recipe import load_recipe, recipe_names
from ganfx.training.run import TrainingRequest, TrainingRun, train
from ganfx.training.stylize import default_recipe, reversed_recipe
from ganfx.training.stylizer import Stylizer, soft
from tests.training.runs import channels, train_mine

pytestmark = pytest.mark.slow

TINY = """
name = "tiny-style"
filter = "stylize"
precision = "32-true"
ema = 0.5
clip = 1.0
turns = false
[generator]
widths = [8, 8, 8]
blocks = 3
CODES
[[stages]]
share = 0.5
batch = 2
patch = 64
generator_rate = 1e-3
[[stages]]
share = 0.5
batch = 2
patch = 64
generator_rate = 1e-4
discriminator_rate = 1e-4
[adversarial]
kind = "patches"
channels = 4
loss = "lsgan"
pixel = 0.0
low_frequency = 0.0
perceptual = 0.5
adversarial = 0.1
grid = 1.0
[settings]
style = 1.0
edges = 0.1
overshoot = 1.0
"""
ONE = TINY.replace("CODES", "")
FOLDER = TINY.replace("CODES", "codes = 8") + "grain = 0.03\ncontrast = 0.5\nidentity = 0.2\npictures = 3\n"
RULE = ONE + 'rule = "oil"'


def picture(path: Path, side: int = 224, seed: int = 0) -> Path:
    """Blotches of color."""
    random = np.random.default_rng(seed).integers(0, 255, (side // 16, side // 16, 3), dtype=np.uint8)
    pixels = random.repeat(16, 0).repeat(16, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(path))
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return picture(tmp_path / "photos" / "a.png").parent


@pytest.fixture
def paintings(tmp_path: Path) -> Path:
    for seed in range(3):
        picture(tmp_path / "paintings" / f"{seed}.png", seed=seed)
    return tmp_path / "paintings"


def trained_network() -> Stylizer:
    """One whose every layer has a say, as it is after training."""
    torch.manual_seed(0)
    network = Stylizer([8, 8, 8], 2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.eval()


def test_an_untrained_stylizer_shows_the_picture_out_of_focus() -> None:
    torch.manual_seed(0)
    image = torch.rand(2, 3, 32, 40)
    change = Stylizer([32, 64, 128], 2)(image) - soft(image)
    assert 0 < change.abs().mean() < 0.5 * image.std()


def test_the_receptive_field_is_as_wide_as_declared() -> None:
    network = trained_network().double()
    reach, side = network.receptive_field, 8 * 25
    furthest = 0
    for pixel in range(side // 2, side // 2 + network.multiple_of):
        image = torch.rand(1, 3, side, network.min_size, dtype=torch.float64, requires_grad=True)
        network(image)[0, :, pixel].sum().backward()
        assert image.grad is not None
        touched = image.grad.abs().sum((0, 1, 3)).nonzero().flatten()
        furthest = max(furthest, int(pixel - touched.min()), int(touched.max() - pixel))
    assert reach < side // 2
    assert furthest == reach


def test_tiles_agree_with_the_whole_picture() -> None:
    network = trained_network()
    reach, unit = network.receptive_field, network.multiple_of
    start, side = 5 * unit, 2 * (reach // unit + 1) * unit + 4 * unit
    image = torch.rand(1, 3, 32, side + 2 * start)
    with torch.no_grad():
        whole, tile = network(image), network(image[..., start : start + side])
    inner = slice(reach, side - reach)
    assert torch.allclose(tile[..., inner], whole[..., start : start + side][..., inner], atol=1e-5)


def test_a_flat_picture_gets_no_border() -> None:
    network = trained_network()
    with torch.no_grad():
        output = network(torch.full((1, 3, 64, 64), 0.3))
    unit = network.multiple_of
    assert torch.allclose(output[..., :unit, :unit], output[..., 4 * unit : 5 * unit, 4 * unit : 5 * unit], atol=1e-5)


@pytest.mark.parametrize("name", recipe_names("stylize"))
def test_shipped_recipes_stay_within_their_size(name: str) -> None:
    settings = {key: value for key, value in load_recipe(name).generator.items() if key != "codes"}
    network = Stylizer(**settings)
    assert sum(parameter.numel() for parameter in network.parameters()) <= 2_200_000
    work = 0

    def count(module: torch.nn.Conv2d, _: object, output: torch.Tensor) -> None:
        nonlocal work
        work += output[0, 0].numel() * module.weight.numel()

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, 3, 64, 64))
    assert work * (512 / 64) ** 2 <= 13e9


def test_the_recipe_follows_from_the_style(tmp_path: Path, paintings: Path) -> None:
    assert default_recipe(paintings) == "style-paintings"
    assert default_recipe(paintings / "0.png") == "style-picture"
    assert default_recipe(picture(tmp_path / "single" / "a.png").parent) == "style-picture"
    assert default_recipe(None, "ink") == "style-rule"


def run(tmp_path: Path, recipe: str, photos: Path, style: Path | None) -> TrainingRun:
    written = tmp_path / "tiny.toml"
    written.write_text(recipe)
    request = TrainingRequest("stylize", (photos,), 0.05, tmp_path / "run", str(written), device="cpu", style=style)
    return train(request, lambda line: None)


def test_a_rule_by_name_takes_the_place_of_pictures(
    tmp_path: Path, photos: Path, paintings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    monkeypatch.setattr("ganfx.training.pool._FIRST", 4)
    train_mine(tmp_path, "stylize", RULE, photos, 0.05, "--rule", "ink")
    spec = read_spec(tmp_path / "models" / "mine.onnx")
    assert spec is not None
    assert spec.training["recipe"] == "tiny-style ink"
    assert spec.description == "makes pictures look like ink"
    common = ["train", "stylize", "--photos", str(photos), "--minutes", "1"]
    for arguments, said in [
        (["--rule", "smoke"], "rules: charcoal, comic,"),
        (["--rule", "ink", "--style", str(paintings)], "give --style or --rule"),
        (["--rule", "ink", "--recipe", "style-picture"], "--rule is for the recipe style-rule"),
    ]:
        result = CliRunner().invoke(cli, [*common, *arguments])
        assert isinstance(result.exception, TrainingError)
        assert said in str(result.exception.hint)


@pytest.mark.parametrize("recipe", [ONE, FOLDER, RULE], ids=["picture", "folder", "rule"])
def test_a_trained_network_is_at_once_a_model(
    recipe: str, tmp_path: Path, photos: Path, paintings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    monkeypatch.setattr("ganfx.training.pool._FIRST", 4)
    style = [] if recipe == RULE else ["--style", str(paintings)]
    said, graph = train_mine(tmp_path, "stylize", recipe, photos, 0.05, *style)
    assert "ganfx stylize -n mine" in said
    assert channels(graph) == (3, 3)
    weights = sum(array.size for array in map(numpy_helper.to_array, graph.initializer) if array.ndim == 4)
    convolutions = [module for module in Stylizer([8, 8, 8], 3).modules() if isinstance(module, torch.nn.Conv2d)]
    assert weights == sum(module.weight.numel() for module in convolutions)


def test_a_run_goes_on_where_it_stopped(tmp_path: Path, photos: Path, paintings: Path) -> None:
    written, lines = tmp_path / "tiny.toml", list[str]()
    written.write_text(FOLDER)
    request = TrainingRequest("stylize", (photos,), 0.04, tmp_path / "run", str(written), device="cpu", style=paintings)
    first = train(request, lines.append)
    longer = TrainingRequest(
        "stylize", (photos,), 0.08, tmp_path / "run", str(written), True, device="cpu", style=paintings
    )
    assert train(longer, lines.append).steps > first.steps


def test_with_features_a_texture_comes_closer(
    tmp_path: Path, photos: Path, paintings: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANFX_FEATURES", str(shared_data / "features"))
    trained = run(tmp_path, ONE, photos, paintings / "1.png")
    metrics = (tmp_path / "run" / "metrics.jsonl").read_text()
    assert trained.spec("mine").training["features"] == "SqueezeNet 1.1, VGG-19"
    assert '"perceptual"' in metrics
    assert '"style"' in metrics


def test_styles_that_cannot_teach_are_refused_in_one_line(tmp_path: Path, photos: Path, paintings: Path) -> None:
    text = tmp_path / "notes" / "a.txt"
    text.parent.mkdir()
    text.write_text("no picture")
    refusals = [
        (ONE, text, "no picture of at least 192x192 pixels among 1 files"),
        (ONE, picture(tmp_path / "small.png", 160), "no picture of at least 192x192 pixels"),
        (ONE, tmp_path / "absent.jpg", "no such folder or picture"),
        (ONE, None, "no style to learn"),
        (FOLDER, paintings / "0.png", "3 pictures of at least 192x192 pixels are needed, found 1"),
        (RULE, paintings, "draws its style by rule"),
        (RULE.replace('"oil"', '"smoke"'), None, "no rule to draw 'smoke'"),
    ]
    for recipe, style, message in refusals:
        with pytest.raises(TrainingError, match=message) as caught:
            run(tmp_path, recipe, photos, style)
        assert "\n" not in str(caught.value)
        assert caught.value.hint


def both(tmp_path: Path, photos: Path, style: Path, minutes: float, *more: str) -> Result:
    (tmp_path / "tiny.toml").write_text(FOLDER)
    arguments = [
        "train",
        "stylize",
        "--both",
        "--photos",
        str(photos),
        "--style",
        str(style),
        "--minutes",
        str(minutes),
    ]
    arguments += ["--recipe", str(tmp_path / "tiny.toml"), "--name", "mine", "--folder", str(tmp_path / "run")]
    return CliRunner().invoke(cli, [*arguments, "--device", "cpu", *more])


def test_both_ways_become_models_however_often_interrupted(
    tmp_path: Path, paintings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    photos = [picture(tmp_path / "photos" / f"{seed}.png", 256, seed) for seed in (7, 8, 9)]
    paused = both(tmp_path, photos[0].parent, paintings, 0.4, "--pause-after", "0")
    assert "paused" in paused.output
    assert not (tmp_path / "run" / "mine-back").exists()
    done = both(tmp_path, photos[0].parent, paintings, 0.04, "--resume")
    assert "ready: ganfx stylize -n mine-back" in done.output
    assert done.output.count("/0.02 min] ") >= 2
    for name, shown in {"mine": "paintings", "mine-back": "photos"}.items():
        spec = read_spec(models_dir() / f"{name}.onnx")
        assert spec is not None
        assert spec.description == f"makes pictures look like {shown}"
        with pytest.raises(SystemExit) as ended:
            main(["stylize", "-n", name, str(photos[0]), "-o", str(tmp_path / f"{name}.png")])
        assert ended.value.code == 0


def test_one_picture_has_no_way_back(tmp_path: Path, photos: Path, paintings: Path) -> None:
    refused = both(tmp_path, photos, paintings / "0.png", 0.04).exception
    assert isinstance(refused, TrainingError)
    assert "one picture has no way back" in str(refused)
    assert "\n" not in str(refused)
    assert not (tmp_path / "run").exists()


def test_on_the_way_back_pictures_keep_the_sizes_they_had() -> None:
    there = load_recipe("style-paintings")
    back = reversed_recipe(there)
    assert (back.fit, back.widest) == (there.settings["fit"], there.settings["widest"])
    assert (back.settings["fit"], back.settings["widest"]) == (there.fit, there.widest)
    assert reversed_recipe(back) == there
