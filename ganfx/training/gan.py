"""The two players, the average of the first, and their optimisers, as one thing to train, save and resume."""

from __future__ import annotations

from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ganfx.training.discriminators import set_trainable
from ganfx.training.losses import AdversarialLoss


def _ema(decay: float) -> Any:
    def average(kept: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
        # A young average forgets faster, or it would carry the random start along.
        steps = float(count)
        return torch.lerp(new, kept, min(decay, (1 + steps) / (10 + steps)))

    return average


class Gan:
    """A generator and a discriminator, in this order, on the devices of `fabric`, with Adam (0.9, 0.99) for each."""

    def __init__(self, fabric: Fabric, networks: tuple[nn.Module, nn.Module], ema: float) -> None:
        self.fabric = fabric
        generator, discriminator = networks
        generator = generator.to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        discriminator = discriminator.to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema_generator = AveragedModel(generator, avg_fn=_ema(ema))
        fused = fabric.device.type == "cuda"
        optimisers = [
            torch.optim.Adam(net.parameters(), 1e-4, (0.9, 0.99), fused=fused) for net in (generator, discriminator)
        ]
        self.generator, self.generator_optimiser = fabric.setup(generator, optimisers[0])
        self.discriminator, self.discriminator_optimiser = fabric.setup(discriminator, optimisers[1])

    def state(self) -> dict[str, Any]:
        """Everything that training changes, as state dicts by name."""
        return {name: getattr(self, name).state_dict() for name in self._parts()}

    def load_state(self, state: dict[str, Any]) -> None:
        for name in self._parts():
            getattr(self, name).load_state_dict(state[name])

    @staticmethod
    def _parts() -> tuple[str, ...]:
        return ("generator", "discriminator", "ema_generator", "generator_optimiser", "discriminator_optimiser")

    def update_generator(self, loss: Tensor, rate: float, clip: float) -> None:
        self._update(self.generator, self.generator_optimiser, loss, rate, clip)
        self.ema_generator.update_parameters(self.generator.module)

    def step_generator(self, terms: dict[str, tuple[float, Tensor]], rate: float, clip: float) -> dict[str, Tensor]:
        """Update the generator by the sum of `terms`, (weight, loss) by name; the losses, to be logged."""
        total = sum((weight * loss for weight, loss in terms.values()), torch.zeros((), device=self.fabric.device))
        self.update_generator(total, rate, clip)
        return {name: loss.detach() for name, (_, loss) in terms.items()}

    def update_discriminator(self, loss: Tensor, rate: float, clip: float) -> None:
        self._update(self.discriminator, self.discriminator_optimiser, loss, rate, clip)

    def step_discriminator(
        self, adversarial_loss: AdversarialLoss, real: Tensor, fake: Tensor, rate: float, clip: float
    ) -> dict[str, Tensor]:
        """Update the discriminator by its verdicts on whole pictures, real ones and fakes; the figures to be logged."""
        real_logits, fake_logits = self.discriminator(torch.cat([real, fake.detach()])).float().chunk(2)
        loss = adversarial_loss.real(real_logits).mean() + adversarial_loss.fake(fake_logits).mean()
        self.update_discriminator(loss, rate, clip)
        pulse = {"real_logit": real_logits.mean(), "fake_logit": fake_logits.mean(), "discriminator": loss}
        return {name: value.detach() for name, value in pulse.items()}

    def _update(self, network: Any, optimiser: Any, loss: Tensor, rate: float, clip: float) -> None:
        optimiser.zero_grad()
        self.fabric.backward(loss)
        self.fabric.clip_gradients(network, optimiser, max_norm=clip, error_if_nonfinite=False)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()

    def discriminate(self, image: Tensor) -> Tensor:
        """The discriminator's logits, with gradients to `image` but none left in the judge."""
        judge = self.discriminator.module
        set_trainable(judge, False)
        with self.fabric.autocast():
            logits: Tensor = judge(image)
        set_trainable(judge, True)
        return logits
