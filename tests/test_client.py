"""The line from a painting program to the engine, against an engine that may break in every way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganfx.spec import FilterSpec
from plugins import client
from tests import fake_engine, graphs
from tests.fake_engine import FakeEngine, Handler

ROOT = Path(__file__).resolve().parents[1]
FAKE = ROOT / "tests" / "fake_engine.py"


PICTURE = client.Pixels(5, 3, 4, 16, bytes(range(120)))


def quiet(share: float) -> None:
    """Hear how far it is, and do nothing."""


def engine(state: Path, behaviour: str = "mirror", **environment: str) -> Any:
    return client.Engine(client.Settings((sys.executable, str(FAKE), behaviour), state, environment))


@contextlib.contextmanager
def running(state: Path, behaviour: Callable[[Handler], None], pid: int | None = None) -> Iterator[FakeEngine]:
    with FakeEngine(state, behaviour, pid) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A folder for an engine, which is ended with the test."""
    yield tmp_path
    with contextlib.suppress(OSError, ValueError):
        pid = json.loads((tmp_path / "server.json").read_text())["pid"]
        if pid != os.getpid():
            os.kill(pid, signal.SIGKILL)


def failure(state: Path, behaviour: Callable[[Handler], None], picture: Any = PICTURE) -> Any:
    """What a person is told when the engine behaves so."""
    with running(state, behaviour), pytest.raises(client.GanfxError) as caught:
        engine(state).apply("upscale", picture, quiet)
    return caught.value


def test_a_picture_goes_there_and_back(state: Path) -> None:
    heard: list[float] = []
    with running(state, fake_engine.mirror) as server:
        result = engine(state).apply("inpaint", PICTURE, heard.append, "photo-fill", {"strength": 0.5}, bytes(15))
    assert result == PICTURE
    picture = {"width": 5, "height": 3, "channels": 4, "depth": 16}
    asked = {"filter": "inpaint", "model": "photo-fill", "options": {"strength": 0.5}, "mask": True}
    assert server.headers == [asked | picture]
    assert heard == [0.0, 0.0, 0.0, 0.25, 0.5, 1.0]


def test_an_engine_is_started_once_and_found_again(state: Path) -> None:
    for _ in range(2):
        assert engine(state).apply("upscale", PICTURE, quiet) == PICTURE
    first = json.loads((state / "server.json").read_text())["pid"]
    assert engine(state).apply("upscale", PICTURE, quiet) == PICTURE
    assert json.loads((state / "server.json").read_text())["pid"] == first


def test_a_hosts_environment_does_not_reach_the_engine(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    poison = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "QT_PLUGIN_PATH", "GI_TYPELIB_PATH")
    for name in poison:
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("GANFX_MODELS", "/host/models")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir("/")
    assert engine(state, GANFX_MODELS="/my/models").apply("upscale", PICTURE, quiet) == PICTURE
    started = json.loads((state / "started.json").read_text())
    assert not set(poison) & set(started["environment"])
    assert started["environment"]["GANFX_MODELS"] == "/my/models"
    assert started["environment"]["GANFX_STATE"] == started["cwd"] == str(state)
    assert started["environment"]["LANG"] == "C.UTF-8"


def test_the_real_engine_does_its_work_for_a_poisoned_host(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models, poison = state / "models", state / "host"
    models.mkdir()
    poison.mkdir()
    graphs.nearest(models / "photo-x4.onnx", 4, FilterSpec("photo-x4", "upscale", scale=4, receptive_field=1))
    for name in ("numpy", "json", "onnxruntime"):
        (poison / f"{name}.py").write_text("raise RuntimeError('this is the host's own')")
    monkeypatch.chdir(poison)
    monkeypatch.setenv("PYTHONPATH", str(poison))
    monkeypatch.setenv("PYTHONHOME", str(poison))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(poison))
    settings = client.Settings((sys.executable, "-m", "ganfx"), state, {"GANFX_MODELS": str(models)})
    pixels = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    heard: list[float] = []
    there = client.Engine(settings)
    assert "upscale" in [one["name"] for one in there.filters()]
    result = there.apply("upscale", client.Pixels(9, 6, 3, 8, pixels.tobytes()), heard.append, "photo-x4")
    assert (result.width, result.height) == (36, 24)
    assert result.data == pixels.repeat(4, 0).repeat(4, 1).tobytes()
    assert heard[-1] <= 1
    with pytest.raises(client.GanfxError) as caught:
        there.apply("inpaint", client.Pixels(9, 6, 3, 8, pixels.tobytes()), quiet)
    assert caught.value.code != "gone"


