"""Many files through one filter or chain: which ones and what their results are called (`inputs`, `items`), one of them
(`item_runner`, with its `journal`), all of them (`run`, within `stage_limits`)."""
