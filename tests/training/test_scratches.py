"""Learning to find damage: drawn damage and its masks, what resembles it, the network, and a run as a user has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch
from numpy.typing import NDArray

from ganfx.training import damage
from ganfx.training.photos import Photos
from ganfx.training.prints import as_print, bordered, scanned, stained
from ganfx.training.recipe import load_recipe, recipe_names
from ganfx.training.scratches import ScratchFinder, ScratchTask
from ganfx.training.thin_things import THINGS, furnished
from tests.training.runs import TINY_UNET, channels, train_mine

pytestmark = pytest.mark.slow

TINY = f"""
name = "tiny-finder"
filter = "scratches"
{TINY_UNET}
[[stages]]
share = 1.0
batch = 4
patch = 64
generator_rate = 1e-3
[settings]
sound = 0.5
modern = 0.5
furnished = 0.5
bordered = 0.5
stained = 0.5
overlap = 1.0
missed = 0.5
verdict = 0.1
loudest = 0.2
"""


def scene(side: int = 96) -> NDArray[np.float32]:
    cells = np.random.default_rng(3).random((side // 8, side // 8, 3), np.float32)
    return cells.repeat(8, 0).repeat(8, 1) * np.float32(0.5)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    pixels = np.rint(scene(240) * 255).astype(np.uint8)
    pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(folder / "a.png"))
    return folder


@pytest.mark.parametrize("kind", damage.KINDS)
def test_damage_is_marked_where_the_picture_changed_and_only_there(kind: damage.Draw) -> None:
    random = np.random.default_rng(1)
    changed = 0.0
    for side in (64, 256):
        for _ in range(4):
            paper_print = damage.PaperPrint.of(random, scene(side))
            kind(random, paper_print)
            change = np.abs(paper_print.rgb - scene(side)).max(-1)
            changed += float(change.sum())
            assert paper_print.rgb.min() >= 0
            assert paper_print.rgb.max() <= 1
            assert not (change[(paper_print.seen == 0) & (paper_print.ignored == 0)] > 1e-6).any()
    assert changed > 0


def test_masks_say_what_is_visible_and_leave_open_what_hardly_is() -> None:
    random = np.random.default_rng(0)
    for _ in range(6):
        before = scene(128)
        seen, mask, ignored = damage.damaged(random, before)
        change = np.abs(seen - before).max(-1)
        assert set(np.unique(mask)) <= {0.0, 1.0}
        counted = ignored == 0
        assert change[counted & (mask == 0)].mean() < 0.02
        assert mask.mean() < 0.9


@pytest.mark.parametrize("side", [64, 192])
def test_prints_things_borders_and_scans_keep_shape_and_range(side: int) -> None:
    random = np.random.default_rng(2)
    for _ in range(3 * len(THINGS)):
        rgb = furnished(random, scene(side))
        for make in (as_print, stained, scanned, lambda random, rgb: bordered(random, rgb)[0]):
            rgb = make(random, rgb)
            assert rgb.shape == (side, side, 3)
            assert rgb.dtype == np.float32
            assert rgb.min() >= -1e-3
            assert rgb.max() <= 1 + 1e-3


def test_half_of_a_batch_is_sound_whatever_is_drawn_into_it(picture: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY)
    task = ScratchTask(load_recipe(str(tmp_path / "tiny.toml")), Photos([picture], 64, torch.device("cpu")), None)
    torch.manual_seed(0)
    seen, masks, ignored = task.pictures(task.photos.crops(16, 64))
    assert seen.shape == (16, 3, 64, 64)
    assert not masks[:8].any()
    assert not ignored[:8].any()
    assert (masks[8:].amax((1, 2, 3)) > 0).sum() >= 6


@pytest.mark.parametrize("name", recipe_names("scratches"))
def test_shipped_recipes_are_small_and_train_on_as_many_sound_pictures_as_damaged_ones(name: str) -> None:
    recipe = load_recipe(name)
    network = ScratchFinder(**recipe.generator)
    assert sum(parameter.numel() for parameter in network.parameters()) <= 1_000_000
    assert network.receptive_field >= 256
    assert recipe.settings["sound"] >= 0.5


def test_where_the_verdict_is_sound_no_pixel_is_damaged() -> None:
    torch.manual_seed(0)
    network = ScratchFinder([8, 8], [0, 1])
    rgb = torch.rand(2, 3, 64, 64)
    network.judge[-1].bias.data.fill_(-30)
    assert network(rgb).max() < 1e-6
    network.judge[-1].bias.data.fill_(30)
    assert network(rgb).max() > 0.1


def test_wide_crops_come_from_photographs_that_have_them(tmp_path: Path) -> None:
    for name, side, level in (("small", 64, 0), ("large", 200, 255)):
        pixels = np.full((side, side, 3), level, np.uint8)
        pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(tmp_path / f"{name}.png"))
    photos = Photos([tmp_path], 64, torch.device("cpu"))
    torch.manual_seed(0)
    assert all(float(photos.crops(4, 64, 200).min()) > 0.99 for _ in range(12))


def test_a_trained_finder_is_at_once_one_of_heal(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    said, graph = train_mine(tmp_path, "scratches", TINY, picture, 0.07)
    assert "ganfx heal --finder mine" in said
    assert channels(graph) == (3, 1)
