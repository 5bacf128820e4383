"""Who owns a claim: a process that runs keeps it, and one that ended does not, whatever happens to the clock."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ganfx.batch import processes
from ganfx.batch.owners import FOREIGN_CLAIM_S, Owner
from ganfx.batch.processes import start_of
from ganfx.watch import health

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="start times come from the clock there")
ODD_NUMBERS = (2**22 + 1, 2**70, -1)


@contextlib.contextmanager
def another_process(script: str) -> Iterator[str]:
    """What a process that runs `script` prints; it ends with the block."""
    command = [sys.executable, "-c", f"{script}\ninput()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.kill()


@contextlib.contextmanager
def owner_elsewhere() -> Iterator[Owner]:
    """An owner in another process, as that one stores it."""
    script = """import dataclasses, json
from ganfx.batch.owners import Owner
print(json.dumps(dataclasses.asdict(Owner.new())), flush=True)"""
    with another_process(script) as said:
        yield Owner(**json.loads(said))


@pytest.fixture
def changed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    real = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: real(process) + 3600)


def test_only_the_living_own() -> None:
    now = time.time()
    one = Owner.new()
    assert one.lives(now)
    assert not dataclasses.replace(one, token="an earlier process of this number").lives(now)
    parent = dataclasses.replace(one, pid=os.getppid(), start=start_of(os.getppid()))
    assert parent.lives(now)
    assert not dataclasses.replace(parent, start=parent.start - 1000).lives(now)
    for pid in ODD_NUMBERS:
        assert not dataclasses.replace(one, pid=pid).lives(now)
    elsewhere = dataclasses.replace(one, host="another machine")
    assert elsewhere.lives(now)
    assert not elsewhere.lives(now - 2 * FOREIGN_CLAIM_S)
    one.release()
    assert not one.lives(now)


def test_a_process_that_ended_owns_nothing() -> None:
    with owner_elsewhere() as owner:
        assert owner.lives(time.time())
    assert not owner.lives(time.time())


@on_linux
@pytest.mark.usefixtures("changed_clock")
def test_a_running_process_keeps_its_claims_when_the_clock_is_set() -> None:
    with owner_elsewhere() as owner:
        assert owner.lives(time.time())


@on_linux
def test_a_watcher_runs_on_when_the_clock_is_set(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    script = f"""from ganfx.watch.health import WatchStatus
WatchStatus('in', {str(tmp_path)!r}, 'heal').save()
print(flush=True)"""
    with another_process(script):
        request.getfixturevalue("changed_clock")
        assert [said.is_running for said in health.read_all(tmp_path)] == [True]


@on_linux
def test_a_process_of_an_earlier_boot_owns_nothing_even_if_its_number_and_start_are_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with owner_elsewhere() as owner:
        assert processes.boot_id()
        monkeypatch.setattr(processes, "boot_id", lambda: "another boot")
        assert not owner.lives(time.time())


@on_linux
def test_names_of_processes_do_not_confuse() -> None:
    script = """import ctypes, os
ctypes.CDLL(None).prctl(15, b') R 1 (a b', 0, 0, 0)
print(open(f'/proc/{os.getpid()}/stat').read(), flush=True)"""
    with another_process(script) as said:
        assert ") R 1 (a b" in said
        pid = int(said.split()[0])
        assert start_of(pid) == pytest.approx(psutil.Process(pid).create_time() - psutil.boot_time(), abs=2)


def test_numbers_that_no_process_has_are_no_crash() -> None:
    for pid in ODD_NUMBERS:
        assert not processes.is_alive(pid, 0.0, processes.boot_id())
        assert processes.describe_process(pid) == f"process {pid}"
