"""ModelSpec, the contract of one network, and its parts. Every field is documented below its declaration.

These declarations are also the JSON schema (`ganfx.spec.schema`) and what `ganfx.spec.reading` accepts.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from ganfx.errors import OptionError, nearest
from ganfx.spec.formats import current
from ganfx.spec.reading import Bounds, FieldError, parse, read

KEY = "ganfx"
FORMAT = 2
PRECISIONS: tuple[Literal["fp32", "fp16", "bf16"], ...] = ("fp32", "fp16", "bf16")

Name = Annotated[str, Bounds(1, 100)]
Side = Annotated[int, Bounds(1, 65536)]


@dataclass(frozen=True)
class Port:
    """One input or output tensor of the graph that is not a control: float32 or float16, batch first."""

    name: Annotated[str, Bounds(0, 100)]
    """The tensor's name in the graph. Empty: the only one that is not a control."""
    role: Literal["picture", "mask", "hints", "latent", "styles", "noise"] = "picture"
    """What it holds. picture: planes of a picture; mask: how much each pixel is meant, 0 to 1; hints: colors that the
    user put on some pixels, and where; latent and styles: vectors that a generator starts from; noise: standard
    normal values."""
    channels: Side = 3
    """Planes (NCHW) or length of a vector (NC, NLC)."""
    layout: Literal["NCHW", "NC", "NLC"] = "NCHW"
    """Order of the axes: N batch, C channels, H and W rows and columns, L vectors."""
    size: tuple[Side, Side] | None = None
    """Rows and columns of NCHW. None: those of the picture, in an output times `scale`."""
    length: Side | None = None
    """Number of vectors of NLC; None for all else."""
    color_order: Literal["RGB", "BGR"] = "RGB"
    """Order of color planes. RGB is also what says nothing, where there are no colors."""
    value_range: tuple[float, float] = (0.0, 1.0)
    """The values that stand for black and white, before `mean` and `std`."""
    mean: Annotated[tuple[float, ...], Bounds(0, 64)] = ()
    """Subtracted from each channel after `value_range`, in its units. Empty: nothing is subtracted."""
    std: Annotated[tuple[float, ...], Bounds(0, 64)] = ()
    """Each channel is divided by it after `mean`. Empty: no division."""

    def __post_init__(self) -> None:
        if self.value_range[0] >= self.value_range[1]:
            raise FieldError("value_range", "must be a smaller and a larger value")
        for name in ("mean", "std"):
            if len(getattr(self, name)) not in (0, self.channels):
                raise FieldError(name, f"must have one value for each of {self.channels} channels")
        if any(value <= 0 for value in self.std):
            raise FieldError("std", "must be positive")
        if (self.length is not None) != (self.layout == "NLC"):
            raise FieldError("length", "belongs to the layout NLC, and to it alone")
        if self.size is not None and self.layout != "NCHW":
            raise FieldError("size", "belongs to the layout NCHW alone")


@dataclass(frozen=True)
class Control:
    """A scalar that steers the network: an extra input `name` of the graph, float32, of shape [1] or a scalar."""

    name: Name
    """The input's name in the graph and the option's name for people: lower-case letters, digits and _."""
    minimum: float = 0.0
    """The least value accepted."""
    maximum: float = 1.0
    """The greatest value accepted."""
    default: float = 0.0
    """The value fed where none is asked for."""
    help: str = ""
    """What it does, in one sentence for people."""
    unit: str = ""
    """Unit or meaning of the value, such as `levels of 255`. Empty: a share without a unit."""
    estimator: Annotated[str, Bounds(1, 100)] | None = None
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
    side: Side | None = None
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
    size: Annotated[int, Bounds(1, 4096)]
    """Side of the noise picture in pixels."""
    mean: float
    """Mean of the whole output, in the output's own values."""
    std: float
    """Standard deviation of the whole output."""
    tolerance: Annotated[float, Bounds(0)] = 2e-3
    """The largest error of mean and std that is fine."""


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
    tolerance: Annotated[float, Bounds(0)] = 1 / 255
    """The largest mean absolute error of the output that is fine, as a share of its value range."""
    controls: Mapping[str, float] = field(default_factory=dict)
    """Values of the controls that were fed; the others had their defaults."""


_INPUT, _OUTPUT = Port("input"), Port("output")


