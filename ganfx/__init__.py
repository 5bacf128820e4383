"""GAN filters for pictures: `open_picture`, `read_mask`, `apply`, `save_picture`, `list_models`, and `errors`.

    import ganfx
    ganfx.save_picture(ganfx.apply("in.jpg", "upscale", scale=3), "out.jpg")
    larger = ganfx.apply(array_or_image, "upscale", scale=3)

The names are listed in `__init__.pyi` and imported when first used, so that `import ganfx` costs nothing.
"""

from __future__ import annotations

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
