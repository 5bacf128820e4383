"""What a ledger says of an output, and whether the store agrees."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ganfx.batch.process import DONE, FAILED
from ganfx.errors import OptionError, UnreadableError
from ganfx.stores.ledger import LedgerRow, latest
from ganfx.stores.store import Store

RIGHT, MISSING, CHANGED = "right", "missing", "changed"


@dataclass(frozen=True)
class AuditedResult:
    """One result of the ledger, and what the store has: right, missing or changed."""

    row: LedgerRow
    address: str
    status: str


def summary(output: str) -> dict[str, Any]:
    """What was made in the output at the address `output`: counts, megapixels, and per worker; the failures in rows.

    Raises OptionError where there is no ledger.
    """
    rows = _rows(Store(output)).values()
    done = [row for row in rows if row.status == DONE]
    return {
        "done": len(done),
        "failed": sum(row.status == FAILED for row in rows),
        "megapixels": round(sum(row.megapixels for row in done), 3),
        "seconds": round(sum(row.seconds for row in done), 3),
        "last": max(row.time for row in rows),
        "workers": dict(sorted(Counter(row.worker for row in rows).items())),
        "failures": [{"input": row.input, "error": row.error} for row in rows if row.status == FAILED],
    }


def audit(output: str) -> Iterator[AuditedResult]:
    """Each result in the ledger of `output`, read in full and compared with its SHA-256.

    Raises OptionError where there is no ledger.
    """
    store = Store(output)
    for row in _rows(store).values():
        if row.status == DONE:
            yield AuditedResult(row, store.address_of(row.output), _status(store, row))


def _rows(store: Store) -> dict[str, LedgerRow]:
    rows = latest(store)
    if not rows:
        raise OptionError(
            f"{store.url} has no ledger", hint="batches over stores write one: -o s3://bucket/folder, or file:///folder"
        )
    return rows


def _status(store: Store, row: LedgerRow) -> str:
    try:
        content = store.read(row.output)
    except UnreadableError:
        return MISSING
    return RIGHT if hashlib.sha256(content).hexdigest() == row.output_sha256 else CHANGED
