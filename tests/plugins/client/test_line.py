"""The line from a painting program to the engine, as long as both do what they should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganfx.spec import ModelSpec
from plugins import client
from tests import fake_engine, graphs
from tests.conftest import ROOT
from tests.plugins.client.lines import FAKE, PICTURE, engine, quiet, running


def test_a_picture_goes_there_and_back(state: Path) -> None:
    heard: list[float] = []
    with running(state, fake_engine.mirror) as server:
        asked: dict[str, Any] = {"model": "photo-fill", "options": {"strength": 0.5}, "layer": True}
        result = engine(state).apply("inpaint", PICTURE, heard.append, bytes(15), **asked)
    assert result == PICTURE
    picture = {"width": 5, "height": 3, "channels": 4, "depth": 16}
    assert server.headers == [{"filter": "inpaint", "mask": True} | asked | picture]
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
    graphs.nearest(models / "photo-x4.onnx", 4, ModelSpec("photo-x4", "upscale", scale=4, receptive_field=1))
    for name in ("numpy", "json", "onnxruntime"):
        (poison / f"{name}.py").write_text("raise RuntimeError('this is the host's own')")
    monkeypatch.chdir(poison)
    monkeypatch.setenv("PYTHONPATH", str(poison))
    monkeypatch.setenv("PYTHONHOME", str(poison))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(poison))
    there = client.Engine((sys.executable, "-m", "ganfx"), state, {"GANFX_MODELS": str(models)})
    pixels = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    heard: list[float] = []
    assert "upscale" in [one["name"] for one in there.filters()]
    result = there.apply("upscale", client.Pixels(9, 6, 3, 8, pixels.tobytes()), heard.append, model="photo-x4")
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
        client.Engine.beside(str(tmp_path / "plugin.py"))


def test_names_outside_ascii_work_where_python_takes_names_for_ascii(tmp_path: Path) -> None:
    folder = tmp_path / "Zoë"
    folder.mkdir()
    settings = {"command": [sys.executable, str(FAKE), "mirror"], "state": str(folder / "état")}
    (folder / client.SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
    (folder / "client.py").write_bytes((ROOT / "plugins" / "client.py").read_bytes())
    script = (
        "import client, sys\n"
        "assert sys.getfilesystemencoding() == 'ascii', sys.getfilesystemencoding()\n"
        "print(client.Engine.beside(client.__file__).filters())\n"
    )
    # As a Python inside a program set to the C locale, which Krita may be.
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, env=env, capture_output=True, text=True)
    assert "upscale" in done.stdout, done.stderr
