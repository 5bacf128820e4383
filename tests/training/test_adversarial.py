"""Kinds of GAN: a recipe chooses one by its name, and every task trains by all of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from ganfx.errors import TrainingError
from ganfx.training.adversarial import KINDS, REGULARIZERS, GradientPenalty, adversarial_of
from ganfx.training.discriminators import discriminator
from ganfx.training.gan import Gan
from ganfx.training.photos import Photos
from ganfx.training.recipe import AdversarialSettings, TrainingRecipe, load_recipe
from ganfx.training.tasks import TRAINABLE
from tests.training import test_colorize, test_inpaint, test_run, test_stylize

ADVERSARIAL_RECIPES = {
    "upscale": test_run.TINY,
    "inpaint": test_inpaint.TINY,
    "colorize": test_colorize.TINY,
    "stylize": test_stylize.RULE,
}


def settings(loss: str, **more: Any) -> AdversarialSettings:
    return AdversarialSettings("patch", 4, loss, 1.0, 0.0, 0.0, adversarial=0.3, **more)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    pixels = np.random.default_rng(0).integers(0, 255, (26, 26, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(folder / "a.png"))
    return folder


def recipe_of(filter: str, folder: Path, **changes: Any) -> TrainingRecipe:
    written = folder / "tiny.toml"
    written.write_text(ADVERSARIAL_RECIPES[filter])
    recipe = load_recipe(str(written))
    return dataclasses.replace(recipe, adversarial=dataclasses.replace(recipe.adversarial, **changes))


def begun(recipe: TrainingRecipe, photos: Path) -> tuple[Any, Gan]:
    torch.manual_seed(0)
    task = TRAINABLE[recipe.filter].task_class()(recipe, Photos([photos], 192, torch.device("cpu")), None)
    return task, Gan(Fabric(accelerator="cpu"), task.networks(), recipe)


@pytest.mark.parametrize("name", KINDS)
def test_losses_fall_in_the_right_direction(name: str) -> None:
    kind = KINDS[name]
    high, low = torch.full((4,), 1.0), torch.full((4,), 0.0)
    assert (kind.real(high) < kind.real(low)).all()
    assert (kind.fake(low) < kind.fake(high)).all()
    assert (kind.generator(high) < kind.generator(low)).all()


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    for wrong, known in ((settings("wgan"), "wgan-gp"), (settings("hinge", regularizer="r3"), "r1")):
        with pytest.raises(TrainingError, match=r"no (adversarial loss 'wgan'|regularizer 'r3')") as caught:
            adversarial_of(wrong)
        assert known in str(caught.value.hint)


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong, message in (
        (settings("vanilla", critic_steps=0), "critic_steps is 0"),
        (settings("vanilla", penalty=1.0), "no penalty to weigh"),
        (settings("r1", penalty_interval=0), "penalty_interval is 0"),
    ):
        with pytest.raises(TrainingError, match=message):
            adversarial_of(wrong)


def test_a_recipe_changes_what_a_kind_has() -> None:
    own = adversarial_of(settings("wgan-gp"))
    assert (own.critic_steps, own.betas, own.weight) == (5, (0.0, 0.9), 0.3)
    changed = adversarial_of(
        settings("hinge", regularizer="r1", penalty=2.0, penalty_interval=4, critic_steps=2, betas=[0.5, 0.9])
    )
    assert changed.regularizer == dataclasses.replace(REGULARIZERS["r1"], weight=2.0, interval=4)  # type: ignore[type-var]
    assert (changed.critic_steps, changed.betas) == (2, (0.5, 0.9))
    assert adversarial_of(settings("wgan-gp", regularizer="none")).regularizer is None


class Linear(nn.Module):
    """Logits (N, 1, 2, 2) that are all `slope` times the sum of the image."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, image: Tensor) -> Tensor:
        return (self.slope * image.sum((1, 2, 3)))[:, None, None, None].expand(-1, 1, 2, 2)


@pytest.mark.parametrize(("target", "expected"), [(0.0, 4 * 12 * 0.25), (1.0, 4 * (12**0.5 * 0.5 - 1) ** 2)])
def test_the_penalty_is_of_the_gradient_by_the_pixels(target: float, expected: float) -> None:
    """12 pixels with a gradient of 0.5 each, whatever the image."""
    linear, images = Linear(0.5), torch.rand(3, 3, 2, 2)
    penalty = GradientPenalty(REGULARIZERS["gradient-penalty"].points, target, weight=2.0, interval=2)  # type: ignore[union-attr]
    loss = penalty.loss(linear, images, torch.rand(3, 3, 2, 2))
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
    loss.backward()
    assert linear.slope.grad is not None
    assert linear.slope.grad.abs() > 0


def test_both_penalties_are_the_sum_of_each_and_batches_do_not_mix() -> None:
    torch.manual_seed(0)
    comparing = discriminator("patch-minibatch", 4).eval()
    real, fake = torch.rand(3, 3, 16, 16), torch.rand(3, 3, 16, 16)
    each = [REGULARIZERS[name].loss(comparing, real, fake) for name in ("r1", "r2")]  # type: ignore[union-attr]
    both = REGULARIZERS["r1-r2"].loss(comparing, real, fake)  # type: ignore[union-attr]
    assert float(both.detach()) == pytest.approx(sum(float(one.detach()) for one in each), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("filter", ADVERSARIAL_RECIPES)
@pytest.mark.parametrize("loss", KINDS)
def test_every_task_trains_by_all_of_every_kind(filter: str, loss: str, photos: Path, tmp_path: Path) -> None:
    recipe = recipe_of(filter, tmp_path, loss=loss)
    task, gan = begun(recipe, photos)
    metrics = task.step(gan, recipe.stages[1], 1.0)
    assert ("penalty" in metrics) == (KINDS[loss].regularizer is not None)
    assert gan.discriminator_updates == KINDS[loss].critic_steps
    assert gan.discriminator_optimiser.param_groups[0]["betas"] == KINDS[loss].betas
    assert all(torch.isfinite(value) for value in metrics.values())


@pytest.mark.slow
@pytest.mark.parametrize("filter", ADVERSARIAL_RECIPES)
def test_a_heavy_penalty_flattens_the_discriminator(filter: str, photos: Path, tmp_path: Path) -> None:
    last = {}
    for penalty in (0.0, 1e4):
        recipe = recipe_of(filter, tmp_path, loss="hinge", regularizer="r1", penalty=penalty, penalty_interval=1)
        task, gan = begun(recipe, photos)
        for _ in range(6):
            metrics = task.step(gan, dataclasses.replace(recipe.stages[1], discriminator_rate=1e-2), 1.0)
        last[penalty] = abs(float(metrics["real_logit"] - metrics["fake_logit"]))
    assert last[1e4] < 0.5 * last[0.0]


def test_the_penalty_keeps_its_interval_over_a_resumed_run(photos: Path, tmp_path: Path) -> None:
    recipe = recipe_of("upscale", tmp_path, regularizer="r1", penalty_interval=3)
    task, gan = begun(recipe, photos)
    found = ["penalty" in task.step(gan, recipe.stages[1], 1.0) for _ in range(2)]
    task, resumed = begun(recipe, photos)
    resumed.load_state(gan.state())
    found += ["penalty" in task.step(resumed, recipe.stages[1], 1.0) for _ in range(2)]
    assert found == [True, False, False, True]
