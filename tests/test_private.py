"""The user's state folder: what others could have put there is not believed, by whichever command."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from ganfx.batch.seals import KEY, Seal
from ganfx.private import check_private, private_folder
from tests.cli.test_commands import ganfx

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


def test_a_new_folder_is_the_users_alone(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "new" / "state")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o702])
@pytest.mark.parametrize("command", [["serve"], ["plugins", "describe"], ["stylize", "picture.png", "-o", "."]])
def test_a_folder_that_everybody_may_write_into_is_refused_and_left_as_it_is(
    tmp_path: Path, mode: int, command: list[str]
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(mode)
    (tmp_path / "picture.png").write_bytes(b"")
    done = ganfx(*command, env={"GANFX_STATE": str(state)}, cwd=tmp_path)
    assert done.returncode
    assert "everybody may write into it" in done.stderr
    assert "GANFX_STATE" in done.stderr
    assert stat.S_IMODE(state.stat().st_mode) == mode
    assert list(state.iterdir()) == []


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    with pytest.raises(OSError, match="belongs to another user"):
        private_folder(tmp_path)


def test_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "state").symlink_to("elsewhere")
    with pytest.raises(OSError, match="is a link"):
        private_folder(tmp_path / "state")


@pytest.mark.parametrize(("before", "after"), [(0o775, 0o755), (0o770, 0o750), (0o755, 0o755), (0o700, 0o700)])
def test_no_more_is_taken_from_a_folder_than_writing_by_a_group(tmp_path: Path, before: int, after: int) -> None:
    tmp_path.chmod(before)
    check_private(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == after


def test_a_seal_that_somebody_else_could_have_written_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_STATE", str(tmp_path))
    Seal.own()
    assert Seal.found()
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
    tmp_path.chmod(0o777)
    assert Seal.found() is None
