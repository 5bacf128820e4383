"""Items made without a journal, as those whose pictures come from a pipe: nothing could ever be up to date."""

from __future__ import annotations

import contextlib

from ganfx.batch.item_runner import ItemRunner, make_folders, settled_outcome
from ganfx.batch.items import Item
from ganfx.batch.making import way_to_make
from ganfx.batch.process import Outcome, WritePolicy
from ganfx.batch.stage_limits import DECODE, StageSlot
from ganfx.errors import ItemError


class UnrecordedRunner(ItemRunner):
    """An `ItemRunner` that neither reads nor writes what was made before."""

    def make(self, item: Item, slot: StageSlot) -> Outcome:
        """Make the result of `item`. Raises ItemError, EngineError and ModelError."""
        with slot, ItemError.about(item.source), contextlib.ExitStack() as stack:
            slot.enter(DECODE)
            make_folders(item)
            if known := settled_outcome(item, "", (None, None)[: 1 + bool(item.mask_home)], self.existing):
                return known
            policy = WritePolicy(self.existing.overwrite, self.existing.overwrite)
            return way_to_make(item, stack)(item, self.chooser_of(item), self.save, policy, slot)
