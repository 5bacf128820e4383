"""The networks beside a filter's own: those that find the mask, and those that choose a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganfx.errors import ContractError

if TYPE_CHECKING:
    from ganfx.imaging.picture import Floats, Mask, Picture
    from ganfx.spec import ModelSpec

# The checked options by name, without those that select a model. AUTO is replaced by the estimate for the picture,
# except where the model has no such control.
Values = Mapping[str, Any]
# The two levels of what a finder finds: what is filled, and what is only listed.
CERTAIN, DOUBTFUL = 1.0, 0.5


@dataclass(frozen=True)
class Finder:
    """A second network that makes the mask for a retouch.

    models   the task that fitting models name in their contracts; they turn RGB into one channel
    mask     (their output (H, W) in [0, 1], the probability that a pixel is to be filled; values) -> levels (H, W):
             CERTAIN where pixels are filled, DOUBTFUL where they are only listed, else 0
    small    pictures of fewer pixels are shown to the network at twice their width and height
    """

    models: str
    mask: Callable[[Floats, Values], Mask]
    small: int = 0

    def check_model(self, spec: ModelSpec) -> None:
        """Raises ContractError where a model for the task does not make one channel of RGB, of the same size."""
        check_shape(spec, ((3, 1),), may_enlarge=False)


def check_shape(spec: ModelSpec, channels: tuple[tuple[int, int], ...], *, may_enlarge: bool) -> None:
    """Raises ContractError where the network has other channels, or enlarges where that may not be."""
    if (spec.in_channels - spec.input_noise_channels, spec.out_channels) not in channels:
        wanted = " or ".join(f"{given} into {made}" for given, made in channels)
        raise ContractError(
            f"{spec.name} turns {spec.in_channels} channels into {spec.out_channels}; {spec.task} needs {wanted}",
            hint="choose another model",
        )
    if spec.scale > 1 and not may_enlarge:
        raise ContractError(
            f"{spec.name} enlarges {spec.scale} times; {spec.task} keeps the size", hint="choose another model"
        )


@dataclass(frozen=True)
class Estimator:
    """A network that chooses the value of a control for a picture.

    models   the task that fitting models name in their contracts; they turn RGB into one channel
    value    (its outputs (H, W), one for each crop of the picture; the crops, see `ganfx.pipeline.sampling`) -> the
             value
    """

    models: str
    value: Callable[[Sequence[Floats], Sequence[Picture]], float]

    def check_model(self, spec: ModelSpec) -> None:
        """Raises ContractError where a model for the task does not make one channel of RGB, of the same size."""
        check_shape(spec, ((3, 1),), may_enlarge=False)
