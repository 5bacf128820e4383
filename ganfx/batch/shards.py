"""Parts of a batch for several machines, which need not know of each other: each picture's name says whose it is."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from ganfx.errors import OptionError

AUTO = "auto"
_HINT = "write it as in 0/16, the first of sixteen; or auto, auto/16"
_MOST = 1_000_000


@dataclass(frozen=True)
class _System:
    """How a system of batches numbers its jobs, by the names of environment variables; empty: it has none."""

    name: str
    index: str
    count: str = ""
    first: str = ""
    step: str = ""


_SYSTEMS = (
    _System(
        "Slurm's arrays",
        "SLURM_ARRAY_TASK_ID",
        "SLURM_ARRAY_TASK_COUNT",
        "SLURM_ARRAY_TASK_MIN",
        "SLURM_ARRAY_TASK_STEP",
    ),
    _System("AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
    _System("Kubernetes", "JOB_COMPLETION_INDEX"),
    _System("Slurm's tasks", "SLURM_PROCID", "SLURM_NTASKS"),
)


@dataclass(frozen=True)
class Shard:
    """The part `index`, counted from 0, of `count` parts that together are all pictures, each in one of them."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str, environment: Mapping[str, str] = os.environ) -> Shard:
        """The shard in a text: K/N, or auto, or auto/N, where the system that started this process says K.

        Raises OptionError.
        """
        found = re.fullmatch(rf"(\d{{1,7}}|{AUTO})(?:/(\d{{1,7}}))?", text.strip())
        if found is None or (found[1] != AUTO and found[2] is None):
            raise OptionError(f"shard: {text!r} is no part of a batch", hint=_HINT)
        count = int(found[2]) if found[2] else None
        shard = _told(environment, count) if found[1] == AUTO else cls(int(found[1]), count or 0)
        if not 0 <= shard.index < shard.count <= _MOST:
            raise OptionError(f"shard: there is no part {shard} of a batch: parts count from 0", hint=_HINT)
        return shard

    def has(self, name: PurePath) -> bool:
        """Whether the picture called `name`, relative to the folder that was named, is in this part."""
        import hashlib  # heavier than all else that --help needs

        digest = hashlib.sha256(os.fsencode(name.as_posix())).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def _told(environment: Mapping[str, str], count: int | None) -> Shard:
    """The shard that the first of `_SYSTEMS` that is there says, of `count` ones. Raises OptionError."""
    system = next((system for system in _SYSTEMS if environment.get(system.index)), None)
    if system is None:
        known = ", ".join(system.index for system in _SYSTEMS)
        raise OptionError(f"shard: none of {known} is set", hint="say it yourself: --shard 0/16")

    def number(name: str, otherwise: int) -> int:
        text = environment.get(name, "") if name else ""
        if text and not text.isdecimal():
            raise OptionError(f"shard: {name} is {text!r}, no number", hint="say it yourself: --shard 0/16")
        return int(text) if text else otherwise

    index = number(system.index, 0)
    if count is not None:
        # The numbers as they are: then jobs that failed can be started again alone.
        return Shard(index, count)
    if not environment.get(system.count):
        raise OptionError(f"shard: {system.name} does not say how many parts there are", hint="--shard auto/16 says it")
    offset, step = index - number(system.first, 0), max(1, number(system.step, 1))
    if offset % step:
        raise OptionError(
            f"shard: {system.index} {index} is none of evenly numbered jobs", hint="--shard auto/16 takes it as it is"
        )
    return Shard(offset // step, number(system.count, 0))
