"""Style transfer: from one picture or a folder of paintings, unpaired, or from an image filter, paired."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganfx.errors import TrainingError
from ganfx.training.augment import augmented
from ganfx.training.brushwork import PLANES, Brushwork
from ganfx.training.gan import Gan, Metrics, Terms
from ganfx.training.losses import grid_loss, low_frequency_loss, pixel_loss, shifted
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.photos import Photos, picture_files
from ganfx.training.pool import Pool, as_bytes, as_floats
from ganfx.training.recipe import Stage, TrainingRecipe
from ganfx.training.style_losses import (
    ContentFeatures,
    StyleStatistics,
    content_loss,
    contrastive_loss,
    edge_loss,
    overshoot_loss,
    shape_loss,
    variation_loss,
)
from ganfx.training.style_rules import StyleRule, find_rule
from ganfx.training.style_rules.finish import Finish
from ganfx.training.stylizer import ContrastiveStylizer, Stylizer
from ganfx.training.task import SQUEEZENET, VGG, Inputs, TrainingTask, channels_last

# (photographs, noise) -> what they are drawn like, or unrelated pieces of the style's pictures.
Drawing = Callable[[Tensor, Tensor], Tensor]
# Pictures drawn by rule: new ones for each batch, and the most that are kept.
_FRESH, _MOST = 1, 600
# The period of upsampling patterns, in pixels.
_GRID = 8
# The weight of a plan's pixels: where a finish is steep, the picture's say little.
_PLAN = 4.0
# Batches that the style's statistics are estimated from, and places of each picture that contrastive_loss compares.
_STYLE_BATCHES, _PLACES = 12, 192


def default_recipe(style: Path | None, rule: str | None = None) -> str:
    """The recipe for `style`, one picture or a folder, or for a rule. Raises TrainingError where it does not exist."""
    if rule is not None:
        return "style-rule"
    return "style-paintings" if _is_many(style) else "style-picture"


def check_reversible(style: Path | None) -> None:
    """Raises TrainingError where `style` is no folder of paintings, which alone has a way back to photographs."""
    if not _is_many(style):
        raise TrainingError(f"{style}: one picture has no way back", hint="--both is for a folder of paintings")


def ruled_recipe(recipe: TrainingRecipe, rule: str) -> TrainingRecipe:
    """The recipe, its style drawn by the rule of that name. Raises TrainingError."""
    if not recipe.settings.get("rule"):
        raise TrainingError(f"{recipe.name} draws no style by rule", hint="--rule is for the recipe style-rule")
    return dataclasses.replace(recipe, name=f"{recipe.name} {rule}", settings=recipe.settings | {"rule": rule})


def reversed_recipe(recipe: TrainingRecipe) -> TrainingRecipe:
    """The recipe for the way back: paintings, cut as before, are the input, and photographs the style."""
    own = recipe.settings
    settings = own | {"fit": recipe.fit, "widest": recipe.widest}
    return dataclasses.replace(recipe, fit=own.get("fit", 0), widest=own.get("widest", 0), settings=settings)


def _is_many(style: Path | None) -> bool:
    if style is None:
        raise _no_style()
    return sum(1 for _ in picture_files([style])) > 1


def _no_style() -> TrainingError:
    return TrainingError("no style to learn", hint="--style takes a picture, or a folder of paintings; --rule a name")


@dataclass(frozen=True)
class StyleSettings:
    """A style recipe's own settings. Style pictures are shrunk to a short side of `fit` if that is not 0, cut up to
    `widest`, and at least `pictures` in number; or photographs are drawn by the `rule` of that name. The rest are
    weights in the generator's loss. `grain` is the standard deviation, in [0, 1], of noise added to photographs:
    strokes in flat regions grow from it, where no rule has brushwork of its own."""

    style: float
    edges: float
    overshoot: float
    grain: float = 0.0
    rule: str = ""
    fit: int = 0
    widest: int = 0
    contrast: float = 0.0
    identity: float = 0.0
    variation: float = 0.0
    shapes: float = 0.0
    pictures: int = 1


class StylizeTask(TrainingTask):
    """Style by a discriminator and Gram matrices; content by deep features, edges and, for folders of paintings, a
    contrastive loss."""

    def __init__(
        self,
        recipe: TrainingRecipe,
        photos: Photos,
        features: Path | None,
        style: Sequence[Path] = (),
        limit: int | None = None,
    ) -> None:
        super().__init__(recipe, photos, features)
        device = photos.pixels.device
        self.settings = StyleSettings(**recipe.settings)
        self.name = ", ".join(place.stem for place in style) or self.settings.rule
        self.rule = self._named_rule(style) if self.settings.rule else None
        self.draw = self.rule.plan if self.rule else self._pieces(style, limit, device)
        self.pool = Pool(self._kept, _FRESH, _MOST) if self.settings.rule else None
        self.content = ContentFeatures(features).to(device) if features and recipe.adversarial.perceptual else None
        self.style_statistics = StyleStatistics(features).to(device) if self.settings.style else None
        if self.style_statistics:
            self.style_statistics.learn([self._shown(8, recipe.largest_stage)[1] for _ in range(_STYLE_BATCHES)])

    def _named_rule(self, style: Sequence[Path]) -> StyleRule:
        if style:
            raise TrainingError(f"{self.recipe.name} draws its style by rule", hint="--style is for other recipes")
        return find_rule(self.settings.rule)

    def _pieces(self, style: Sequence[Path], limit: int | None, device: torch.device) -> Drawing:
        """A function that gives random pieces of the pictures in `style`, in the shape of the photographs given."""
        if not style:
            raise _no_style()
        smallest = max(self.recipe.largest_stage, PREVIEW_SIZE)
        paintings = Photos(list(style), smallest, device, limit, fit=self.settings.fit, turns=False)
        if len(paintings) < self.settings.pictures:
            needed = f"{self.settings.pictures} pictures of at least {smallest}x{smallest} pixels are needed"
            hint = "--recipe style-picture learns from any number"
            names = ", ".join(map(str, style))
            raise TrainingError(f"{names}: {needed}, found {len(paintings)}", hint=hint)
        return lambda photo, noise: paintings.crops(len(photo), photo.shape[2], self.settings.widest)

    @property
    def feature_networks(self) -> tuple[str, ...]:
        used = self.features and (self.content or self.style_statistics)
        return (SQUEEZENET, VGG) if used else ()

    def networks(self) -> tuple[Stylizer, nn.Module]:
        kind = ContrastiveStylizer if self.settings.contrast else Stylizer
        own: dict[str, Any] = {"brushwork": self.brushwork, "finish": self.finish} if self.rule else {}
        return kind(**self.recipe.generator, **own), self.discriminator(self.content and self.content.network)

    @property
    def brushwork(self) -> Brushwork | None:
        return self.rule.brushwork if self.rule and self.rule.layers else None

    @property
    def finish(self) -> Finish | None:
        return self.rule.finish if self.rule else None

    def contract(self, network: Stylizer) -> dict[str, Any]:
        unit = network.multiple_of
        shape = {"multiple_of": unit, "min_size": network.min_size, "receptive_field": network.receptive_field}
        if self.brushwork:
            noise: dict[str, Any] = {"in_channels": 3 + PLANES, "input_noise_channels": PLANES}
        else:
            noise = {"input_noise_std": self.settings.grain}
        return shape | noise | {"description": f"makes pictures look like {self.name}"}

    def _sample(self, batch: int, patch: int) -> tuple[Tensor, ...]:
        """(photographs, targets): the photographs' plans by rule, or unrelated pieces of the style's pictures."""
        photo, noise, painting = (
            map(as_floats, self.pool.draw(batch, patch)) if self.pool is not None else self._made(batch, patch)
        )
        given = torch.cat([photo, noise], 1) if self.brushwork else photo + self.settings.grain * noise
        return channels_last(given, painting)

    def _shown(self, batch: int, patch: int) -> tuple[Tensor, Tensor]:
        """(photographs, targets) as `_sample`, with pictures instead of plans."""
        photo, painting = self._sample(batch, patch)
        if self.finish:
            layers = self.brushwork(photo[:, :3], photo[:, 3:])[0] if self.brushwork else photo[:, 3:]
            painting = self.finish.to(photo.device)(painting, layers)
        return photo, painting

    def _made(self, count: int, patch: int) -> tuple[Tensor, Tensor, Tensor]:
        """(photographs, noise, targets)"""
        photo = self.photos.crops(count, patch, self.recipe.widest)
        noise = torch.randn_like(photo)  # as many planes as PLANES
        return photo, noise, self.draw(photo, noise)

    def _kept(self, count: int, patch: int) -> tuple[Tensor, ...]:
        """The same, as small as they can be kept."""
        photo, noise, painting = self._made(count, patch)
        return as_bytes(photo), noise.half(), as_bytes(painting)

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        photo, painting = self._sample(stage.batch, stage.patch)
        if self.finish:
            fake, painting, terms = self._finished(gan, self.finish, photo, painting)
        else:
            fake, terms = self._stylized(gan, photo, painting)
        shown = painting if self.rule else photo
        if stage.adversarial or not self.rule:
            terms |= self._appearance(gan, fake, shown)
        terms |= self._constraints(fake, shown)
        if stage.adversarial:
            terms["adversarial"] = gan.adversarial_term(augmented(fake))
        metrics = gan.step_generator(terms, rate * stage.generator_rate)
        if stage.adversarial:
            real, fake = augmented(torch.cat([painting, fake.detach()])).chunk(2)
            metrics |= gan.step_discriminator(real, fake, rate * stage.discriminator_rate)
        return metrics

    def _stylized(self, gan: Gan, photo: Tensor, painting: Tensor) -> tuple[Tensor, Terms]:
        """The stylized photographs, and the contrastive losses of the generator's own features.

        For the identity loss, half as many paintings are stylized too, and are to stay as they are.
        """
        if not self.settings.contrast:
            return gan.generator(photo), {}
        count = len(photo)
        given = torch.cat([photo, painting[: -(-count // 2)]]) if self.settings.identity else photo
        gan.generator.mark_forward_method("compared")
        output, codes = gan.generator.compared(given, _PLACES)
        losses = [contrastive_loss(got[:count], wanted[:count]) for got, wanted in codes]
        terms = {"contrast": (self.settings.contrast, torch.stack(losses).mean())}
        if self.settings.identity:
            losses = [contrastive_loss(got[count:], wanted[count:]) for got, wanted in codes]
            terms["identity"] = (self.settings.identity, torch.stack(losses).mean())
        return output[:count], terms

    def _finished(self, gan: Gan, finish: Finish, photo: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor, Terms]:
        """(the stylized photographs, the rule's from its plans `wanted`, the loss of the plans)."""
        gan.generator.mark_forward_method("plan")
        plan, layers = gan.generator.plan(photo)
        finish = finish.to(photo.device)
        layers = layers.float()
        return finish(plan, layers), finish(wanted, layers), {"plan": (_PLAN, pixel_loss(plan, wanted))}

    def _appearance(self, gan: Gan, fake: Tensor, shown: Tensor) -> Terms:
        """Style and content losses against `shown`, under a random shift."""
        fake, shown = shifted((fake, shown))
        with gan.fabric.autocast():
            terms: Terms = {}
            if self.style_statistics is not None:
                terms["style"] = self.settings.style, self.style_statistics.distance(fake)
            if self.content is not None:
                with torch.no_grad():
                    wanted = self.content(shown)
                terms["perceptual"] = (self.recipe.adversarial.perceptual, content_loss(self.content(fake), wanted))
        return terms

    def _constraints(self, fake: Tensor, shown: Tensor) -> Terms:
        weight, own = self.recipe.adversarial, self.settings
        # Averaged over the whole patch, in which strokes cancel out and a grid does not.
        periods = fake.shape[2] // _GRID
        return {
            "pixel": (weight.pixel, pixel_loss(fake, shown)),
            "low_frequency": (weight.low_frequency, low_frequency_loss(fake, shown, 1, _GRID)),
            "grid": (weight.grid, grid_loss(fake, shown, _GRID, periods)),
            "edges": (own.edges, edge_loss(fake, shown)),
            "shapes": (own.shapes, shape_loss(fake, shown)),
            "variation": (own.variation, variation_loss(fake)),
            "overshoot": (own.overshoot, overshoot_loss(fake)),
        }

    def preview(self, seed: int = 7, count: int = 6) -> tuple[Inputs, Tensor]:
        """Photographs, and what they are drawn like or pieces of the style's pictures."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            photo, painting = self._shown(count, PREVIEW_SIZE)
        return (photo,), painting

    def baseline(self, inputs: Inputs) -> Tensor:
        """The photograph."""
        return inputs[0][:, :3]
