"""Recipes: how steps are written, ganfx.toml, and what a fault in either is answered with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

from ganfx import pipeline
from ganfx.batch.recipes import Recipe, find_recipe, folder_recipe
from ganfx.cli import main
from ganfx.errors import OptionError
from ganfx.filters.colorize.hint import Hint
from ganfx.imaging.picture import Floats
from tests import graphs

OLD = '[recipes.old]\nsteps = "heal,upscale:4"\n'


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No ganfx.toml but those of the test."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("platformdirs.user_config_path", lambda *args, **kwargs: tmp_path / "settings")


def filters_of(recipe: Recipe) -> list[str]:
    return [step.filter for step in recipe.steps]


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ganfx.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_nearest_recipe_of_a_name_is_taken(tmp_path: Path) -> None:
    for place, steps in [("settings", "heal"), ("", "upscale"), ("here", "colorize"), ("album", "stylize")]:
        write(tmp_path / place, f'[recipes.old]\nsteps = "{steps}"')
    assert filters_of(find_recipe("old", tmp_path / "album")) == ["stylize"]
    assert filters_of(find_recipe("old")) == ["colorize"]
    (tmp_path / "here" / "ganfx.toml").unlink()
    assert filters_of(find_recipe("old", tmp_path / "nowhere")) == ["upscale"]
    (tmp_path / "ganfx.toml").unlink()
    assert filters_of(find_recipe("old")) == ["heal"]


@pytest.mark.parametrize(
    "steps",
    [
        '"heal:sensitivity=0.4,stylize:wave:keep-color"',
        '["heal:sensitivity=0.4", "stylize:wave:keep-color"]',
        '[{ filter = "heal", sensitivity = 0.4 }, { filter = "stylize", model = "wave", keep_color = true }]',
    ],
)
def test_steps_are_written_in_three_ways(steps: str, tmp_path: Path) -> None:
    write(tmp_path, f"[recipes.mine]\nsteps = {steps}")
    heal, stylize = find_recipe("mine").steps
    assert heal.options["sensitivity"] == 0.4
    assert (stylize.model, stylize.options["keep_color"]) == ("wave", True)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("heal, upscale:4", [("heal", {}, None), ("upscale", {"scale": 4}, None)]),
        ("upscale:C:\\models\\x.onnx:scale=2", [("upscale", {"scale": 2}, "C:\\models\\x.onnx")]),
        ("upscale:photo-x4", [("upscale", {}, "photo-x4")]),
        (
            "colorize:hint=1,2,#ff0000:hint=3,4,#00ff00,heal",
            [("colorize", {"hint": (Hint(1, 2, (255, 0, 0)), Hint(3, 4, (0, 255, 0)))}, None), ("heal", {}, None)],
        ),
        ("stylize:wave:keep-color:strength=0.5", [("stylize", {"keep_color": True, "strength": 0.5}, "wave")]),
        ("stylize:wave:keep_color=no", [("stylize", {"keep_color": False}, "wave")]),
    ],
)
def test_how_steps_are_written(text: str, steps: list[tuple[str, dict[str, Any], str | None]]) -> None:
    assert [(step.filter, step.options, step.model) for step in pipeline.parse_steps(text)] == steps


def test_what_is_no_name_is_steps() -> None:
    assert filters_of(find_recipe("heal, upscale:4")) == ["heal", "upscale"]
    assert find_recipe("auto").steps == ()


def test_a_folder_says_its_own_recipe(tmp_path: Path) -> None:
    folder = write(tmp_path / "album", f'recipe = "old"\n{OLD}')
    found = folder_recipe(folder)
    assert found is not None
    assert filters_of(found) == ["heal", "upscale"]
    assert folder_recipe(tmp_path / "here") is None
    inside = folder_recipe(write(tmp_path / "inside", 'recipe = "colorize,upscale:2"'))
    assert inside is not None
    assert filters_of(inside) == ["colorize", "upscale"]


@pytest.mark.parametrize(
    ("text", "wanted", "words", "hint"),
    [
        (OLD, "odl", "no recipe or filter 'odl'", "old"),
        (OLD, "heel,upscale:4", "no recipe or filter 'heel'", "heal"),
        ("[recipes.old]\nstep = 'heal'", "old", "unknown key 'step'", "steps"),
        ("[recipe.old]\nsteps = 'heal'", "old", "recipe is not of type str", None),
        ("[recipes.old]\nquality = 90", "old", "has no steps", None),
        ("[recipes.old]\nsteps = 'heal'\nquality = 'best'", "old", "quality is not of type int", None),
        ("[recipes.old]\nsteps = 'heal'\nformat = 'pgn'", "old", "cannot write 'pgn'", "png"),
        (
            "[recipes.old]\nsteps = [{ filter = 'heal', sensitivty = 1 }]",
            "old",
            "no option 'sensitivty'",
            "sensitivity",
        ),
        ("[recipes.old]\nsteps = [3]", "old", "a step is 3", None),
        ("[recipes.old]\nsteps = [{ scale = 3 }]", "old", "a step says no filter", None),
        ("[recipes.old\nsteps = 'heal'", "old", "line 1", None),
        ("[recipes]\nold = 'heal'", "old", "is not a table", None),
    ],
)
def test_a_fault_is_named_with_what_was_meant(
    text: str, wanted: str, words: str, hint: str | None, tmp_path: Path
) -> None:
    write(tmp_path, text)
    with pytest.raises(OptionError) as failure:
        find_recipe(wanted)
    assert words in failure.value.message
    assert "\n" not in failure.value.message
    assert hint is None or hint in str(failure.value.hint)


def ganfx(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def save(path: Path, rgb: Floats) -> Path:
    samples = np.rint(rgb * 255).astype(np.uint8)
    pyvips.Image.new_from_array(samples).copy(interpretation="srgb").write_to_file(str(path))
    return path


def test_a_recipe_says_how_to_save_where_nobody_else_does(tmp_path: Path) -> None:
    model = graphs.nearest(tmp_path / "double.onnx", scale=2)
    steps = f"[{{ filter = 'upscale', model = {str(model)!r} }}]"
    write(tmp_path, f"[recipes.big]\nsteps = {steps}\nformat = 'webp'\nname = '{{stem}}-big{{ext}}'")
    photo = save(tmp_path / "photo.png", np.full((20, 30, 3), 0.5, np.float32))
    assert ganfx("enhance", photo, "--recipe", "big") == 0
    assert pyvips.Image.new_from_file(str(tmp_path / "photo-big.webp")).width == 60
    assert ganfx("enhance", photo, "--recipe", "big", "-f", "jpg", "--name", "{stem}_b{ext}") == 0
    assert (tmp_path / "photo_b.jpg").exists()
    assert ganfx("enhance", photo, "--recipe", "big", "--steps", "heal") == 2
