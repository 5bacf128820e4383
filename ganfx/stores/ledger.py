"""What was made from what, recorded in the output itself: JSON lines, a file for some rows of one worker at a time."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganfx.atomic import new_token, write_atomic
from ganfx.stores.store import Store

# In the output's folder; hidden, so that it is in no listing of pictures.
FOLDER = ".ganfx/ledger"
# Rows are written when there are so many, or the oldest has waited for so many seconds.
_ROWS, _SECONDS = 50, 15.0


@dataclass(frozen=True)
class LedgerRow:
    """One picture that was worked on.

    input, output   names relative to the folder named as input and to the output
    input_version   see `StoredFile`
    recipe          SHA-256 of all that decided the result beside the input
    status          done or failed
    input_sha256    of the input, in hex; empty where it was not read
    output_sha256   of the result, in hex; empty where there is none
    output_version  of the result as it lies in the store
    error           why it failed
    seconds         that it took
    megapixels      of the result
    worker          who made it
    time            seconds since 1970
    """

    input: str
    output: str
    input_version: str
    recipe: str
    status: str
    input_sha256: str = ""
    output_sha256: str = ""
    output_version: str = ""
    error: str = ""
    seconds: float = 0.0
    megapixels: float = 0.0
    worker: str = ""
    time: float = 0.0


class LedgerWriter:
    """Adds rows to the ledger of `output`; a context manager that writes the rest at its end. For several threads."""

    def __init__(self, output: Store, worker: str) -> None:
        self._output, self.worker = output, worker
        self._begun = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self._token, self._parts = new_token(), 0
        self._lock = threading.Lock()
        self._rows: list[LedgerRow] = []
        self._since = 0.0

    def add(self, row: LedgerRow) -> None:
        """Record `row`. Raises OutputError where the rows so far cannot be written."""
        with self._lock:
            if not self._rows:
                self._since = time.monotonic()
            self._rows.append(dataclasses.replace(row, worker=self.worker, time=round(time.time(), 3)))
            if len(self._rows) >= _ROWS or time.monotonic() - self._since > _SECONDS:
                self._write()

    def close(self) -> None:
        """Write the rows that wait. Raises OutputError."""
        with self._lock:
            if self._rows:
                self._write()

    def _write(self) -> None:
        name = f"{FOLDER}/{self._begun}-{self.worker.replace('/', '-of-')}-{self._token}-{self._parts:05}.jsonl"
        text = "".join(json.dumps(dataclasses.asdict(row)) + "\n" for row in self._rows)
        with tempfile.TemporaryDirectory(prefix="ganfx-") as folder:
            path = Path(folder) / "rows.jsonl"
            write_atomic(path, text, durable=False)
            self._output.put(path, name, overwrite=False)
        self._rows, self._parts = [], self._parts + 1

    def __enter__(self) -> LedgerWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def read_rows(output: Store) -> Iterator[LedgerRow]:
    """All rows of the ledger of `output`, in the order of their parts; damaged lines are left out.

    Raises OptionError where the output may not be read, and UnreadableError.
    """
    ledger = Store(output.address_of(FOLDER))
    if not ledger.is_there():
        return
    for name in sorted(entry.name for entry in ledger.files(recursive=False)):
        for line in ledger.read(name).decode("utf-8", "replace").splitlines():
            if row := _row(line):
                yield row


def latest(output: Store, wanted: Callable[[str], bool] = lambda name: True) -> dict[str, LedgerRow]:
    """The newest row of each result, by its name, of the inputs that are `wanted` by their names."""
    found: dict[str, LedgerRow] = {}
    for row in read_rows(output):
        before = found.get(row.output)
        # A failure says nothing of a result that is there.
        if wanted(row.input) and (before is None or (row.time >= before.time and row.status != "failed")):
            found[row.output] = row
    return found


def _row(line: str) -> LedgerRow | None:
    try:
        values: dict[str, Any] = json.loads(line)
        row = LedgerRow(**{field.name: values[field.name] for field in dataclasses.fields(LedgerRow)})
    except (ValueError, TypeError, KeyError):
        return None
    are_right = all(
        isinstance(getattr(row, field.name), (int, float) if field.type == "float" else str)
        for field in dataclasses.fields(LedgerRow)
    )
    return row if are_right else None
