"""The inference engine: one ONNX file on the best provider that really loads, a picture in, finished rows out.

    engine = open_engine(Path("photo-x4.onnx"))
    enlarged = engine.run(rgb)

onnxruntime is imported only when a model is opened, and numpy when the engine itself is first named, so that asking
which providers there are costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganfx.engine.cancel import CancelToken
from ganfx.engine.options import PRECISIONS, EngineOptions
from ganfx.engine.providers import PROVIDERS, Provider, ProviderStatus, probe_providers

if TYPE_CHECKING:
    from ganfx.engine.runner import NETWORKS, Engine, open_engine, verify

_OF_RUNNER = ("NETWORKS", "Engine", "open_engine", "verify")

__all__ = [
    "NETWORKS",
    "PRECISIONS",
    "PROVIDERS",
    "CancelToken",
    "Engine",
    "EngineOptions",
    "Provider",
    "ProviderStatus",
    "open_engine",
    "probe_providers",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _OF_RUNNER:
        return getattr(importlib.import_module("ganfx.engine.runner"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
