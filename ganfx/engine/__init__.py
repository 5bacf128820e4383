"""The inference engine: one ONNX file on the best provider that really loads, a picture in, finished rows out.

    engine = open_engine(Path("photo-x4.onnx"))
    enlarged = engine.run(rgb)

onnxruntime is imported only when a model is opened.
"""

from ganfx.engine.options import PRECISIONS, EngineOptions
from ganfx.engine.providers import PROVIDERS, Provider, ProviderStatus, probe_providers
from ganfx.engine.runner import Engine, open_engine, verify

__all__ = [
    "PRECISIONS",
    "PROVIDERS",
    "Engine",
    "EngineOptions",
    "Provider",
    "ProviderStatus",
    "open_engine",
    "probe_providers",
    "verify",
]
