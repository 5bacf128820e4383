"""ModelSpec, the contract of one network. Every field is documented below its declaration.

The declarations are also the JSON schema (`ganfx.spec.schema`) and what `ganfx.spec.reading` accepts.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from ganfx.errors import OptionError, nearest
from ganfx.spec.consistency import check_consistency
from ganfx.spec.formats import current
from ganfx.spec.parts import Control, Name, Port, SelfTest, Side, StoredPair, Tiling
from ganfx.spec.reading import Bounds, FieldError, field_error, parse, read

KEY = "ganfx"
FORMAT = 2
PRECISIONS: tuple[Literal["fp32", "fp16", "bf16"], ...] = ("fp32", "fp16", "bf16")

_INPUT, _OUTPUT, _FREE = Port("input"), Port("output"), Tiling()


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
    tiling: Tiling = _FREE
    """How the picture may be cut."""
    receptive_field: Annotated[int, Bounds(0, 65536)] = 32
    """Input pixels on each side of an output pixel that it depends on: the overlap that tiles need."""
    precisions: Annotated[tuple[Literal["fp32", "fp16", "bf16"], ...], Bounds(1, 3)] = PRECISIONS
    """Number formats in which the network computes accurately enough."""
    input_noise_std: Annotated[float, Bounds(0, 1)] = 0.0
    """Deviation of the noise to add to the picture before it is fed, of a range of [0, 1]; 0 adds none."""
    input_noise_channels: Annotated[int, Bounds(0, 16)] = 0
    """How many of the picture's channels, the last ones, are noise of mean 0 and deviation 1 to grow strokes from."""
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
        try:
            for pair in self.pairs:
                self.control_values(pair.controls)
        except OptionError as error:
            raise FieldError("pairs", f"have a wrong control: {error.message}") from error
        check_consistency(self)

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
        role: Literal["picture", "latent"] = "picture",
        **rest: Any,
    ) -> ModelSpec:
        """The contract of a network with one picture in and one out, of the same range and order.

        fixed_size is the only side in pixels that the graph takes; `rest` are fields of ModelSpec. With the role
        `latent` it is a generator, and the planes that go in are no picture.
        """
        given = Port("input", role, channels=in_channels, value_range=value_range, color_order=color_order)
        made = dataclasses.replace(given, name="output", role="picture", channels=out_channels)
        rest["kind"] = "filter" if role == "picture" else "generator"
        if fixed_size:
            rest["tiling"] = Tiling("fixed", fixed_size)
        return cls(name, task, scale, inputs=(given,), outputs=(made,), **rest)

    @property
    def picture(self) -> Port | None:
        """The picture among the inputs; None for a generator."""
        return next((port for port in self.inputs if port.role == "picture"), None)

    @property
    def planes(self) -> Port | None:
        """What is cut into tiles: the picture, or the planes that a generator has instead; None where it has none."""
        return self.picture or next((port for port in self.inputs if port.layout == "NCHW"), None)

    @property
    def in_channels(self) -> int:
        """Channels of the planes that go in, 0 for a generator that has none."""
        return self.planes.channels if self.planes else 0

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
        stored = current(parse(text), FORMAT)
        try:
            spec: ModelSpec = read(cls, stored)
        except FieldError as error:
            raise field_error(error.field, error.reason) from error
        return spec
