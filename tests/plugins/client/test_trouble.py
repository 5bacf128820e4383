"""The line from a painting program to an engine that breaks in every way."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plugins import client
from tests import fake_engine
from tests.conftest import ROOT
from tests.fake_engine import Handler
from tests.plugins.client.lines import FAKE, PICTURE, engine, failure, quiet, running


@pytest.mark.parametrize(
    ("behaviour", "said", "hint"),
    [("dies", "no model is installed", "import one"), ("crashes", "RuntimeError: a bug", "ganfx serve")],
)
def test_an_engine_that_dies_at_its_start_is_quoted(state: Path, behaviour: str, said: str, hint: str) -> None:
    with pytest.raises(client.GanfxError) as caught:
        engine(state, behaviour).apply("upscale", PICTURE, quiet)
    assert caught.value.message == f"The engine does not start: {said}"
    assert hint in caught.value.hint


def test_an_engine_that_is_gone_is_named(state: Path) -> None:
    lost = client.Engine((str(state / "no-python"), "-m", "ganfx"), state)
    with pytest.raises(client.GanfxError, match="ganfx plugins install"):
        lost.apply("upscale", PICTURE, quiet)


def test_an_engine_that_never_listens_is_given_up(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_GRACE_S", 0.2)
    heard: list[float] = []
    with pytest.raises(client.GanfxError, match="does not answer"):
        engine(state, "leaves").apply("upscale", PICTURE, heard.append)
    assert len(heard) > 2, "nobody could have cancelled"


def test_a_talkative_engine_neither_blocks_nor_dies_with_its_starter(state: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import client\n"
        "from pathlib import Path\n"
        "engine = client.Engine(tuple(sys.argv[3:]), Path(sys.argv[2]))\n"
        "engine.apply('upscale', client.Pixels(1, 1, 1, 8, b'a'), print)\n"
    )
    command = [sys.executable, "-c", script, str(ROOT / "plugins"), str(state), sys.executable, str(FAKE), "talks"]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    place = json.loads((state / "server.json").read_text())
    assert os.getsid(place["pid"]) != os.getsid(0), "it would end with the host's terminal"
    assert engine(state, "dies").apply("upscale", PICTURE, quiet) == PICTURE
    assert json.loads((state / "server.json").read_text()) == place


def test_an_engine_killed_in_the_middle(state: Path) -> None:
    with pytest.raises(client.GanfxError, match="ended in the middle") as caught:
        engine(state, "killed").apply("upscale", PICTURE, quiet)
    assert "serve.log" in caught.value.hint
    assert engine(state).apply("upscale", PICTURE, quiet) == PICTURE


def test_silence_ends_the_wait(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(handler: Handler) -> None:
        handler.take()
        handler.begin()
        time.sleep(1)

    monkeypatch.setattr(client, "_SILENCE_S", 0.2)
    assert "has fallen silent" in failure(state, silent).message


def test_what_the_host_raises_ends_the_work_there_too(state: Path) -> None:
    class CancelledError(Exception):
        pass

    def cancel(share: float) -> None:
        if share:
            raise CancelledError

    with running(state, fake_engine.never_done) as server:
        with pytest.raises(CancelledError) as caught:
            engine(state).apply("upscale", PICTURE, cancel)
        assert server.hung_up.wait(2), f"{caught} keeps the line open"


def test_the_engines_error_arrives_word_for_word(state: Path) -> None:
    def fails(handler: Handler) -> None:
        handler.take()
        handler.begin()
        handler.say("error", code="mask", message="the selection is empty", hint="select what is to be filled")

    error = failure(state, fails)
    assert (error.code, error.message) == ("mask", "the selection is empty")
    assert str(error) == "The selection is empty. Select what is to be filled"


def test_a_refusal_is_heard_though_the_picture_was_not(state: Path) -> None:
    def refuses(handler: Handler) -> None:
        handler.refuse(413, code="size", message="the picture is too large", hint=None)

    large = client.Pixels(4000, 4000, 4, 8, bytes(64_000_000))
    assert failure(state, refuses, large).message == "the picture is too large"


def test_a_picture_of_the_wrong_size_never_reaches_the_host(state: Path) -> None:
    def short(handler: Handler) -> None:
        handler.take()
        handler.begin()
        handler.say("started", width=5, height=3, channels=4, depth=16)
        handler.say("rows", b"abc", bytes=3)
        handler.say("done")

    assert "5x3" in failure(state, short).message


@pytest.mark.parametrize("answer", [b"", b"\x04\x00\x00\x00null", b'\x02\x00\x00\x00{}"', b"\xff\xff\xff\x00{"])
def test_nonsense_is_called_that(state: Path, answer: bytes) -> None:
    def mutters(handler: Handler) -> None:
        handler.take()
        handler.begin()
        for piece in (answer, b"") if answer else (b"",):
            handler.piece(piece)

    assert "differ in age" in failure(state, mutters).message


def test_another_program_on_the_port_gets_neither_picture_nor_belief(state: Path) -> None:
    with running(state, fake_engine.mirror) as stranger:
        place = json.loads((state / "server.json").read_text())
        living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        (state / "server.json").write_text(json.dumps({**place, "pid": living.pid}))
        assert engine(state).apply("upscale", PICTURE, quiet) == PICTURE
        living.communicate(b"\n")
    assert stranger.headers == []


def test_a_dead_engines_port_is_not_asked(state: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with running(state, fake_engine.mirror, ended.pid) as stranger:
        assert engine(state).apply("upscale", PICTURE, quiet) == PICTURE
    assert stranger.tokens == []


@pytest.mark.parametrize("word", ["", "{", "[]", '{"host": "127.0.0.1"}'])
def test_a_broken_word_of_the_engine_is_no_word(state: Path, word: str) -> None:
    (state / "server.json").write_text(word)
    assert engine(state).apply("upscale", PICTURE, quiet) == PICTURE


def test_a_closed_port_means_that_no_engine_runs(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    place = {"host": "127.0.0.1", "port": port, "token": "old", "pid": os.getpid()}
    (state / "server.json").write_text(json.dumps(place))
    assert engine(state).apply("upscale", PICTURE, quiet) == PICTURE
