"""Training of ganfx's networks: recipes, tasks, losses, and `train_model`, which makes a model of one's own.

The names are listed in `__init__.pyi` and imported when first used, so that asking what can be trained
(`ganfx.training.tasks`) imports neither torch nor numpy.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
