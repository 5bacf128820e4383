"""Downloads arrive whole and verified, or not at all. Everything here stays on this machine."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ganfx.errors import ChecksumError, DownloadError, OptionError, UnknownModelError
from ganfx.hub import find_model, pull_model, registry
from ganfx.hub.download import download
from ganfx.spec.model_file import read_spec
from tests.graphs import nearest

CONTENT = bytes(range(250)) * 401
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `content` at every path, all of it or as much as the path says; counts the requests."""

    content = CONTENT
    requests = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests += 1
        if "missing" in self.path:
            self.send_error(404)
            return
        content = self.server.content
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if "cut" in self.path else content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("GANFX_OFFLINE", raising=False)
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_good_file_arrives_once(server, tmp_path):
    told: list[tuple[int, int]] = []
    path = download(f"{server.address}/net.pth?x=1", SHA256, tmp_path / "new", lambda *both: told.append(both))
    assert path == tmp_path / "new" / "net.pth"
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert all(done <= total == len(CONTENT) for done, total in told)
    download(f"{server.address}/net.pth", SHA256, tmp_path / "new")
    assert server.requests == 1


@pytest.mark.parametrize(
    ("path", "sha256", "error", "words"),
    [
        ("net.pth", "0" * 64, ChecksumError, "sha256"),
        ("cut.pth", SHA256, DownloadError, "cut"),
        ("missing.pth", SHA256, DownloadError, "404"),
    ],
)
def test_failures_name_the_address_and_leave_nothing(path, sha256, error, words, server, tmp_path, capfd):
    with pytest.raises(error, match=words) as caught:
        download(f"{server.address}/{path}", sha256, tmp_path)
    assert f"{server.address}/{path}" in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")


def test_failure_says_where_the_file_should_have_gone(server, tmp_path):
    with pytest.raises(DownloadError) as caught:
        download(f"{server.address}/missing.pth", SHA256, tmp_path)
    assert str(tmp_path / "missing.pth") in caught.value.message


def test_refused_connection_is_one_line(server, tmp_path):
    address = server.address
    server.shutdown()
    server.server_close()
    with pytest.raises(DownloadError, match="no connection"):
        download(f"{address}/net.pth", SHA256, tmp_path)


def test_folder_that_cannot_be_made_is_said(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="not fetched to"):
        download(f"{server.address}/net.pth", SHA256, tmp_path / "file" / "sub")


def test_offline_is_honoured(server, tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_OFFLINE", "1")
    with pytest.raises(DownloadError, match="offline"):
        download(f"{server.address}/net.pth", SHA256, tmp_path)
    assert server.requests == 0
    (tmp_path / "net.pth").write_bytes(CONTENT)
    assert download(f"{server.address}/net.pth", SHA256, tmp_path).read_bytes() == CONTENT
    assert server.requests == 0


@pytest.fixture
def catalogue(server, tmp_path, monkeypatch):
    """A catalogue of one model that the loopback server has."""
    server.content = nearest(tmp_path / "served.onnx", 2).read_bytes()
    sha256 = hashlib.sha256(server.content).hexdigest()
    text = f"""
        [[model]]
        name = "two-x2"
        task = "upscale"
        scale = 2
        url = "{server.address}/nearest.onnx"
        sha256 = "{sha256}"
        size_bytes = {len(server.content)}
        license = "CC0-1.0"
    """
    monkeypatch.setattr(registry, "CATALOGUE", tmp_path / "catalogue.toml")
    (tmp_path / "catalogue.toml").write_text(text)
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    registry.catalogue.cache_clear()
    yield
    registry.catalogue.cache_clear()


@pytest.mark.usefixtures("catalogue")
def test_pulled_model_runs_by_name_and_keeps_its_licence(server, tmp_path):
    path = pull_model("two-x2")
    assert find_model("two-x2", task="upscale", selectors={"scale": 2}) == path
    spec = read_spec(path)
    assert spec is not None
    assert (spec.name, spec.task, spec.scale, spec.license) == ("two-x2", "upscale", 2, "CC0-1.0")
    assert not list(Path(tmp_path / "cache" / "ganfx" / "downloads").iterdir())
    with pytest.raises(OptionError, match="exists already"):
        pull_model("two-x2")
    assert server.requests == 1


@pytest.mark.usefixtures("catalogue")
def test_only_known_models_are_pulled():
    with pytest.raises(UnknownModelError) as caught:
        pull_model("three-x3")
    assert "two-x2" in (caught.value.hint or "")
