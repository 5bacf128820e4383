"""Recipes: how steps are written, ganfx.toml, and what a fault in either is answered with."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

from ganfx import pipeline
from ganfx.batch import recipes
from ganfx.batch.recipes import Recipe, find_recipe, folder_recipe
from ganfx.cli import main
from ganfx.errors import OptionError
from ganfx.filters import all_filters
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
        ("[recipes.old]\nsteps = 'heal'\nname = '../../{stem}{ext}'", "old", "is a path, not a name", "-o"),
        ("a = " + "[" * 10_000, "old", "ganfx.toml", "correct the file"),
        ("#" * 70_000, "old", "larger than", "correct the file"),
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


def test_a_recipe_cannot_take_the_name_of_a_filter(tmp_path: Path) -> None:
    for name in ("heal", "auto"):
        text = f"recipe = '{name}'\n[recipes.{name}]\nsteps = 'stylize'"
        write(tmp_path, text)
        folder = write(tmp_path / "album", text)
        assert filters_of(find_recipe(name, folder)) == ([] if name == "auto" else [name])
        with pytest.raises(OptionError, match="the name of a filter"):
            folder_recipe(folder)
    write(tmp_path / "here", "this is not TOML")
    assert filters_of(find_recipe("heal,upscale:4")) == ["heal", "upscale"]


@pytest.mark.parametrize(
    "value", ["1", "nan", "inf", "true", "[]", "[[1]]", "{ a = 1 }", "1979-05-27", "9" * 400, "''"]
)
def test_values_of_any_type_are_taken_or_named(value: str, tmp_path: Path) -> None:
    settings = [
        *(f"steps = 'heal'\n{key} = {value}" for key in ("format", "quality", "strip_metadata", "name")),
        f"steps = {value}",
        *(
            f"steps = [{{ filter = '{filter_.name}', {key} = {value} }}]"
            for filter_ in all_filters().values()
            for key in ("filter", "model", "finder", *(option.name for option in filter_.options))
        ),
    ]
    for text in settings:
        with contextlib.suppress(OptionError):
            folder_recipe(write(tmp_path / "album", f"recipe = 'mine'\n[recipes.mine]\n{text}"))


OUTSIDE = ["/tmp/evil.onnx", "../evil.onnx", "~/evil.onnx", "evil.onnx", "sub/evil", "C:\\models\\evil.onnx"]


@pytest.mark.parametrize("model", OUTSIDE)
def test_recipes_in_folders_name_no_model_files_unless_allowed(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    steps = f"[{{ filter = 'heal', finder = '{model}' }}, 'upscale:model={model}']"
    named = f"[recipes.mine]\nsteps = {steps}"
    for text in (f"recipe = 'mine'\n{named}", f"recipe = 'upscale:model={model}'"):
        folder = write(tmp_path / "album", text)
        with pytest.raises(OptionError, match="none of your models") as refused:
            folder_recipe(folder)
        assert "--allow-model-files" in str(refused.value.hint)
        assert folder_recipe(folder, allow_model_files=True) is not None
    write(tmp_path / "here", named)
    with pytest.raises(OptionError, match="none of your models"):
        find_recipe("mine")
    assert find_recipe(f"upscale:model={model}").steps[0].model == model
    (tmp_path / "here" / "ganfx.toml").unlink()
    write(tmp_path / "settings", named)
    assert find_recipe("mine").steps[1].model == model
    assert folder_recipe(write(tmp_path / "album", "recipe = 'mine'")) is not None


def test_recipes_in_folders_name_the_users_own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    for model in ("mine", tmp_path / "models" / "mine.onnx"):
        found = folder_recipe(write(tmp_path / "album", f"recipe = 'upscale:model={model}'"))
        assert found is not None
        assert found.steps[0].model == str(model)
    climbing = tmp_path / "models" / ".." / "evil.onnx"
    with pytest.raises(OptionError, match="none of your models"):
        folder_recipe(write(tmp_path / "album", f"recipe = 'upscale:model={climbing}'"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders")
def test_a_pipe_or_a_device_in_place_of_recipes_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "here" / "ganfx.toml")
    with pytest.raises(OptionError, match="not a regular file"):
        find_recipe("mine")
    (tmp_path / "here" / "ganfx.toml").unlink()
    (tmp_path / "here" / "ganfx.toml").symlink_to("/dev/zero")
    with pytest.raises(OptionError, match="not a regular file"):
        find_recipe("mine")


def test_recipes_above_are_read_only_as_far_as_the_folders_are_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "[recipes.theirs]\nsteps = 'heal'")
    assert filters_of(find_recipe("theirs")) == ["heal"]
    monkeypatch.setattr(recipes, "_is_trusted", lambda folder: folder != tmp_path)
    with pytest.raises(OptionError, match="no recipe"):
        find_recipe("theirs")


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
    assert ganfx("enhance", photo, "--recipe", "big") == 2
    assert ganfx("enhance", photo, "--recipe", "big", "--allow-model-files") == 0
    assert pyvips.Image.new_from_file(str(tmp_path / "photo-big.webp")).width == 60
    assert (
        ganfx("enhance", photo, "--recipe", "big", "--allow-model-files", "-f", "jpg", "--name", "{stem}_b{ext}") == 0
    )
    assert (tmp_path / "photo_b.jpg").exists()
    assert ganfx("enhance", photo, "--recipe", "big", "--steps", "heal") == 2
