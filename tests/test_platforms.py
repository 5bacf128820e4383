"""Windows and macOS, on which these tests do not run: what Python lacks there is used nowhere without need."""

from __future__ import annotations

import ast
import ntpath
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganfx.engine import runtime
from ganfx.stores import addresses

ROOT = Path(__file__).parents[1]
# What Python's documentation says Windows, or macOS, does not have.
MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
NAMES = {
    "os": {"geteuid", "getuid", "fork", "kill", "killpg", "mkfifo", "sched_getaffinity", "setsid", "statvfs", "sysconf"}
    | {"O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "fchmod", "fchown", "uname", "posix_fadvise"},
    "signal": {"SIGALRM", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGUSR1", "SIGXCPU", "pthread_sigmask", "setitimer"},
}
# Where they are used, each behind a look at the platform.
GUARDED = {
    "ganfx/batch/owners.py": {"os.geteuid"},
    "ganfx/batch/processes.py": {"os.sysconf"},
    "ganfx/batch/recipes.py": {"os.geteuid"},
    "ganfx/engine/runtime.py": {"os.sched_getaffinity"},
    "ganfx/hosts/programs.py": {"os.killpg", "signal.SIGKILL"},
    "ganfx/isolation.py": {"os.killpg", "signal.SIGKILL"},
    "ganfx/private.py": {"os.fchmod", "os.geteuid"},
}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("ganfx", "exporters"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def test_no_module_needs_another_that_windows_lacks_to_be_imported() -> None:
    found = {
        (name, alias)
        for name, tree in trees()
        for node in tree.body
        for alias in _imported(node)
        if alias.partition(".")[0] in MODULES
    }
    assert found == set()


def test_what_windows_or_macos_lack_is_used_where_the_platform_is_looked_at() -> None:
    found: dict[str, set[str]] = {}
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module, attribute = node.value.id, node.attr
                if attribute in NAMES.get(module, ()):
                    found.setdefault(name, set()).add(f"{module}.{attribute}")
    assert found == GUARDED


def test_threads_are_counted_without_affinities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert runtime.processor_threads() == (8, 4)


def _imported(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module


def test_paths_of_windows_are_split_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "split", ntpath.split)
    assert addresses.split("C:\\photos\\a.jpg") == ("C:\\photos", "a.jpg")
    assert addresses.split("a.jpg") == (".", "a.jpg")
    assert addresses.split("s3://bucket/in/a.jpg") == ("s3://bucket/in", "a.jpg")
