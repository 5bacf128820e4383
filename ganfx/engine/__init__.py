"""The inference engine: one ONNX file on the best provider that really loads, a picture in, finished rows out.

    engine = open_engine(Path("photo-x4.onnx"))
    enlarged = engine.run(rgb)

The names are listed in `__init__.pyi` and imported when first used, and onnxruntime when a model is opened, so that
asking which providers there are costs nothing.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