def test_a_flatpak_has_the_engine_started_outside(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By flatpak-spawn, which hands on nothing of the environment but what it is told to."""
    spawn = state / "bin" / "flatpak-spawn"
    spawn.parent.mkdir()
    spawn.write_text(
        "#!/bin/sh\n"
        '[ "$1" = --host ] && shift || exit 9\n'
        "while :; do\n"
        "  case $1 in --directory=*) cd ${1#*=};; --env=*) own=$own\\ ${1#--env=};; *) break;; esac\n"
        "  shift\n"
        "done\n"
        'exec env -i $own "$@"\n'
    )
    spawn.chmod(0o755)
    monkeypatch.setenv("PATH", str(spawn.parent), prepend=os.pathsep)
    monkeypatch.setattr(client, "_FLATPAK", spawn)
    assert engine(state, GANFX_MODELS="/my/models").apply("upscale", PICTURE, quiet) == PICTURE
    started = json.loads((state / "started.json").read_text())
    assert started["environment"]["GANFX_MODELS"] == "/my/models"
    assert started["environment"]["GANFX_STATE"] == started["cwd"] == str(state)


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
    lost = client.Engine(client.Settings((str(state / "no-python"), "-m", "ganfx"), state))
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
        "engine = client.Engine(client.Settings(tuple(sys.argv[3:]), Path(sys.argv[2])))\n"
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
    assert str(error) == "the selection is empty. select what is to be filled"


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


def test_filters_are_known_without_an_engine_and_anew_when_models_change(state: Path) -> None:
    assert engine(state).filters() == fake_engine.FILTERS
    assert not (state / "server.json").exists()
    made = json.loads((state / "filters.json").read_text())["made"]
    assert engine(state).filters() == fake_engine.FILTERS
    assert json.loads((state / "filters.json").read_text())["made"] == made
    (state / "models").mkdir()
    os.utime(state / "models", (made + 5, made + 5))
    assert engine(state).filters() == fake_engine.FILTERS
    assert json.loads((state / "filters.json").read_text())["made"] > made


def test_what_was_known_is_better_than_nothing(state: Path) -> None:
    with pytest.raises(client.GanfxError, match="the models are gone"):
        engine(state, "dies").filters()
    known = {"made": 0, "watched": [str(state)], "filters": fake_engine.FILTERS}
    (state / "filters.json").write_text(json.dumps(known))
    assert engine(state, "dies").filters() == fake_engine.FILTERS


@pytest.mark.parametrize("word", [None, "{", "[]", '{"command": ["ganfx"]}', '{"command": 1, "state": "s"}'])
def test_a_plugin_without_settings_says_what_to_do(tmp_path: Path, word: str | None) -> None:
    if word is not None:
        (tmp_path / client.SETTINGS).write_text(word)
    with pytest.raises(client.GanfxError, match="ganfx plugins install"):
        client.Settings.beside(str(tmp_path / "plugin.py"))


def test_names_outside_ascii_work_where_python_takes_names_for_ascii(tmp_path: Path) -> None:
    folder = tmp_path / "Zoë"
    folder.mkdir()
    settings = {"command": [sys.executable, str(FAKE), "mirror"], "state": str(folder / "état")}
    (folder / client.SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
    (folder / "client.py").write_bytes((ROOT / "plugins" / "client.py").read_bytes())
    script = (
        "import client, sys\n"
        "assert sys.getfilesystemencoding() == 'ascii', sys.getfilesystemencoding()\n"
        "print(client.Engine(client.Settings.beside(client.__file__)).filters())\n"
    )
    # As a Python inside a program set to the C locale, which Krita may be.
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, env=env, capture_output=True, text=True)
    assert "upscale" in done.stdout, done.stderr
