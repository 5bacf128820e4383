"""Every shipped recipe still takes the steps it took: the losses of its first steps, recorded once for one seed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch
from lightning_fabric import Fabric

from ganfx.training.gan import Gan
from ganfx.training.photos import Photos
from ganfx.training.recipe import TrainingRecipe, load_recipe, recipe_names
from ganfx.training.tasks import TRAINABLE

RECORDED = json.loads((Path(__file__).parent / "recorded_steps.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for number in range(9):
        pixels = random.integers(0, 255, (24, 28, 3), dtype=np.uint8).repeat(9, 0).repeat(9, 1)
        pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(folder / f"{number}.png"))
    return folder


def shrunk(recipe: TrainingRecipe) -> TrainingRecipe:
    """The recipe with batches and patches that take a moment, in fp32, and nothing that depends on other weights."""
    stages = tuple(dataclasses.replace(stage, batch=4, patch=64) for stage in recipe.stages)
    settings = recipe.settings | ({"cleaned": 0.0} if "cleaned" in recipe.settings else {})
    return dataclasses.replace(
        recipe, stages=stages, widest=min(recipe.widest, 96), fit=0, settings=settings, teachers=None
    )


def losses(recipe: TrainingRecipe, pictures: Path) -> list[dict[str, float]]:
    """What the first two steps of each stage log."""
    torch.manual_seed(0)
    photos = Photos([pictures], 192, torch.device("cpu"), turns=recipe.turns)
    style = {"style-paintings": [pictures], "style-picture": [pictures / "0.png"]}.get(recipe.name)
    task = TRAINABLE[recipe.filter].task_class()(recipe, photos, None, **({"style": style} if style else {}))
    gan = Gan(Fabric(accelerator="cpu", precision="32-true"), task.networks(), recipe)
    steps = [task.step(gan, stage, 0.5) for stage in recipe.stages for _ in range(2)]
    return [{name: round(float(value), 5) for name, value in metrics.items()} for metrics in steps]


@pytest.mark.slow
@pytest.mark.parametrize("name", recipe_names())
def test_first_steps_are_those_recorded(name: str, pictures: Path) -> None:
    found = losses(shrunk(load_recipe(name)), pictures)
    assert [list(step) for step in found] == [list(step) for step in RECORDED[name]]
    for step, recorded in zip(found, RECORDED[name], strict=True):
        # Processors round differently, and training carries it on.
        assert step == pytest.approx(recorded, rel=2e-3, abs=5e-4)
