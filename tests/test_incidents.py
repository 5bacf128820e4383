"""What nobody foresaw is told in one line, and kept where it can be looked up."""

from __future__ import annotations

import logging
import os
import re
import stat
from pathlib import Path

import pytest

from ganfx import incidents, paths
from ganfx.incidents import OneLineFormatter, unexpected


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    return paths.error_log()


def caught(error: Exception) -> Exception:
    try:
        raise error
    except Exception as raised:
        return raised


def test_the_message_is_one_line_and_its_reference_leads_to_the_traceback(log: Path) -> None:
    found = unexpected(caught(ZeroDivisionError("division by zero")), "a\nb.jpg")
    assert found.message == "failed unexpectedly, ZeroDivisionError: division by zero"
    assert found.hint
    reference = re.search(r"reference (\w+)", found.hint)
    assert reference
    assert str(log) in found.hint
    text = log.read_text(encoding="utf-8")
    assert f"reference {reference[1]}: a\\nb.jpg\n" in text
    assert "test_incidents.py" in text


def test_an_error_cannot_write_lines_of_its_own_into_the_log(log: Path) -> None:
    unexpected(caught(ValueError("cut off\n2026-01-01 00:00:00,000 reference 0: forged \x1b[2J \udcff")), "a.jpg")
    lines = log.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("20")] == lines[:1]
    assert "\x1b" not in "".join(lines)


def test_logs_have_a_line_for_each_record_whatever_files_are_called() -> None:
    formatter = OneLineFormatter("%(levelname)s: %(message)s")
    record = logging.makeLogRecord({"msg": "%s\nINFO: forged \x1b[2J", "args": ("a\udcff.jpg",), "levelname": "ERROR"})
    error = caught(ValueError("cut\nERROR: forged"))
    record.exc_info = (type(error), error, error.__traceback__)
    first, *others = formatter.format(record).splitlines()
    assert first == "ERROR: a\\xff.jpg\\nINFO: forged \\x1b[2J"
    assert others
    assert all(line.startswith("    ") for line in others)


def test_the_log_stays_small(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incidents, "_LOG_BYTES", 50_000)

    def deeper(depth: int) -> None:
        deeper(depth + 1) if depth % 2 else list(map(deeper, [depth + 1]))

    for _ in range(20):
        try:
            deeper(0)
        except RecursionError as error:
            unexpected(error, "a.jpg")
        unexpected(caught(ValueError("x" * 10**6)), "b.jpg")
    assert sum(path.stat().st_size for path in log.parent.iterdir()) < 2 * 50_000 + 250 * 500
    assert len(list(log.parent.iterdir())) <= 2


@pytest.mark.skipif(os.name == "nt", reason="permission bits")
def test_the_log_is_for_the_user_alone(log: Path) -> None:
    unexpected(caught(MemoryError()), "a.jpg")
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700


def test_where_nothing_can_be_logged_the_error_is_told_all_the_same(log: Path) -> None:
    log.parent.write_text("a file in its place")
    found = unexpected(caught(MemoryError()), "a.jpg")
    assert found.message == "failed unexpectedly, MemoryError"
    assert "could not be logged" in str(found.hint)
