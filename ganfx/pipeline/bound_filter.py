"""A filter bound to options and models: options checked, networks opened; see `ganfx.pipeline.loading`."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ganfx.engine import Engine, PixelProgress
from ganfx.errors import PictureSizeError
from ganfx.filters import AUTO, SEED, Estimator, Filter, Planes, Size, TargetSize
from ganfx.filters.other_picture import OtherPicture
from ganfx.imaging.picture import Box, Floats, Picture, PictureInfo
from ganfx.pipeline.enlarging import passes_for
from ganfx.pipeline.sampling import sample_crops
from ganfx.pipeline.source import Source
from ganfx.spec import Control, ModelSpec
from ganfx.text import Detail

_ESTIMATE_DIGITS = 3


@dataclass(frozen=True)
class BoundFilter:
    """A filter with its options checked and its models opened: ready for any number of pictures.

    filter       the declaration
    values       the checked options, without those that select a model or say a size
    engine       the network
    target       how large results are; None: as the network makes them
    enlargers    with a `target`: the networks to choose from for each picture, by their scale; `engine` is one of them
    finder       the network that makes the mask; None where the filter has no finder
    first        the filter that pictures go through before; None: none
    estimators   the networks that choose values for the picture, by the names of their controls
    estimates    the values that were chosen for a picture, by the names of their controls
    frame        the part of a picture that its result is cut to; None: the whole
    unusual      the names of networks that were named and are not the default ones
    """

    filter: Filter
    values: Mapping[str, Any]
    engine: Engine
    finder: Engine | None = None
    target: TargetSize | None = None
    enlargers: Mapping[int, Engine] = field(default_factory=dict)
    first: BoundFilter | None = None
    estimators: Mapping[str, Engine] = field(default_factory=dict)
    estimates: Mapping[str, float] = field(default_factory=dict)
    frame: Box | None = None
    unusual: tuple[str, ...] = ()

    @property
    def engines(self) -> tuple[Engine, ...]:
        """All networks that may be run."""
        before = self.first.engines if self.first else ()
        own = (self.finder, *self.estimators.values(), *(self.enlargers.values() or [self.engine]))
        return (*before, *(engine for engine in own if engine))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was estimated for the picture, in sentences for the user; only details where that is none."""
        return tuple(
            (str if value else Detail)(f"{self.filter.name}: {name} auto is {value:.2f}")
            for name, value in self.estimates.items()
        )

    @property
    def scale(self) -> float | None:
        """Pixels of the result per input pixel, on each side; None where that differs from picture to picture."""
        return self.target.times if self.target else self.engine.spec.scale

    @property
    def suffix(self) -> str:
        """The end of the default name of a result; it has the names of networks that are not the default ones."""
        own = self.target.suffix if self.target else self.filter.result_suffix(self.engine.spec)
        return "_".join([own, *(name for name in self.unusual if name != own)])

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        """All that results depend on, as plain data: the filter, options, and the SHA-256 of each model."""
        enlargers = {f"model x{scale}": engine for scale, engine in self.enlargers.items()}
        engines = {**(enlargers or {"model": self.engine}), "finder": self.finder, **self.estimators}
        digests = {key: engine.network.digest for key, engine in engines.items() if engine}
        options = {name: _plain(value) for name, value in self.values.items()}
        before = {"first": self.first.fingerprint} if self.first else {}
        size = {"size": str(self.target)} if self.target else {}
        return {"filter": self.filter.name, "options": options, **digests, **size, **before}

    @property
    def step(self) -> str:
        """The filter, its model and the options that differ from their defaults, as `parse_steps` reads them."""
        defaults = {option.name: option.default for option in self.filter.options}
        changed = {name: value for name, value in self.values.items() if value != defaults[name]}
        lists = {name: value if isinstance(value, tuple) else (value,) for name, value in changed.items()}
        given = [f"{name}={one}" for name, values in lists.items() for one in values]
        finder = [f"finder={self.finder.spec.name}"] if self.finder else []
        model = [self.engine.spec.name] if len(self.enlargers) < 2 else []
        size = [str(self.target)] if self.target else []
        return ":".join([self.filter.name, *model, *size, *given, *finder])

    @property
    def controls(self) -> Mapping[str, float]:
        """The values to feed as the network's controls; those that are AUTO are left out, and have their defaults."""
        return fed_controls(self.filter, self.values, self.engine.spec)

    def run(self, image: Floats, progress: PixelProgress | None = None) -> Floats:
        """`Engine.run` with the controls."""
        return self.engine.run(image, progress, controls=self.controls)

    def varied(self, by: int) -> BoundFilter:
        """The filter with a seed that is greater by `by`; itself where it has none. Raises OptionError at the most."""
        option = next((option for option in self.filter.options if option.name == SEED), None)
        if option is None:
            return self
        return dataclasses.replace(self, values={**self.values, SEED: option.check(self.values[SEED] + by)})

    def resolved(self, source: Source, progress: PixelProgress) -> BoundFilter:
        """The filter with estimates for `source` in place of AUTO; reads crops of it where there is something to do.

        `progress` is called with 0 now and then, so that it may interrupt.
        """
        automatic = self._automatic
        if not automatic:
            return self
        crops = sample_crops(source, progress)
        estimates = {control.name: self._estimate(control, crops, lambda pixels: progress(0)) for control in automatic}
        return dataclasses.replace(self, values={**self.values, **estimates}, estimates=estimates)

    def settled(self, sources: Sequence[Source], progress: PixelProgress) -> BoundFilter:
        """The filter with estimates that are the same for all frames of an animation, of which `sources` are some.

        They are the medians of those for the single frames. `progress` as in `resolved`.
        """
        found = [self.resolved(source, progress) for source in sources]
        estimates = {name: statistics.median_low(one.estimates[name] for one in found) for name in found[0].estimates}
        first = self.first.settled(sources, progress) if self.first else None
        return dataclasses.replace(self, values={**self.values, **estimates}, estimates=estimates, first=first)

    @property
    def is_automatic(self) -> bool:
        """Whether values are chosen for each picture, by this filter or the one before it."""
        return bool(self._automatic) or (self.first is not None and self.first.is_automatic)

    @property
    def has_cut(self) -> bool:
        """Whether results are cut to what pictures show."""
        cut = self.filter.overview.cut if self.filter.overview else None
        return cut is not None and bool(self.values[cut.option])

    @property
    def _automatic(self) -> list[Control]:
        options = {option.name for option in self.filter.options if option.control}
        return [
            control
            for control in self.engine.spec.controls
            if control.name in options and self.values[control.name] == AUTO
        ]

    def _estimate(self, control: Control, crops: Sequence[Picture], progress: PixelProgress) -> float:
        estimator = self.filter.estimators.get(control.estimator or "")
        if estimator is None:
            return control.default
        if isinstance(estimator, Estimator):
            engine = self.estimators[control.name]
            found = [engine.run(np.clip(crop.rgb, 0, 1), progress)[..., 0] for crop in crops]
            value = estimator.value(found, crops)
        else:
            value = estimator(crops)
        return round(min(max(float(value), control.minimum), control.maximum), _ESTIMATE_DIGITS)

    def output_size(self, size: Size) -> Size:
        """(width, height) of the result for a picture of `size`. Raises PictureSizeError where it cannot be reached."""
        if self.frame:
            return self.frame.width, self.frame.height
        scale = self.engine.spec.scale
        if self.target is None:
            return size[0] * scale, size[1] * scale
        wanted = self.target.size(size)
        times = max(new / old for new, old in zip(wanted, size, strict=True))
        if passes_for(list(self.enlargers), times) is None:
            most = max(self.enlargers) ** 2
            message = f"it would have to be enlarged {times:.1f} times for {self.target}; {most} is the most"
            raise PictureSizeError(message, hint="ask for a smaller size")
        return wanted

    def on_canvas(self, size: Size) -> BoundFilter:
        """The same for parts of a picture of `size`: they are enlarged as often as that is."""
        if self.target is None:
            return self
        return dataclasses.replace(self, target=self.target.for_parts(size))

    def output_info(self, info: PictureInfo) -> PictureInfo:
        """The info of the result for a picture with `info`, without the notes that are added on the way."""
        dpi = self.target and self.target.dpi
        found = dataclasses.replace(info, grey=self.output_planes(Planes(info.grey, False)).grey)
        return found.with_dpi(dpi) if dpi else found

    def output_planes(self, planes: Planes) -> Planes:
        """What the result has for a picture that has `planes`."""
        return self.filter.output_planes(planes, self.values)

    def passes(self, size: Size) -> tuple[BoundFilter, ...]:
        """With a `target`: the same with one network each, which enlarge a picture of `size` one after the other.

        Their result is at least as large as the one wanted. Raises PictureSizeError where it cannot be reached.
        """
        wanted = self.output_size(size)
        times = max(new / old for new, old in zip(wanted, size, strict=True))
        scales = passes_for(list(self.enlargers), times) or ()
        alone = dataclasses.replace(self, target=None, enlargers={})
        one_each = [dataclasses.replace(alone, engine=self.enlargers[scale]) for scale in scales]
        # What is to be cleaned is so before it is enlarged.
        return tuple(dataclasses.replace(one, first=None) if at else one for at, one in enumerate(one_each))


def fed_controls(filter_: Filter, values: Mapping[str, Any], spec: ModelSpec) -> dict[str, float]:
    known = {control.name for control in spec.controls}
    named = [option.name for option in filter_.options if option.control and option.name in known]
    return {name: float(values[name]) for name in named if values[name] not in (AUTO, None)}


def _plain(value: Any) -> Any:
    """Numbers and texts as they are, another picture as the digest of its pixels, anything else as a text."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, OtherPicture):
        return value.digest
    return value if isinstance(value, bool | int | float | str | None) else str(value)
