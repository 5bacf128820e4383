"""Batches over stores of objects, such as s3://bucket/photos, by fsspec: listed as they go, written whole or not.

    batch = plan_stores(["s3://bucket/in"], "s3://bucket/out", "upscale:2", BatchOptions(shard=Shard(3, 16)))
    for outcome in batch.run(): ...

`addresses` knows the kinds of stores, `store` reads and writes one, `ledger` records in the output what was made from
what, `planning` names results, `store_batch` makes them, and `auditing` compares the ledger with what is there.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
