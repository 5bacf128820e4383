"""The parts of a contract: ports, controls, tiling and tests. Every field is documented below its declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from ganfx.spec.reading import Bounds, FieldError

MAX_NAME = 100
Name = Annotated[str, Bounds(1, MAX_NAME)]
Count = Annotated[int, Bounds(1, 65536)]
Side = Annotated[int, Bounds(1, 4096)]
# Of tensors and controls: all are exact enough in float32, also once they are multiplied with one another.
Number = Annotated[float, Bounds(-1e6, 1e6)]
Deviation = Annotated[float, Bounds(1e-6, 1e6)]

_LEAST_SPAN = 1e-6
_MOST_PLANES = 256


@dataclass(frozen=True)
class Port:
    """One input or output tensor of the graph that is not a control: float32 or float16, batch first."""

    name: Annotated[str, Bounds(0, MAX_NAME)]
    """The tensor's name in the graph. Empty: the only one that is not a control."""
    role: Literal["picture", "mask", "hints", "latent", "styles", "noise"] = "picture"
    """What it holds. picture: planes of a picture; mask: how much each pixel is meant, 0 to 1; hints: colors that the
    user put on some pixels, and where; latent and styles: vectors that a generator starts from; noise: standard
    normal values."""
    channels: Count = 3
    """Planes (NCHW), at most 256, or length of a vector (NC, NLC)."""
    layout: Literal["NCHW", "NC", "NLC"] = "NCHW"
    """Order of the axes: N batch, C channels, H and W rows and columns, L vectors."""
    size: tuple[Side, Side] | None = None
    """Rows and columns of NCHW. None: those of the picture, in an output times `scale`."""
    length: Count | None = None
    """Number of vectors of NLC; None for all else."""
    color_order: Literal["RGB", "BGR"] = "RGB"
    """Order of color planes. RGB is also what says nothing, where there are no colors."""
    value_range: tuple[Number, Number] = (0.0, 1.0)
    """The values that stand for black and white, before `mean` and `std`."""
    mean: Annotated[tuple[Number, ...], Bounds(0, 64)] = ()
    """Subtracted from each channel after `value_range`, in its units. Empty: nothing is subtracted."""
    std: Annotated[tuple[Deviation, ...], Bounds(0, 64)] = ()
    """Each channel is divided by it after `mean`. Empty: no division."""

    def __post_init__(self) -> None:
        if self.value_range[1] - self.value_range[0] < _LEAST_SPAN:
            raise FieldError("value_range", f"must be a smaller and a larger value, {_LEAST_SPAN:g} apart or more")
        if self.layout == "NCHW" and self.channels > _MOST_PLANES:
            raise FieldError("channels", f"is {self.channels}, more than {_MOST_PLANES} planes")
        for name in ("mean", "std"):
            if len(getattr(self, name)) not in (0, self.channels):
                raise FieldError(name, f"must have one value for each of {self.channels} channels")
        if (self.length is not None) != (self.layout == "NLC"):
            raise FieldError("length", "belongs to the layout NLC, and to it alone")
        if self.size is not None and self.layout != "NCHW":
            raise FieldError("size", "belongs to the layout NCHW alone")


@dataclass(frozen=True)
class Control:
    """A scalar that steers the network: an extra input `name` of the graph, float32, of shape [1] or a scalar."""

    name: Name
    """The input's name in the graph and the option's name for people: lower-case letters, digits and _."""
    minimum: Number = 0.0
    """The least value accepted."""
    maximum: Number = 1.0
    """The greatest value accepted."""
    default: Number = 0.0
    """The value fed where none is asked for."""
    help: str = ""
    """What it does, in one sentence for people."""
    unit: str = ""
    """Unit or meaning of the value, such as `levels of 255`. Empty: a share without a unit."""
    estimator: Name | None = None
    """Name of the automatic estimator that chooses the value where `auto` is asked for. None: there is none."""

    def __post_init__(self) -> None:
        if not (self.name.isidentifier() and self.name.isascii() and self.name == self.name.lower()):
            raise FieldError("name", "must be of lower-case letters, digits and _")
        if self.minimum >= self.maximum:
            raise FieldError("maximum", "must be greater than minimum")
        if not self.minimum <= self.default <= self.maximum:
            raise FieldError("default", f"must lie in {self.minimum:g} to {self.maximum:g}")


@dataclass(frozen=True)
class Tiling:
    """How a picture may be cut for the network."""

    rule: Literal["free", "fixed", "whole"] = "free"
    """free: tiles of any side that `multiple_of` and `min_size` allow; fixed: only squares of `side`; whole: never
    cut, the network must see the whole picture at once."""
    side: Annotated[int, Bounds(16, 4096)] | None = None
    """The side of fixed tiles in input pixels; None for all else."""

    def __post_init__(self) -> None:
        if (self.side is not None) != (self.rule == "fixed"):
            raise FieldError("side", "belongs to the rule fixed, and to it alone")


@dataclass(frozen=True)
class SelfTest:
    """Statistics of the first output for uniform noise in [0, 1] of shape (1, channels, size, size).

    The noise is `numpy.random.default_rng(seed).random(shape, dtype=float32)`, fed as it is; controls have their
    defaults.
    """

    seed: Annotated[int, Bounds(0, 2**32 - 1)]
    """Seed of the noise."""
    size: Annotated[int, Bounds(1, 1024)]
    """Side of the noise picture in pixels."""
    mean: float
    """Mean of the whole output, in the output's own values."""
    std: float
    """Standard deviation of the whole output."""
    tolerance: Annotated[float, Bounds(0)] = 2e-3
    """The largest error of mean and std that is fine; at most a tenth of the output's range."""


@dataclass(frozen=True)
class StoredPair:
    """A small picture and what the network made of it, stored in the file beside the contract.

    The metadata value under `key` is the base64 text of a zlib stream of little-endian float16 values: the input
    (channels, height, width), then the first output, both as the graph takes and gives them.
    """

    key: Name
    """Key of the stored arrays in the model's metadata_props, such as `ganfx.pair.0`."""
    height: Annotated[int, Bounds(1, 256)]
    """Rows of the input."""
    width: Annotated[int, Bounds(1, 256)]
    """Columns of the input."""
    tolerance: Annotated[float, Bounds(0, 0.1)] = 1 / 255
    """The largest mean absolute error of the output that is fine, as a share of its value range."""
    controls: Mapping[str, float] = field(default_factory=dict)
    """Values of the controls that were fed; the others had their defaults."""