@dataclass(frozen=True)
class ModelSpec:
    """One network's contract. The defaults describe a filter from an RGB picture to one of the same size."""

    name: Name
    """The model's name for people and on the command line."""
    task: Name
    """The filter that the network serves: upscale, inpaint, colorize, stylize, scratches, ..."""
    scale: Annotated[int, Bounds(1, 64)] = 1
    """Output pixels per input pixel and side; 1 keeps the size."""
    kind: Literal["filter", "generator"] = "filter"
    """filter: makes a picture of a picture; generator: makes one without, it has no picture among its inputs."""
    inputs: Annotated[tuple[Port, ...], Bounds(1, 32)] = (_INPUT,)
    """The graph's inputs but for the controls. A filter has exactly one picture among them."""
    outputs: Annotated[tuple[Port, ...], Bounds(1, 32)] = (_OUTPUT,)
    """The graph's outputs; the first is the result."""
    controls: Annotated[tuple[Control, ...], Bounds(0, 32)] = ()
    """The scalars that steer the network, each one more input of the graph. Empty: none."""
    multiple_of: Annotated[int, Bounds(1, 4096)] = 1
    """Height and width of the input must be multiples of it, in pixels; 1 takes any size."""
    min_size: Side = 1
    """The least height and width of the input, in pixels."""
    tiling: Tiling = Tiling()
    """How the picture may be cut."""
    receptive_field: Annotated[int, Bounds(0, 65536)] = 32
    """Input pixels on each side of an output pixel that it depends on: the overlap that tiles need."""
    precisions: Annotated[tuple[Literal["fp32", "fp16", "bf16"], ...], Bounds(1, 3)] = PRECISIONS
    """What the network is known to survive being computed in."""
    input_noise_std: Annotated[float, Bounds(0, 1)] = 0.0
    """Deviation of the noise to add to the picture before it is fed, of a range of [0, 1]; 0 adds none."""
    license: str = "unknown"
    """SPDX identifier of the weights' license, or `unknown`."""
    description: str = ""
    """One sentence for people."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """How it was trained, for people; nothing reads it. Empty: not said."""
    self_test: SelfTest | None = None
    """Statistics to test the network by on another machine. None: not tested so."""
    pairs: Annotated[tuple[StoredPair, ...], Bounds(0, 8)] = ()
    """Stored pictures to test the network by. Empty: none."""

    def __post_init__(self) -> None:
        pictures = [port for port in self.inputs if port.role == "picture"]
        if len(pictures) != (self.kind == "filter"):
            wanted = "exactly one picture" if self.kind == "filter" else "no picture, for a generator"
            raise FieldError("inputs", f"must have {wanted}, not {len(pictures)}")
        names = [port.name for port in self.inputs] + [control.name for control in self.controls]
        for where, given in (("inputs", names), ("outputs", [port.name for port in self.outputs])):
            if len(set(given)) < len(given):
                raise FieldError(where, "must differ in name, from controls too")
        for where, ports in (("inputs", self.inputs), ("outputs", self.outputs)):
            if len(ports) > 1 and not all(port.name for port in ports):
                raise FieldError(where, "must have names where there are several")
        known = {control.name for control in self.controls}
        if any(set(pair.controls) - known for pair in self.pairs):
            raise FieldError("pairs", "name a control that is not there")

    @classmethod
    def of_picture(
        cls,
        name: str,
        task: str,
        scale: int = 1,
        *,
        in_channels: int = 3,
        out_channels: int = 3,
        value_range: tuple[float, float] = (0.0, 1.0),
        color_order: Literal["RGB", "BGR"] = "RGB",
        fixed_size: int | None = None,
        **rest: Any,
    ) -> ModelSpec:
        """The contract of a network with one picture in and one out, of the same range and order.

        fixed_size is the only side in pixels that the graph takes; `rest` are fields of ModelSpec.
        """
        given = Port("input", channels=in_channels, value_range=value_range, color_order=color_order)
        made = dataclasses.replace(given, name="output", channels=out_channels)
        tiling = Tiling("fixed", fixed_size) if fixed_size else Tiling()
        return cls(name, task, scale, inputs=(given,), outputs=(made,), tiling=tiling, **rest)

    @property
    def picture(self) -> Port | None:
        """The picture among the inputs; None for a generator."""
        return next((port for port in self.inputs if port.role == "picture"), None)

    @property
    def in_channels(self) -> int:
        """Channels of the picture that goes in, 0 for a generator."""
        return self.picture.channels if self.picture else 0

    @property
    def out_channels(self) -> int:
        """Channels of the result."""
        return self.outputs[0].channels

    @property
    def fixed_size(self) -> int | None:
        """The only side in pixels that the graph takes, None where it is free."""
        return self.tiling.side

    def control_values(self, asked: Mapping[str, float] | None = None) -> dict[str, float]:
        """The value of every control: as `asked`, else its default. Raises OptionError for a name or a value."""
        known = {control.name: control for control in self.controls}
        asked = dict(asked or {})
        for name, value in asked.items():
            if name not in known:
                hint = nearest(name, known) if known else "it has no controls"
                raise OptionError(f"{name}: {self.name} has no such control", hint=hint)
            least, most = known[name].minimum, known[name].maximum
            if not least <= value <= most:
                raise OptionError(f"{name}: {value:g} is not within {least:g} to {most:g}")
        return {name: float(asked.get(name, control.default)) for name, control in known.items()}

    def to_json(self) -> str:
        """The text to store under `KEY`. Raises ContractError where a field is outside its bounds."""
        text = json.dumps({"format": FORMAT} | dataclasses.asdict(self), sort_keys=True)
        self.from_json(text)
        return text

    @classmethod
    def from_json(cls, text: str) -> ModelSpec:
        """The contract stored as `text`. Raises ContractError, naming the field, where it is damaged or too new."""
        spec: ModelSpec = read(cls, current(parse(text), FORMAT))
        return spec
