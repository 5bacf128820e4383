"""Kinds of GAN: both adversarial losses, and what the training of the two networks needs beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.errors import TrainingError
from ganfx.training.recipe import AdversarialSettings

Term = Callable[[Tensor], Tensor]
T = TypeVar("T")
# Keeps the square root of a gradient's squared norm differentiable at zero.
_TINY = 1e-12


def _real(real: Tensor, fake: Tensor) -> tuple[Tensor, ...]:
    return (real,)


def _fake(real: Tensor, fake: Tensor) -> tuple[Tensor, ...]:
    return (fake,)


def _both(real: Tensor, fake: Tensor) -> tuple[Tensor, ...]:
    return real, fake


def _between(real: Tensor, fake: Tensor) -> tuple[Tensor, ...]:
    return (torch.lerp(real, fake, torch.rand(len(real), 1, 1, 1, device=real.device)),)


@dataclass(frozen=True)
class GradientPenalty:
    """`weight` times the mean of (|g| - `target`)^2, where g is the gradient of an image's mean logit by its pixels.

    Taken at the batches that `points` makes of real and fake images, and added up, at every `interval`-th update of
    the discriminator and then `interval` times as large (lazy regularisation, Karras et al. 2020), always in fp32.
    """

    points: Callable[[Tensor, Tensor], tuple[Tensor, ...]]
    target: float
    weight: float
    interval: int = 1

    def loss(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty for images (N, 3, H, W), with gradients to the discriminator's weights."""
        gaps = [self._gap(discriminator, images) for images in self.points(real, fake)]
        return self.weight * self.interval * torch.stack(gaps).sum()

    def _gap(self, discriminator: nn.Module, images: Tensor) -> Tensor:
        """The mean gap of one batch, which a discriminator that compares pictures sees by itself."""
        images = images.detach().float().requires_grad_()
        logits = discriminator(images).flatten(1).mean(1).sum()
        (gradient,) = torch.autograd.grad(logits, images, create_graph=True)
        squares = gradient.flatten(1).square().sum(1)
        return (squares if self.target == 0 else ((squares + _TINY).sqrt() - self.target).square()).mean()


REGULARIZERS: dict[str, GradientPenalty | None] = {
    "none": None,
    # Mescheder et al. 2018, with their gamma of 10.
    "r1": GradientPenalty(_real, target=0.0, weight=5.0, interval=16),
    "r2": GradientPenalty(_fake, target=0.0, weight=5.0, interval=16),
    # Both, as R3GAN has them (Huang et al. 2024).
    "r1-r2": GradientPenalty(_both, target=0.0, weight=5.0, interval=16),
    # Gulrajani et al. 2017.
    "gradient-penalty": GradientPenalty(_between, target=1.0, weight=10.0),
}


@dataclass(frozen=True)
class Adversarial:
    """A kind of GAN.

    real, fake: the discriminator's losses, from logits to losses of the same shape, for what it is to call real, fake.
    generator: the generator's loss, from the logits of its fakes.
    regularizer: added to the discriminator's loss; None for nothing.
    critic_steps: updates of the discriminator, on one batch, for each update of the generator.
    betas: of Adam, for both networks.
    weight: of the generator's adversarial loss among its other losses.
    """

    real: Term
    fake: Term
    generator: Term
    regularizer: GradientPenalty | None = None
    critic_steps: int = 1
    betas: tuple[float, float] = (0.9, 0.99)
    weight: float = 1.0


# Goodfellow et al. 2014, non-saturating.
_VANILLA = Adversarial(lambda x: F.softplus(-x), F.softplus, lambda x: F.softplus(-x))

KINDS: dict[str, Adversarial] = {
    "vanilla": _VANILLA,
    "r1": dataclasses.replace(_VANILLA, regularizer=REGULARIZERS["r1"], betas=(0.0, 0.99)),
    # Mao et al. 2017
    "lsgan": Adversarial(lambda x: (x - 1) ** 2, lambda x: x**2, lambda x: (x - 1) ** 2),
    # Lim and Ye 2017
    "hinge": Adversarial(lambda x: F.relu(1 - x), lambda x: F.relu(1 + x), lambda x: -x),
    # Arjovsky et al. 2017, Gulrajani et al. 2017
    "wgan-gp": Adversarial(
        real=lambda x: -x,
        fake=lambda x: x,
        generator=lambda x: -x,
        regularizer=REGULARIZERS["gradient-penalty"],
        critic_steps=5,
        betas=(0.0, 0.9),
    ),
}


def adversarial_of(settings: AdversarialSettings) -> Adversarial:
    """The kind of GAN that a recipe chooses, with what it sets otherwise. Raises TrainingError."""
    kind = _chosen(KINDS, settings.loss, "adversarial loss")
    regularizer = kind.regularizer
    if settings.regularizer is not None:
        regularizer = _chosen(REGULARIZERS, settings.regularizer, "regularizer")
    steps = kind.critic_steps if settings.critic_steps is None else settings.critic_steps
    betas = kind.betas if settings.betas is None else (settings.betas[0], settings.betas[1])
    if steps < 1:
        raise TrainingError(f"critic_steps is {steps}", hint="at least 1")
    return dataclasses.replace(
        kind,
        regularizer=_changed(regularizer, settings),
        critic_steps=steps,
        betas=betas,
        weight=settings.adversarial,
    )


def _changed(regularizer: GradientPenalty | None, settings: AdversarialSettings) -> GradientPenalty | None:
    """`regularizer` with the recipe's own weight and interval. Raises TrainingError where there is none to change."""
    changes = {"weight": settings.penalty, "interval": settings.penalty_interval}
    given = {name: value for name, value in changes.items() if value is not None}
    if regularizer is None:
        if given:
            raise TrainingError(f"{settings.loss!r} has no penalty to weigh", hint='regularizer = "r1" adds one')
        return None
    if given.get("interval", 1) < 1:
        raise TrainingError(f"penalty_interval is {settings.penalty_interval}", hint="at least 1")
    return dataclasses.replace(regularizer, **given)  # type: ignore[arg-type]


def _chosen(known: dict[str, T], name: str, what: str) -> T:
    try:
        return known[name]
    except KeyError:
        raise TrainingError(f"no {what} {name!r}", hint=f"there are {', '.join(known)}") from None
