"""The state folder: what others could have put there is not believed; what the service writes is the user's alone."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from ganfx.server import state_dir
from plugins.client import ServiceClient
from tests.cli.test_commands import ganfx
from tests.server.services import Service, serving, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


def test_all_files_of_the_service_are_the_users_alone(service: Service) -> None:
    assert service.address
    modes = {path: oct(stat.S_IMODE(path.stat().st_mode)) for path in service.state.iterdir()}
    assert {path.name for path in modes} >= {"server.json", "serve.lock", "serve.log"}
    for path, mode in modes.items():
        assert mode == ("0o700" if path.is_dir() else "0o600"), path.name


@pytest.mark.parametrize("name", ["serve.lock", "serve.log"])
def test_links_in_the_folder_are_not_followed(tmp_path: Path, name: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    state = tmp_path / "state"
    state.mkdir()
    (state / name).symlink_to(precious)
    done = ganfx("serve", env={"GANFX_STATE": str(state)})
    assert (done.returncode, "cannot be used" in done.stderr) == (1, True), done.stderr
    assert precious.read_text() == "mine"


def test_a_link_in_place_of_the_address_is_replaced(tmp_path: Path, models: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    state = tmp_path / "state"
    state.mkdir()
    (state / "server.json").symlink_to(precious)
    with serving(state, models) as service:
        wait_until(lambda: not (state / "server.json").is_symlink())
        assert service.address["token"]
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("text", ["[" * 100_000, '{"pid": ', "\x00", "{}" + " " * (1 << 21) + "x"])
def test_an_address_that_makes_no_sense_is_no_address(tmp_path: Path, text: str) -> None:
    (tmp_path / "server.json").write_text(text)
    assert state_dir.read_json(tmp_path / "server.json") in (None, {})
    assert ServiceClient(("false",), tmp_path)._read_json("server.json") in (None, {})


def test_a_fifo_in_place_of_the_address_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "server.json")
    assert state_dir.read_json(tmp_path / "server.json") is None
    assert ServiceClient(("false",), tmp_path)._read_json("server.json") is None


def test_the_plug_ins_do_not_believe_a_link_or_another_users_file(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = service.client
    assert client._find_service()
    (tmp_path / "server.json").symlink_to(service.state / "server.json")
    assert ServiceClient(("false",), tmp_path)._find_service() is None
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert client._find_service() is None


def test_the_plug_ins_send_pictures_to_this_computer_alone(service: Service, tmp_path: Path) -> None:
    address = service.address | {"host": "localhost.example.org"}
    (tmp_path / "server.json").write_text(json.dumps(address))
    (tmp_path / "server.json").chmod(0o600)
    assert ServiceClient(("false",), tmp_path)._find_service() is None


@pytest.mark.parametrize("harm", ["altered", "removed"])
def test_the_running_service_writes_its_address_anew(service: Service, harm: str) -> None:
    path, address = service.state / "server.json", service.address
    if harm == "altered":
        path.write_text(json.dumps(address | {"token": "wrong"}))
    else:
        path.unlink()
    wait_until(lambda: state_dir.read_json(path) == address, 3)
    second = ganfx("serve", env={"GANFX_STATE": str(service.state)})
    assert (second.returncode, "it runs already" in second.stderr) == (0, True)


def test_a_service_whose_folder_was_removed_ends(tmp_path: Path, models: Path) -> None:
    state = tmp_path / "state"
    with serving(state, models) as service:
        assert service.address
        state.rename(tmp_path / "moved")
        with serving(state, models) as second:
            assert second.address
            assert service.process.wait(20) == 0
            assert second.health()["pid"] == second.process.pid
