"""One process that tries inputs on one target until its time is over; `run.py` starts and watches it."""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import importlib
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from tests.fuzz.mutation import mutations
from tests.fuzz.state import MAX_BYTES, State

CORPUS = Path(__file__).parent / "corpus"

try:
    import atheris
except ImportError:
    atheris = None


def seeds_of(target: ModuleType) -> list[bytes]:
    """The seeds that the target makes (`seeds()`, optional), and the files of its corpus folder."""
    made = list(target.seeds()) if hasattr(target, "seeds") else []
    folder = CORPUS / target.__name__.rpartition("target_")[2]
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [*made, *(path.read_bytes() for path in files)] or [b""]


def limit_memory(megabytes: int) -> None:
    """Let this process take `megabytes` of address space more than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))


def saved(folder: Path, kind: str, data: bytes, report: str = "") -> Path:
    """Write a failing input, and the `report` on it, into `folder`."""
    path = folder / f"{kind}-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    if report:
        path.with_name(f"{path.name}.txt").write_text(report)
    return path


def guarded(one_input: Callable[[bytes], object], state: State, folder: Path) -> Callable[[bytes], None]:
    """`one_input` that counts and saves what it raises, once per place in the code, and goes on."""
    known: set[str] = set()

    def run(data: bytes) -> None:
        data = data[:MAX_BYTES]
        state.begin(data)
        try:
            one_input(data)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            state.count_crash()
            if (key := f"{type(error).__name__} {place.filename}:{place.lineno}") not in known:
                known.add(key)
                saved(folder, "crash", data, traceback.format_exc())

    return run


def fuzz(module: str, seconds: float, megabytes: int, folder: Path) -> None:
    """Try inputs on the target `module` for `seconds`; `folder` keeps what fails. With atheris it does not return."""
    with atheris.instrument_imports(include=["ganfx"]) if atheris else contextlib.nullcontext():
        target = importlib.import_module(module)
    seeds = seeds_of(target)
    faulthandler.register(signal.SIGUSR1)
    run = guarded(target.one_input, State(folder / "state"), folder)
    limit_memory(megabytes)
    if atheris:
        _with_atheris(run, seeds, seconds, folder)
    end = time.monotonic() + seconds
    for data in mutations(seeds, random.Random(0), MAX_BYTES):
        if time.monotonic() > end:
            return
        run(data)


def _with_atheris(run: Callable[[bytes], None], seeds: list[bytes], seconds: float, folder: Path) -> None:
    found = folder / "corpus"
    found.mkdir(exist_ok=True)
    for seed in seeds:
        saved(found, "seed", seed)
    limits = [f"-max_total_time={max(1, round(seconds))}", f"-max_len={MAX_BYTES}"]
    # Memory and hangs are the parent's affair.
    limits += ["-timeout=3600", "-rss_limit_mb=0", "-handle_usr1=0"]
    quiet = ["-verbosity=0", "-print_final_stats=0", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *limits, *quiet, str(found)], run)
    atheris.Fuzz()


if __name__ == "__main__":
    fuzz(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
