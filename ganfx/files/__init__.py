"""Picture files, read and written without loss: pixels, depth, alpha, color profile, EXIF, XMP, IPTC, resolution.

Whole pictures: `open_picture`, `save_picture`. Pictures larger than memory: `open_reader`, `open_writer`. Masks:
`read_mask`. The names are listed in `__init__.pyi` and imported when first used, so that asking for a format does not
load libvips.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
