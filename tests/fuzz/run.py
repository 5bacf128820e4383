"""Fuzzes what reads a stranger's bytes: `python -m tests.fuzz.run [NAME...] [--seconds N]`, or `make fuzz`.

A target is a module `target_<name>.py` beside this file with `one_input(data: bytes)`, which raises only for a defect,
and optionally `seeds()`, which makes inputs to begin with; files in `corpus/<name>/` are seeds too. With atheris,
inputs are led by the code that they reach, else they are plain random mutations of the seeds. Each target runs in a
process of its own, with a limit of memory; one that dies or hangs counts, and is started again. Failing inputs are
kept in build/fuzz/<name>, to be tried again with `--replay FILE`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.state import State
from tests.fuzz.worker import limit_memory, saved

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# A process that is started again this often is not started any more.
_MOST_STARTS = 20
_STARTUP_S = 60.0


@dataclass
class Result:
    """What one target came to; `crashes` counts exceptions and dead processes."""

    inputs: int = 0
    crashes: int = 0
    hangs: int = 0

    @property
    def is_clean(self) -> bool:
        return not self.crashes and not self.hangs


def target_names() -> list[str]:
    """The names of all targets."""
    return sorted(path.stem.removeprefix("target_") for path in HERE.glob("target_*.py"))


def module_of(name: str) -> str:
    """The module of a target."""
    return f"tests.fuzz.target_{name}"


def fuzz_target(module: str, folder: Path, *, seconds: float, hang_s: float, megabytes: int) -> Result:
    """Fuzz the target `module`; `folder`, which is emptied, receives the failing inputs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    state, result = State(folder / "state"), Result()
    end = time.monotonic() + seconds
    dead = 0
    for _ in range(_MOST_STARTS):
        left = end - time.monotonic()
        if left <= 0:
            break
        arguments = [module, str(left), str(megabytes), str(folder)]
        with (folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.worker", *arguments], cwd=ROOT, stdout=log, stderr=log
            )
        if _watched(process, state, hang_s, end) == "hang":
            result.hangs += 1
            saved(folder, "hang", state.current)
        elif process.returncode:
            dead += 1
            saved(folder, "dead", state.current, f"exit status {process.returncode}, see log.txt")
        else:
            break
    result.inputs, result.crashes = state.inputs, state.crashes + dead
    return result


def _watched(process: subprocess.Popen[bytes], state: State, hang_s: float, end: float) -> str:
    """Wait for the process, and kill it where one input takes more than `hang_s`: "hang", else "ended"."""
    first = last = state.inputs
    since = time.monotonic()
    while True:
        try:
            process.wait(0.1)
            return "ended"
        except subprocess.TimeoutExpired:
            pass
        if state.inputs != last:
            last, since = state.inputs, time.monotonic()
        patience = hang_s if last != first else _STARTUP_S
        if time.monotonic() - since > patience:
            is_late = time.monotonic() > end + hang_s and last == first
            # The process writes where it is to its log.
            process.send_signal(signal.SIGUSR1)
            time.sleep(0.2)
            process.kill()
            process.wait()
            return "ended" if is_late else "hang"


def replay(name: str, path: Path, megabytes: int) -> None:
    """Try one input; raises what the target raises."""
    target = importlib.import_module(module_of(name))
    limit_memory(megabytes)
    started = time.monotonic()
    target.one_input(path.read_bytes())
    print(f"{path}: no defect, {time.monotonic() - started:.2f} s")


def main(arguments: list[str] | None = None) -> int:
    """The command; 1 where something was found."""
    parser = argparse.ArgumentParser(description="Fuzz what reads a stranger's bytes.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(target_names())}; default: all")
    parser.add_argument("--seconds", type=float, default=60, help="for each target [60]")
    parser.add_argument("--hang", type=float, default=5, help="seconds that one input may take [5]")
    parser.add_argument("--megabytes", type=int, default=1024, help="of address space for the inputs [1024]")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "fuzz", help="folder for failing inputs")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="only try this input on the one target named")
    given = parser.parse_args(arguments)
    names = given.names or target_names()
    if unknown := set(names) - set(target_names()):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if given.replay:
        replay(names[0], given.replay, given.megabytes)
        return 0
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: plain random mutation, which reaches less code (pip install atheris)")
    print(f"{'target':16}{'inputs':>10}{'crashes':>9}{'hangs':>7}", flush=True)
    failed = []
    for name in names:
        limits = {"seconds": given.seconds, "hang_s": given.hang, "megabytes": given.megabytes}
        result = fuzz_target(module_of(name), given.output / name, **limits)
        print(f"{name:16}{result.inputs:10}{result.crashes:9}{result.hangs:7}", flush=True)
        if not result.is_clean:
            failed.append(str(given.output / name))
    if failed:
        print(f"failing inputs are in {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
