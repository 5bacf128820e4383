"""All filters: each package in this one that declares a FILTER, found by listing the folder.

A package's `__init__` holds the declaration, which imports neither numpy nor OpenCV; its `processing` does the work.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil

from ganfx.errors import OptionError, nearest
from ganfx.filters.base import (
    AUTO,
    CANDIDATES,
    CERTAIN,
    DOUBTFUL,
    SEED,
    Estimator,
    Filter,
    Finder,
    FirstStep,
    Flow,
    Infer,
    Look,
    Option,
    Overview,
    Planes,
    Region,
    Retouch,
    Size,
    Strip,
    TargetSize,
    Values,
)
from ganfx.filters.sizes import SIZES

__all__ = [
    "AUTO",
    "CANDIDATES",
    "CERTAIN",
    "DOUBTFUL",
    "SEED",
    "SIZES",
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
    "all_filters",
    "find_filter",
]


@functools.cache
def all_filters() -> dict[str, Filter]:
    """The filters by name, in alphabetical order."""
    found: dict[str, Filter] = {}
    for module in pkgutil.iter_modules(__path__):
        filter_ = getattr(importlib.import_module(f"{__name__}.{module.name}"), "FILTER", None)
        if filter_ is not None:
            found[filter_.name] = filter_
    return dict(sorted(found.items()))


def find_filter(name: str) -> Filter:
    """The filter called `name`. Raises OptionError with the nearest names."""
    try:
        return all_filters()[name]
    except KeyError:
        raise OptionError(f"no filter {name!r}", hint=nearest(name, all_filters())) from None
