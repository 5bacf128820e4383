"""Which model files the engine opens: those that ship with ganfx, and those that have once proved that they work.

A file is known by its bytes. One that has never been seen is examined first, in a process with limits; what was found
is stored in the user's cache folder under the SHA-256 of the file, so that this happens once. A file that is replaced
is another file, and is examined again; what the engine loads is what was examined.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganfx import isolation
from ganfx.atomic import write_atomic
from ganfx.engine.cancel import check_cancelled
from ganfx.engine.contract import plain_name
from ganfx.errors import ContractError, GanfxError
from ganfx.isolation import CallLimits, ChildError
from ganfx.paths import cache_dir
from ganfx.spec import ModelSpec
from ganfx.spec.model_file import read_model, spec_in
from ganfx.weights import FOLDER

EXAMINATION_S = 120.0
EXAMINATION_BYTES = 4 << 30
# Weights are held by the file, the graph, and the session, and once more where they are reordered.
_BYTES_OF_FILE = 6
# The number rises when the examination becomes stricter.
_STORE = "accepted-models-1.json"
_MAX_STORED = 500

_lock = threading.Lock()
_accepted: dict[str, str] = {}


@dataclass(frozen=True)
class AcceptedModel:
    """A model file that may be opened."""

    path: Path
    """The file."""
    spec: ModelSpec
    """Its contract, stored in it or measured."""
    digest: str
    """The SHA-256 of the file, in hex."""

    def content(self) -> bytes:
        """The file's bytes. Raises ContractError where they are not the accepted ones any more."""
        content = read_model(self.path)
        if hashlib.sha256(content).hexdigest() != self.digest:
            raise ContractError(f"{self.path}: was changed while it was in use", hint="run it again")
        return content


def accept(path: Path) -> AcceptedModel:
    """The model at `path`, examined where it is neither known nor one that ships.

    Raises ContractError where the file is no model, breaks its contract, or takes too much time or memory to be
    loaded; ModelError where it cannot be read; InferenceError where the caller is cancelled.
    """
    content = read_model(path)
    spec = spec_in(content, path)
    size, digest = len(content), hashlib.sha256(content).hexdigest()
    del content
    if spec is not None and _ships(path):
        return AcceptedModel(path, spec, digest)
    found = _known(digest) or _examined(path, size, digest)
    return AcceptedModel(path, spec or _named(found, path), digest)


def _known(digest: str) -> ModelSpec | None:
    stored = _accepted.get(digest) or _stored().get(digest)
    try:
        return ModelSpec.from_json(stored) if stored else None
    except ContractError:  # another version stored it
        return None


def _named(spec: ModelSpec, path: Path) -> ModelSpec:
    """A measured contract under the name that the file has now."""
    return dataclasses.replace(spec, name=plain_name(path))


def _ships(path: Path) -> bool:
    return os.path.dirname(os.path.realpath(path)) == os.path.realpath(FOLDER)


def _examined(path: Path, size: int, digest: str) -> ModelSpec:
    limits = CallLimits(EXAMINATION_S, EXAMINATION_BYTES + _BYTES_OF_FILE * size)
    found = tried("ganfx.engine.examination:examine", path, limits=limits)
    if found["digest"] != digest:
        raise ContractError(f"{path}: was changed while it was tried", hint="run it again")
    spec = ModelSpec.from_json(found["contract"])
    _remember(digest, found["contract"])
    return spec


def tried(function: str, path: Path, *others: Any, limits: CallLimits) -> Any:
    """`isolation.call` of a function whose first argument is the model file at `path`.

    Raises ContractError where it gives no answer within `limits`, InferenceError where the caller is cancelled, and
    what the function raises.
    """
    absolute = str(path.absolute())
    try:
        return isolation.call(function, absolute, *others, limits=limits, poll=check_cancelled)
    except ChildError as error:
        raise ContractError(f"{path}: {error.reason} when it is tried", hint="choose another model") from error
    except GanfxError as error:
        raise type(error)(error.message.replace(absolute, str(path)), hint=error.hint) from error


def _remember(digest: str, contract: str) -> None:
    """Store what was found; a cache folder that cannot be written is ignored, and the next process examines again."""
    with _lock, contextlib.suppress(OSError):
        _accepted[digest] = contract
        stored = _stored()
        stored.pop(digest, None)
        kept = list(stored.items())[-_MAX_STORED + 1 :]
        path = cache_dir() / _STORE
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps({**dict(kept), digest: contract}, indent=1), mode=0o600)


def _stored() -> dict[str, str]:
    try:
        stored = json.loads((cache_dir() / _STORE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in stored.items()} if isinstance(stored, dict) else {}
