"""What a page may ask to be done with a picture, and its check before anything is made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from ganfx import pipeline
from ganfx.batch.recipes import AUTO
from ganfx.errors import MaskError, OptionError
from ganfx.files import format_for
from ganfx.filters import find_filter
from ganfx.imaging.picture import Box
from ganfx.server.jobs import given_options

_MOST_STEPS = 16
_At = Annotated[int, Field(ge=0, lt=1 << 30)]
_Long = Annotated[int, Field(ge=1, lt=1 << 30)]


class StepRequest(BaseModel):
    """One step of a chain; unknown fields are refused.

    filter    name of the filter
    model     name of the model; null: the filter's default
    options   values by name, as in the schema
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    filter: str
    model: str | None = None
    options: dict[str, bool | int | FiniteFloat | str | list[str]] = {}

    def checked(self) -> pipeline.Step:
        """The step with all of its options. Raises OptionError or ModelError where it cannot be."""
        filter_ = find_filter(self.filter)
        given = given_options(filter_, self.model, self.options)
        return pipeline.Step(filter_.name, pipeline.check_filter(self.filter, given, model=self.model), self.model)


def steps_text(steps: list[StepRequest]) -> str:
    """Checked steps as `pipeline.parse_steps` reads them, and AUTO for none. Raises OptionError or ModelError."""
    texts = list[str]()
    for step in steps:
        step.checked()
        repeatable = {option.name for option in find_filter(step.filter).options if option.repeatable}
        words = [step.filter, *([f"model={step.model}"] if step.model else [])]
        for name, value in step.options.items():
            several = str(value).split() if name in repeatable and not isinstance(value, list) else value
            words += [f"{name}={one}" for one in (several if isinstance(several, list) else [several])]
        texts.append(":".join(words))
    return ",".join(texts) or AUTO


class JobRequest(BaseModel):
    """What to do with a picture of the sitting; unknown fields are refused.

    file      id of the picture
    steps     what to do with it, one after the other; none: what it needs, as `ganfx enhance` finds out
    mask      id of a picture of the same size, white where the steps that take a mask work; null: none
    box       [left, top, width, height] in pixels: only a preview of that part is made, as PNG; null: the whole
    format    suffix of the result without its dot, such as png; null: the picture's own
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    file: str
    steps: list[StepRequest] = Field([], max_length=_MOST_STEPS)
    mask: str | None = None
    box: tuple[_At, _At, _Long, _Long] | None = Field(None, strict=False)
    format: str | None = None

    def checked_steps(self) -> tuple[pipeline.Step, ...]:
        """The steps, which go together with the mask and the box. Raises OptionError, MaskError or ModelError."""
        steps = tuple(step.checked() for step in self.steps)
        filters = [find_filter(step.filter) for step in steps]
        if self.mask is None and any(filter_.needs_mask for filter_ in filters):
            raise MaskError("there is no mask for it", hint="paint what shall go, or load a mask")
        if self.mask is not None and not any(filter_.takes_mask for filter_ in filters):
            raise OptionError("none of the steps takes a mask", hint="they work on the whole picture")
        if self.box is not None and not steps:
            raise OptionError("a part alone does not show what the whole needs", hint="choose the steps")
        return steps

    def checked_suffix(self, own: str) -> str:
        """The suffix of the result, with its dot; `own` is the picture's. Raises OptionError or OutputError."""
        if self.format is None or self.box is not None:
            return ".png" if self.box is not None else own
        if not self.format.isalnum():
            raise OptionError(f"format: {self.format!r} is not a suffix")
        format_for(Path(f"result.{self.format}"))
        return f".{self.format}"

    def part_of(self, width: int, height: int) -> Box | None:
        """The box within a picture of that size; None: all of it. Raises OptionError where it is outside."""
        if self.box is None:
            return None
        left, top, wide, high = self.box
        box = Box(left, top, min(left + wide, width), min(top + high, height))
        if box.width < 1 or box.height < 1:
            raise OptionError("box: it is outside the picture")
        return box
