"""Generator, discriminator, the generator's average, and the optimisers, as one thing to train, save and resume."""

from __future__ import annotations

from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from ganfx.training.adversarial import adversarial_of
from ganfx.training.discriminators import set_trainable
from ganfx.training.recipe import TrainingRecipe

# Loss terms by name: (weight, loss).
Terms = dict[str, tuple[float, Tensor]]
Metrics = dict[str, Tensor]

_STATEFUL = ("generator", "discriminator", "ema_generator", "generator_optimiser", "discriminator_optimiser")


def _ema(decay: float) -> Any:
    def average(kept: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
        # A short memory at first, or the average would keep the random initial weights.
        steps = float(count)
        return torch.lerp(new, kept, min(decay, (1 + steps) / (10 + steps)))

    return average


class Gan:
    """A generator and a discriminator, in this order, on the devices of `fabric`, trained as `recipe` says.

    The kind of GAN, with its regularizer and its optimisers' settings, applies to every task alike, since all
    adversarial losses are computed here. Raises TrainingError where the recipe names an unknown kind.
    """

    def __init__(self, fabric: Fabric, networks: tuple[nn.Module, nn.Module], recipe: TrainingRecipe) -> None:
        self.fabric = fabric
        self.clip = recipe.clip
        self.adversarial = adversarial_of(recipe.adversarial)
        self.discriminator_updates = 0
        generator, discriminator = networks
        generator = generator.to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        discriminator = discriminator.to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema_generator = AveragedModel(generator, avg_fn=_ema(recipe.ema))
        fused = fabric.device.type == "cuda"
        optimisers = [
            torch.optim.Adam(net.parameters(), 1e-4, self.adversarial.betas, fused=fused)
            for net in (generator, discriminator)
        ]
        self.generator, self.generator_optimiser = fabric.setup(generator, optimisers[0])
        self.discriminator, self.discriminator_optimiser = fabric.setup(discriminator, optimisers[1])

    def state(self) -> dict[str, Any]:
        """Everything that training changes: state dicts by name, and the count of discriminator updates."""
        states = {name: getattr(self, name).state_dict() for name in _STATEFUL}
        return states | {"discriminator_updates": self.discriminator_updates}

    def load_state(self, state: dict[str, Any]) -> None:
        for name in _STATEFUL:
            getattr(self, name).load_state_dict(state[name])
        self.discriminator_updates = state.get("discriminator_updates", 0)

    def step_generator(self, terms: Terms, rate: float) -> Metrics:
        """Update the generator by the weighted sum of `terms`; the unweighted losses, to be logged."""
        total = sum((weight * loss for weight, loss in terms.values()), torch.zeros((), device=self.fabric.device))
        self._update(self.generator, self.generator_optimiser, total, rate)
        self.ema_generator.update_parameters(self.generator.module)
        return {name: loss.detach() for name, (_, loss) in terms.items()}

    def adversarial_term(self, fake: Tensor, where: Tensor | None = None) -> tuple[float, Tensor]:
        """(weight, loss) of the generator for fakes (N, 3, H, W), of the places `where` (N, 1, H, W), 0..1, alone."""
        losses = self.adversarial.generator(self._frozen_logits(fake).float())
        return self.adversarial.weight, _mean(losses, _cells(where, losses))

    def step_discriminator(self, real: Tensor, fake: Tensor, rate: float, where: Tensor | None = None) -> Metrics:
        """Update the discriminator on real and fake images (N, 3, H, W); what is to be logged, of the last update.

        With `where` (N, 1, H, W), 0..1, the fakes are fake in these places only and real in all others.
        """
        fake = fake.detach()
        for _ in range(self.adversarial.critic_steps):
            loss, metrics = self._discriminator_loss(real, fake, where)
            metrics["discriminator"] = loss
            penalty = self._penalty(real, fake)
            if penalty is not None:
                metrics["penalty"] = penalty
                loss = loss + penalty
            self._update(self.discriminator, self.discriminator_optimiser, loss, rate)
            self.discriminator_updates += 1
        return {name: value.detach() for name, value in metrics.items()}

    def _discriminator_loss(self, real: Tensor, fake: Tensor, where: Tensor | None) -> tuple[Tensor, Metrics]:
        if getattr(self.discriminator.module, "compares", 0):
            real_logits, fake_logits = self.discriminator(real).float(), self.discriminator(fake).float()
        else:
            real_logits, fake_logits = self.discriminator(torch.cat([real, fake])).float().chunk(2)
        cells = _cells(where, fake_logits)
        real_loss = self.adversarial.real(real_logits).mean()
        if cells is not None:
            # Fake cells are few: they weigh as much as all real ones together, or "real" would always be right.
            real_loss = (real_loss + _mean(self.adversarial.real(fake_logits), 1 - cells)) / 2
        loss = real_loss + _mean(self.adversarial.fake(fake_logits), cells)
        return loss, {"real_logit": real_logits.mean(), "fake_logit": _mean(fake_logits, cells)}

    def _penalty(self, real: Tensor, fake: Tensor) -> Tensor | None:
        regularizer = self.adversarial.regularizer
        if regularizer is None or self.discriminator_updates % regularizer.interval:
            return None
        return regularizer.loss(self.discriminator.module, real, fake)

    def _update(self, network: Any, optimiser: Any, loss: Tensor, rate: float) -> None:
        optimiser.zero_grad()
        self.fabric.backward(loss)
        self.fabric.clip_gradients(network, optimiser, max_norm=self.clip, error_if_nonfinite=False)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()

    def _frozen_logits(self, image: Tensor) -> Tensor:
        """The discriminator's logits, with gradients to `image` but none to the discriminator's weights."""
        discriminator = self.discriminator.module
        set_trainable(discriminator, False)
        with self.fabric.autocast():
            logits: Tensor = discriminator(image)
        set_trainable(discriminator, True)
        return logits


def _cells(where: Tensor | None, logits: Tensor) -> Tensor | None:
    """The share of each logit's cell that `where` (N, 1, H, W) marks, in the shape of `logits`."""
    if where is None:
        return None
    return F.adaptive_avg_pool2d(where, (logits.shape[2], logits.shape[3])).expand_as(logits)


def _mean(values: Tensor, weights: Tensor | None) -> Tensor:
    if weights is None:
        return values.mean()
    return (values * weights).sum() / weights.sum().clamp(min=1)
