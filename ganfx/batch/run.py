"""One file after the other; a file that fails is reported and the rest go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from ganfx import pipeline
from ganfx.batch.plan import Item
from ganfx.batch.process import Outcome, process
from ganfx.errors import ItemError
from ganfx.files import SaveOptions


def run(
    items: Sequence[Item],
    work: pipeline.Work,
    save: SaveOptions,
    *,
    overwrite: bool = False,
    progress: Callable[[Item, float], None] | None = None,
) -> Iterator[Outcome]:
    """Process `items` in order, yielding each outcome; `progress` is told the finished share of an item, 0..1.

    Raises EngineError and ModelError, which would fail every item alike.
    """
    for item in items:
        started = time.monotonic()
        try:
            with ItemError.about(item.source):
                outcome = process(item, work, save, overwrite, progress)
            yield outcome
        except ItemError as error:
            yield Outcome(item, time.monotonic() - started, error=error)
