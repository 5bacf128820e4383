"""Downloads arrive whole and verified, or not at all. Everything here stays on this machine."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import Any

import filelock
import pytest
import requests

from ganfx.errors import ChecksumError, DownloadError
from ganfx.hub import address, fetching
from ganfx.hub import download as downloads
from ganfx.hub.download import download
from tests.hub.servers import CONTENT, SHA256, Server

pytestmark = pytest.mark.usefixtures("real_processes")


def fetch(server: Server, path: str, folder: Path, **settings: Any) -> Path:
    return download(f"{server.address}/{path}", SHA256, folder, size_bytes=len(CONTENT), **settings)


def test_good_file_arrives_once(server, tmp_path):
    told: list[tuple[int, int]] = []
    path = fetch(server, "net.pth?x=1", tmp_path / "new", progress=lambda *both: told.append(both))
    assert path == tmp_path / "new" / "net.pth"
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert all(done <= total == len(CONTENT) for done, total in told)
    fetch(server, "net.pth", tmp_path / "new")
    assert server.requests == 1
    assert os.listdir(tmp_path / "new") == ["net.pth"]


@pytest.mark.parametrize(
    ("path", "requests"), [("net.pth", 1), ("moved.pth", 2), ("busy.pth", 3), ("deaf.pth", 2), ("changing.pth", 2)]
)
def test_a_file_arrives_whole_whatever_its_server_is_like(path, requests, server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "ATTEMPTS", 3)
    if path.startswith("changing"):
        server.content = CONTENT[::-1]
    assert fetch(server, path, tmp_path).read_bytes() == CONTENT
    assert server.requests == requests


def test_a_connection_that_is_cut_again_and_again_goes_on_where_it_was(server, tmp_path):
    assert fetch(server, "halves.pth", tmp_path).read_bytes() == CONTENT
    begun = [int(asked[6:-1] or 0) for asked in server.ranges[1:]]
    assert begun == sorted(begun)
    assert begun[0] == len(CONTENT) // 2
    assert 10 < server.requests < 25


@pytest.mark.parametrize(
    ("path", "words", "what_stays"),
    [
        ("missing.pth", "the server says 404 Not Found", 0),
        ("cut.pth", "the connection was cut", 1),
        ("long.pth", "the server has 1000000000000 bytes, and there should be 100250", 0),
        ("short.pth", "the server has 3 bytes, and there should be 100250", 0),
        ("endless.pth", "the server sends more than 100250 bytes", 1),
        ("unmeasured.pth", "the server sends more than 100250 bytes", 1),
        ("packed.pth", "the server sends it packed", 0),
        ("noise.pth", "the connection was cut|no connection", 0),
        ("circle.pth", "redirects more than 5 times", 0),
        ("silent.pth", "nothing came for 1.5 s", 0),
        ("drip.pth", "nothing came for 1.5 s", 1),
        ("dripping.pth", "nothing came for 1.5 s", 0),
        ("to/file:///etc/passwd", "file:///etc/passwd is no https address", 0),
        ("to/http://example.org/net.pth", "http://example.org/net.pth is no https address", 0),
        ("to/ftp://127.0.0.1/net.pth", "ftp://127.0.0.1/net.pth is no https address", 0),
        ("to/http://localhost.example.org/x", "is no https address", 0),
        ("to/https:///net.pth", "is no https address", 0),
        ("to/https://[::1/net.pth", "is no https address|that is none", 0),
    ],
)
def test_what_a_server_does_wrong_is_one_sentence_and_no_model(
    path, words, what_stays, server, tmp_path, capfd, monkeypatch
):
    if "nothing came" in words:
        monkeypatch.setattr(downloads, "STALL_S", 1.5)
    began = time.monotonic()
    with pytest.raises(DownloadError, match=words) as caught:
        fetch(server, path, tmp_path)
    assert time.monotonic() - began < 15
    assert f"{server.address}/{path}" in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.hint
    left = os.listdir(tmp_path)
    assert all(name.startswith(".") and name.endswith(".part") for name in left)
    assert len(left) <= what_stays
    assert sum((tmp_path / name).stat().st_size for name in left) <= len(CONTENT) + (64 << 10)
    assert capfd.readouterr() == ("", "")


def test_what_goes_on_and_on_is_ended(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "STALL_S", 60.0)
    monkeypatch.setattr(downloads, "START_S", 1.0)
    monkeypatch.setattr(downloads, "BYTES_PER_S", len(CONTENT))
    with pytest.raises(DownloadError, match="takes more than 2 s"):
        fetch(server, "drip.pth", tmp_path)


def test_a_download_goes_through_the_proxy_that_the_environment_names(server, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HTTPS_PROXY", server.address)
    with pytest.raises(DownloadError, match="the proxy does not let it through"):
        download("https://example.org/net.pth", SHA256, tmp_path)
    assert set(server.tunnels) == {"example.org:443"}


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "file:///etc/passwd", "ftp://x/y", "https:///x", "x", "https://[/"]
)
def test_only_https_is_asked(url, tmp_path):
    with pytest.raises(DownloadError, match="is no https address"):
        download(url, SHA256, tmp_path)


def test_this_computer_is_asked_in_tests_alone(server, tmp_path, monkeypatch):
    monkeypatch.setattr(address, "LOCAL_HTTP", False)
    with pytest.raises(DownloadError, match="no https address"):
        fetch(server, "net.pth", tmp_path)
    assert server.requests == 0


def test_https_does_not_lead_to_this_computer(server, tmp_path, monkeypatch):
    asked: list[str] = []

    def answer(session: requests.Session, url: str, **settings: Any) -> requests.Response:
        asked.append(url)
        response = requests.Response()
        response.status_code, response.headers["Location"] = 302, f"{server.address}/net.pth"
        response.raw = io.BytesIO()
        return response

    monkeypatch.setattr(requests.Session, "get", answer)
    with pytest.raises(DownloadError, match="no https address"):
        fetching.fetch("https://example.org/x", str(tmp_path / "x"), None, 1000, 1, 0.0, True)
    assert (asked, server.requests) == (["https://example.org/x"], 0)


def test_what_is_not_the_file_is_removed(server, tmp_path):
    server.content = CONTENT[::-1]
    with pytest.raises(ChecksumError, match="sha256"):
        fetch(server, "net.pth", tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_lies_there_of_another_file_is_not_kept(server, tmp_path):
    (tmp_path / f".net.pth.{SHA256[:16]}.part").write_bytes(b"x" * 500)
    assert fetch(server, "net.pth", tmp_path).read_bytes() == CONTENT
    assert server.ranges == ["bytes=500-", ""]


def test_an_interrupted_download_goes_on_the_next_time(server, tmp_path):
    def interrupt(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fetch(server, "pausing.pth", tmp_path, progress=interrupt)
    assert time.monotonic() - began < 3
    (part,) = tmp_path.iterdir()
    begun = part.stat().st_size
    assert begun
    part.rename(tmp_path / f".net.pth.{SHA256[:16]}.part")
    assert fetch(server, "net.pth", tmp_path).read_bytes() == CONTENT
    assert server.ranges[-1] == f"bytes={begun}-"


def test_two_do_not_write_the_same_file(server, tmp_path):
    with (
        filelock.FileLock(tmp_path / f".net.pth.{SHA256[:16]}.lock"),
        pytest.raises(DownloadError, match="another process is fetching it"),
    ):
        fetch(server, "net.pth", tmp_path)


def test_a_size_beyond_all_models_is_not_asked_for(server, tmp_path):
    with pytest.raises(DownloadError, match="more than the 8589934592"):
        download(f"{server.address}/net.pth", SHA256, tmp_path, size_bytes=10**15)
    assert server.requests == 0


def test_failure_says_where_the_file_should_have_gone(server, tmp_path):
    with pytest.raises(DownloadError) as caught:
        fetch(server, "missing.pth", tmp_path)
    assert str(tmp_path / "missing.pth") in caught.value.message


def test_refused_connection_is_one_line(server, tmp_path):
    address = server.address
    server.shutdown()
    server.server_close()
    with pytest.raises(DownloadError, match="no connection"):
        download(f"{address}/net.pth", SHA256, tmp_path)


@pytest.mark.parametrize("path", ["..%2f..%2fx", "../../etc/x", "a/.hidden", "a%00b", "x" * 300, ""])
def test_a_file_stays_in_its_folder_whatever_its_address(path, server, tmp_path):
    folder = tmp_path / "downloads"
    assert fetch(server, path, folder).parent == folder
    assert os.listdir(tmp_path) == ["downloads"]
    assert len(os.listdir(folder)) == 1


def test_folder_that_cannot_be_made_is_said(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="not fetched to"):
        download(f"{server.address}/net.pth", SHA256, tmp_path / "file" / "sub")


def test_offline_is_honored(server, tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_OFFLINE", "1")
    with pytest.raises(DownloadError, match="offline"):
        download(f"{server.address}/net.pth", SHA256, tmp_path)
    assert server.requests == 0
    (tmp_path / "net.pth").write_bytes(CONTENT)
    assert download(f"{server.address}/net.pth", SHA256, tmp_path).read_bytes() == CONTENT
    assert server.requests == 0
