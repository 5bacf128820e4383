"""Functions that are imported when they are first called."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any


class DeferredFunction:
    """The function `name` of the module `module`, imported when it is first called."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    @functools.cached_property
    def function(self) -> Callable[..., Any]:
        """The function itself. Raises ImportError or AttributeError where there is none."""
        found: Callable[..., Any] = getattr(importlib.import_module(self.module), self.name)
        return found

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    def __repr__(self) -> str:
        return f"{self.module}.{self.name}"


class Deferred:
    """The module called `module`, whose functions can be named before it is imported.

        _processing = Deferred("ganfx.filters.upscale.processing")
        Flow(_processing.prepare, _processing.finish)

    A declaration stays light this way: numpy and OpenCV are imported when a picture is worked on, not for `--help`.
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> DeferredFunction:
        return DeferredFunction(self._module, name)
