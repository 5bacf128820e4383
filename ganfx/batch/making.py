"""How an item is made: as a contact sheet, an animation or a picture."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable

from ganfx.batch.animations import animation_of, process_animation
from ganfx.batch.candidates import make_sheet
from ganfx.batch.items import Item
from ganfx.batch.process import Outcome, process


def way_to_make(item: Item, stack: contextlib.ExitStack) -> Callable[..., Outcome]:
    """What makes `item`, called as `process` is; a file that it needs open is closed by `stack`.

    Raises as `animation_of` does.
    """
    if item.sheet:
        return make_sheet
    animation = animation_of(item)
    return functools.partial(process_animation, stack.enter_context(animation)) if animation else process
