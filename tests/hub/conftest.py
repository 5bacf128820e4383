"""A server of models on this machine, and a catalogue of what it has."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

import pytest

from ganfx.hub import address, known_models
from ganfx.hub import download as downloads
from tests.graphs import nearest
from tests.hub.servers import Server


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("GANFX_OFFLINE", raising=False)
    monkeypatch.setattr(address, "LOCAL_HTTP", True)
    monkeypatch.setattr(downloads, "ATTEMPTS", 2)
    monkeypatch.setattr(downloads, "PAUSE_S", 0.02)
    monkeypatch.setattr(downloads, "STALL_S", 20.0)  # processors may be busy
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def catalogue(server, tmp_path, monkeypatch) -> Callable[..., None]:
    """Makes a catalogue of models that the server has, all the same network, by the paths where they are."""
    server.content = nearest(tmp_path / "served.onnx", 2).read_bytes()
    monkeypatch.setattr(known_models, "CATALOGUE", tmp_path / "catalogue.toml")
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def make(license: str = "CC0-1.0", task: str = "upscale", **paths: str) -> None:
        text = "".join(_block(server, name, license, task, path) for name, path in paths.items())
        (tmp_path / "catalogue.toml").write_text(text)
        known_models.catalogue.cache_clear()

    yield make
    known_models.catalogue.cache_clear()


def _block(server: Server, name: str, license: str, task: str, paths: str) -> str:
    return f"""
        [[model]]
        name = "{name}"
        task = "{task}"
        license = "{license}"
        sets = ["all"]
        [[model.resources]]
        platform = "onnx"
        type = "onnx"
        size = {len(server.content)}
        sha256 = "{hashlib.sha256(server.content).hexdigest()}"
        urls = {[f"{server.address}/{path}" for path in paths.split()]}
    """
