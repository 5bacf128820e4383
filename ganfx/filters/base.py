"""What a filter is: one declaration from which every front end builds itself.

The functions of a filter work on pictures and arrays, take the checked options as `Values`, and know nothing of files,
tiles or progress: those are the pipeline's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ganfx.errors import OptionError
from ganfx.filters.deferred import Deferred
from ganfx.filters.networks import CERTAIN, DOUBTFUL, Estimator, Finder, Values, check_shape
from ganfx.filters.option import AUTO, CANDIDATES, SEED, Option
from ganfx.filters.sizes import Size, TargetSize

if TYPE_CHECKING:
    from ganfx.imaging.picture import Box, Floats, Mask, Picture
    from ganfx.spec import ModelSpec

__all__ = [
    "AUTO",
    "CANDIDATES",
    "CERTAIN",
    "DOUBTFUL",
    "SEED",
    "Cut",
    "Deferred",
    "Estimator",
    "Filter",
    "Finder",
    "FirstStep",
    "Flow",
    "Infer",
    "Look",
    "Option",
    "Overview",
    "Planes",
    "Region",
    "Retouch",
    "Size",
    "Strip",
    "TargetSize",
    "Values",
]

# The network: (H, W, in_channels) in [0, 1] -> (H * scale, W * scale, out_channels), not clipped.
Infer = Callable[["Floats"], "Floats"]


@dataclass(frozen=True)
class Strip:
    """Consecutive rows of the source picture, with a margin of rows that a function may look at.

    picture        the rows, margin included
    above          rows of margin at its top, 0 at the picture's upper edge
    below          rows of margin at its bottom, 0 at the picture's lower edge
    top            the number, in the picture, of the first row without the margin
    output_above   how many of the margin's lowest rows at the top `around` is there for, too
    output_below   the same at the bottom
    around         the network's output for the rows `seen`, averaged over each source pixel; None without a context
    """

    picture: Picture
    above: int = 0
    below: int = 0
    top: int = 0
    output_above: int = 0
    output_below: int = 0
    around: Floats | None = None

    @property
    def own(self) -> slice:
        """The rows of `picture` without the margin."""
        return slice(self.above, self.picture.height - self.below)

    @property
    def seen(self) -> slice:
        """The rows of `picture` that `around` is there for."""
        return slice(self.above - self.output_above, self.picture.height - self.below + self.output_below)

    @property
    def result(self) -> slice:
        """The rows without the margin among those that `around` is there for."""
        return slice(self.output_above, self.output_above + self.picture.height - self.above - self.below)


@dataclass(frozen=True)
class Look:
    """What a flow looks at the whole picture for first, where an option asks for it.

    side     long side in pixels that the picture is reduced to; smaller pictures stay as they are
    option   the option that asks, by having a value
    value    (reduced picture, values, spec, network) -> what takes the option's place in the values
    """

    side: int
    option: str
    value: Callable[[Picture, Values, ModelSpec, Infer], Any]


@dataclass(frozen=True)
class Flow:
    """Work on the whole picture: prepare -> network -> finish.

    prepare     (picture, values, spec) -> the network's input (H, W, in_channels) in [0, 1], one pixel per pixel
    finish      (output, strip, values, spec) -> rows of the result, without the margin; output (H * scale, W * scale,
                out_channels) is for these rows, and the function's own to change
    local       an output pixel depends on no more than the network's receptive field and `margin`, so that the
                pipeline may run strip by strip; otherwise both functions get the whole picture
    margin      rows, in source pixels, that prepare and finish look beyond the rows they make; 0: none
    context     rows, in source pixels and up to `margin`, beyond the rows it makes, for which finish gets the output
                averaged over each source pixel
    reduction   (size, values) -> an integer factor >= 1: prepare gets the picture reduced so many times, and finish
                the output enlarged as many times; None: never reduced
    look        what depends on the whole picture; None: nothing
    idle        values -> whether the picture comes back as it is; the network is not run then. None: never
    """

    prepare: Callable[[Picture, Values, ModelSpec], Floats]
    finish: Callable[[Floats, Strip, Values, ModelSpec], Picture]
    local: bool = False
    margin: int = 0
    context: int = 0
    reduction: Callable[[Size, Values], int] | None = None
    look: Look | None = None
    idle: Callable[[Values], bool] | None = None


@dataclass(frozen=True)
class Cut:
    """The part of the picture that a result is cut to, where an option asks for it.

    option   the option that asks, a bool
    box      (reduced picture, full size, values, spec, network) -> the part, inside the full picture
    """

    option: str
    box: Callable[[Picture, Size, Values, ModelSpec, Infer], Box]


@dataclass(frozen=True)
class Overview:
    """Work that looks at the whole picture at a bounded size first, and then changes it strip by strip.

    side    long side in pixels that the picture is reduced to for `study`; smaller pictures stay as they are
    study   (reduced picture, full size, values, spec, network) -> a function that turns rows of the full picture, and
            the number of the first of them, into the same rows of the result
    cut     what may be cut off then; None: nothing
    """

    side: int
    study: Callable[[Picture, Size, Values, ModelSpec, Infer], Callable[[Picture, int], Picture]]
    cut: Cut | None = None


@dataclass(frozen=True)
class Region:
    """One part of the mask that is filled in one call.

    box   what `fill` gets to see: the masked pixels and their context, inside the picture
    own   (box.height, box.width) in [0, 1]: the mask where it belongs to this region, else 0; every masked pixel of a
          picture belongs to exactly one region
    """

    box: Box
    own: Mask


@dataclass(frozen=True)
class Retouch:
    """Work on the masked pixels of a picture alone.

    mask      (mask as given, values) -> the mask to use, both (H, W) in [0, 1]: thresholded, grown, feathered. Values
              between 0 and 1 blend old and new
    regions   (mask to use, values) -> regions, ordered by their boxes' tops; boxes may overlap
    fill      (picture in the box, mask there, values, spec, network) -> that picture with the masked pixels filled,
              grey where the picture is grey. The mask includes other regions' parts. The pipeline does the blending,
              takes only what the region owns, and keeps alpha
    choices   (mask in a region's box, region) -> whether the option SEED changes what the region is filled with; None:
              it never does
    """

    mask: Callable[[Mask, Values], Mask]
    regions: Callable[[Mask, Values], list[Region]]
    fill: Callable[[Picture, Mask, Values, ModelSpec, Infer], Picture]
    choices: Callable[[Mask, Region], bool] | None = None


class Planes(NamedTuple):
    """What a picture has besides three colors.

    grey    its colors are one channel
    alpha   it has an alpha
    """

    grey: bool
    alpha: bool


@dataclass(frozen=True)
class FirstStep:
    """Another filter that pictures go through first, in the same stream.

    filter   its name
    option   the filter's own option that says how strongly; 0 leaves the step out
    target   the option of the other filter that takes this value
    """

    filter: str
    option: str
    target: str


@dataclass(frozen=True)
class Filter:
    """One kind of work on pictures, with exactly one of `flow`, `overview` and `retouch`.

    name         the name of the command, of the step in a chain and of the filter in the service
    help         one sentence for the user
    flow         work on the whole picture, strip by strip where that is possible
    overview     work that looks at a reduced picture first
    retouch      work on masked pixels
    finder       makes the mask of a retouch; None: the user gives it
    options      the settings; their names differ
    models       the task that fitting models name in their contracts; empty: the filter's name
    channels     the numbers of channels, (in, out), that fitting models turn into one another
    colored      results have colors even where the picture is grey
    planes       (those of the picture, values) -> those of the result; None: the same, but for `colored`
    suffix       ends the default names of results; empty: x4 after a network that enlarges 4 times, the network's
                 name after others
    example      a command line for help
    first        what pictures go through before; None: nothing
    maskable     a flow that keeps the size, and takes a mask of where it may work where the user gives one
    estimators   for options that may be AUTO: by the name that the model's contract gives (see `Control.estimator`)
                 an `Estimator`, or a function of crops of the picture at full resolution (see
                 `ganfx.pipeline.sampling`). The value is clipped to the control's range, and estimated once per
                 picture. Where there is none of that name, the control has its default
    """

    name: str
    help: str
    flow: Flow | None = None
    overview: Overview | None = None
    retouch: Retouch | None = None
    finder: Finder | None = None
    options: tuple[Option, ...] = ()
    models: str = ""
    channels: tuple[tuple[int, int], ...] = ((3, 3),)
    colored: bool = False
    planes: Callable[[Planes, Values], Planes] | None = None
    suffix: str = ""
    example: str = ""
    first: FirstStep | None = None
    maskable: bool = False
    estimators: Mapping[str, Estimator | Callable[[Sequence[Picture]], float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if [self.flow, self.overview, self.retouch].count(None) != 2:
            raise ValueError(f"{self.name}: a filter has either a flow, an overview or a retouch")

    @property
    def needs_mask(self) -> bool:
        """Whether the user has to give a mask."""
        return self.retouch is not None and self.finder is None

    @property
    def takes_mask(self) -> bool:
        """Whether the user may give a mask."""
        return self.needs_mask or self.maskable

    @property
    def has_seed(self) -> bool:
        """Whether the user may choose among several results for the same picture, by the option SEED."""
        return any(option.name == SEED for option in self.options)

    def output_planes(self, planes: Planes, values: Values) -> Planes:
        """What the result has for a picture that has `planes`."""
        return self.planes(planes, values) if self.planes else planes._replace(grey=planes.grey and not self.colored)

    @property
    def model_task(self) -> str:
        """The task that fitting models name in their contracts."""
        return self.models or self.name

    def check_model(self, spec: ModelSpec) -> None:
        """Raises ContractError where a model for the task has channels or a scale that the filter does not work on."""
        check_shape(spec, self.channels, may_enlarge=self.flow is not None and not self.maskable)

    def result_suffix(self, spec: ModelSpec) -> str:
        """What the default name of a result made by the network of `spec` ends with."""
        return self.suffix or (f"x{spec.scale}" if spec.scale > 1 else spec.name)

    def check(self, values: Values) -> dict[str, Any]:
        """All options by name: those in `values` checked, defaults for the others.

        Raises OptionError on unknown names and bad values.
        """
        known = {option.name: option for option in self.options}
        for name in values:
            if name not in known:
                raise OptionError(f"{self.name} has no option {name!r}", hint=f"options: {', '.join(known)}")
        return {name: option.check(values.get(name, option.default)) for name, option in known.items()}
