"""Seamless textures from one example, by patches; what makes a photograph tile; and guesses of its material."""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
