"""Which networks enlarge a picture to the size that is wanted."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from ganfx.engine import Engine, EngineOptions, open_engine
from ganfx.errors import OptionError
from ganfx.filters import Filter, TargetSize
from ganfx.hub import find_model, model_scales


def passes_for(scales: Sequence[int], times: float) -> tuple[int, ...] | None:
    """The scales of the networks that enlarge a picture `times` or a little more, in their order; None: no two do.

    One network where one is enough, else two; none where the picture is large enough. The larger one comes first: a
    network makes of another one's result what it makes of a photograph, and one that enlarges less sharpens it more.
    """
    if times <= 1:
        return ()
    enlarging = sorted((scale for scale in scales if scale > 1), reverse=True)
    chains = [(scale,) for scale in enlarging] + list(itertools.combinations_with_replacement(enlarging, 2))
    fitting = [chain for chain in chains if math.prod(chain) >= times]
    return min(fitting, key=lambda chain: (len(chain), math.prod(chain)), default=None)


def open_enlargers(filter_: Filter, model: str | None, target: TargetSize, options: EngineOptions) -> dict[int, Engine]:
    """The networks that may be needed for the size `target`, by their scale: `model`, or the default ones.

    Raises OptionError where none of them enlarges so much, ModelError or EngineError.
    """
    task = filter_.model_task
    if model is not None:
        opened = open_engine(find_model(model, task=task), options)
        if opened.spec.task != task:
            raise OptionError(
                f"{opened.spec.name} has task {opened.spec.task}, not {task}", hint="choose another model"
            )
        scales = [opened.spec.scale]
        wanted = _wanted(scales, target, f"{opened.spec.name} enlarges {opened.spec.scale} times")
        return dict.fromkeys(wanted, opened)
    scales = model_scales(task)
    wanted = _wanted(scales, target, f"no {task} model enlarges so much")
    return {scale: open_engine(find_model(task=task, selectors={"scale": scale}), options) for scale in wanted}


def _wanted(scales: Sequence[int], target: TargetSize, problem: str) -> list[int]:
    """Of `scales`, those that may be needed. Raises OptionError where they are too small for the number of times."""
    times = target.times
    if times is None:
        return [scale for scale in scales if scale > 1] or list(scales)
    if times in scales:
        return [int(times)]
    chain = passes_for(scales, times)
    if not chain:
        raise OptionError(f"{problem}, not {times:g}", hint="choose another model, or another size")
    return sorted(set(chain))
