"""Work in a process of its own ends: with an answer, at a limit, with its caller, or with a word about why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ganfx import isolation
from ganfx.errors import ContractError, OptionError
from ganfx.isolation import CallLimits, ChildError

pytestmark = pytest.mark.usefixtures("real_processes")

LIMITS = CallLimits(20, 1 << 30)


def run(code: str, limits: CallLimits = LIMITS) -> None:
    isolation.call("builtins:exec", code, limits=limits)


def test_answers_come_back() -> None:
    assert isolation.call("json:loads", '{"a": [1, null]}', limits=LIMITS) == {"a": [1, None]}


def test_an_error_of_ganfx_stays_that_error_in_one_line() -> None:
    with pytest.raises(ContractError) as caught:
        run("from ganfx.errors import ContractError\nraise ContractError('a\\nb\\x1b[2J', hint='c')")
    assert (caught.value.message, caught.value.hint) == (r"a b\x1b[2J", "c")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("1 / 0", "fails in an unforeseen way (ZeroDivisionError)"),
        ("import os; os.abort()", "ends the process that works on it (SIGABRT)"),
        ("import os; os._exit(3)", "ends the process that works on it (exit status 3)"),
        ("import os; os._exit(0)", "gives no answer"),
        ("b = [bytearray(b'x' * (1 << 24)) for _ in range(1000)]", "takes more than 1.0 GiB of memory"),
        ("bytearray(1 << 50)", "takes more than 1.0 GiB of memory"),
    ],
)
def test_a_death_is_told(code: str, reason: str) -> None:
    with pytest.raises(ChildError) as caught:
        run(code)
    assert caught.value.reason == reason


def test_the_traceback_is_kept_for_whoever_looks_for_it() -> None:
    with pytest.raises(ChildError) as caught:
        run("1 / 0")
    assert "division by zero" in caught.value.__notes__[0]


@pytest.mark.parametrize("code", ["while True: pass", "import time; time.sleep(99)"])
def test_time_ends(code: str) -> None:
    began = time.monotonic()
    with pytest.raises(ChildError, match=r"takes more than 1 s"):
        run(code, CallLimits(1, 1 << 30))
    assert time.monotonic() - began < 5


def test_an_interruption_is_heard_at_once_and_nothing_survives(tmp_path: Path) -> None:
    mark = tmp_path / "pid"

    def interrupted() -> None:
        if mark.exists() and mark.read_text():
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        isolation.call(
            "builtins:exec",
            f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(99)",
            limits=LIMITS,
            poll=interrupted,
        )
    assert time.monotonic() - began < 5
    assert not psutil.pid_exists(int(mark.read_text()))


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_a_caller_that_is_killed(number: int, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    inner = f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(99)"
    outer = f"from ganfx.isolation import *\ncall('builtins:exec', {inner!r}, limits=CallLimits(99, 1 << 30))"
    caller = subprocess.Popen([sys.executable, "-c", outer])
    wait_until(lambda: mark.exists() and bool(mark.read_text()))
    caller.send_signal(number)
    caller.wait(10)
    wait_until(lambda: not psutil.pid_exists(int(mark.read_text())))


def wait_until(holds: Callable[[], bool]) -> None:
    """Ten seconds at most."""
    for _ in range(500):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError


def test_nothing_is_imported_from_where_the_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "ganfx").mkdir()
    (tmp_path / "ganfx" / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    isolation.call("json:loads", "1", limits=LIMITS)
    assert not (tmp_path / "ran").exists()


def test_what_libraries_print_is_no_answer() -> None:
    with pytest.raises(OptionError, match="after noise"):
        run("print('noise')\nfrom ganfx.errors import OptionError\nraise OptionError('after noise')")
