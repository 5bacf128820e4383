"""The plug-ins' client with a service that works."""

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
from tests import fake_service, graphs
from tests.conftest import ROOT
from tests.plugins.client.helpers import FAKE, PICTURE, client_of, no_progress, running


def test_pixels_mask_and_options_are_sent_and_the_result_is_returned(state: Path) -> None:
    shares: list[float] = []
    with running(state, fake_service.mirror) as server:
        fields: dict[str, Any] = {"model": "photo-fill", "options": {"strength": 0.5}, "layer": True}
        result = client_of(state).apply("inpaint", PICTURE, shares.append, bytes(15), **fields)
    assert result == PICTURE
    picture = {"width": 5, "height": 3, "channels": 4, "depth": 16}
    assert server.headers == [{"filter": "inpaint", "mask": True} | fields | picture]
    assert shares == [0.0, 0.0, 0.0, 0.25, 0.5, 1.0]


def test_the_service_is_started_once_and_found_again(state: Path) -> None:
    for _ in range(2):
        assert client_of(state).apply("upscale", PICTURE, no_progress) == PICTURE
    first = json.loads((state / "server.json").read_text())["pid"]
    assert client_of(state).apply("upscale", PICTURE, no_progress) == PICTURE
    assert json.loads((state / "server.json").read_text())["pid"] == first


def test_a_hosts_environment_does_not_reach_the_service(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    poison = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "QT_PLUGIN_PATH", "GI_TYPELIB_PATH")
    for name in poison:
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("GANFX_MODELS", "/host/models")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir("/")
    assert client_of(state, GANFX_MODELS="/my/models").apply("upscale", PICTURE, no_progress) == PICTURE
    started = json.loads((state / "started.json").read_text())
    assert not set(poison) & set(started["environment"])
    assert started["environment"]["GANFX_MODELS"] == "/my/models"
    assert started["environment"]["GANFX_STATE"] == started["cwd"] == str(state)
    assert started["environment"]["LANG"] == "C.UTF-8"


def test_the_real_service_works_in_spite_of_the_hosts_environment(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models, poison = state / "models", state / "host"
    models.mkdir()
    poison.mkdir()
    graphs.nearest(models / "photo-x4.onnx", 4, ModelSpec("photo-x4", "upscale", scale=4, receptive_field=1))
    for name in ("numpy", "json", "onnxruntime"):
        for folder in (poison, state):
            (folder / f"{name}.py").write_text("raise RuntimeError('this is the host's own')")
    monkeypatch.chdir(poison)
    monkeypatch.setenv("PYTHONPATH", str(poison))
    monkeypatch.setenv("PYTHONHOME", str(poison))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(poison))
    service = client.ServiceClient((sys.executable, "-m", "ganfx"), state, {"GANFX_MODELS": str(models)})
    pixels = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    shares: list[float] = []
    assert "upscale" in [one["name"] for one in service.filters()]
    result = service.apply("upscale", client.Pixels(9, 6, 3, 8, pixels.tobytes()), shares.append, model="photo-x4")
    assert (result.width, result.height) == (36, 24)
    assert result.data == pixels.repeat(4, 0).repeat(4, 1).tobytes()
    assert shares[-1] <= 1
    with pytest.raises(client.ServiceError) as caught:
        service.apply("inpaint", client.Pixels(9, 6, 3, 8, pixels.tobytes()), no_progress)
    assert caught.value.code != "gone"


def test_in_a_flatpak_the_service_is_started_outside(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """flatpak-spawn passes on only the variables named on its command line."""
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
    assert client_of(state, GANFX_MODELS="/my/models").apply("upscale", PICTURE, no_progress) == PICTURE
    started = json.loads((state / "started.json").read_text())
    assert started["environment"]["GANFX_MODELS"] == "/my/models"
    assert started["environment"]["GANFX_STATE"] == started["cwd"] == str(state)


def test_filters_are_read_without_the_service_and_updated_when_models_change(state: Path) -> None:
    assert client_of(state).filters() == fake_service.FILTERS
    assert not (state / "server.json").exists()
    made = json.loads((state / "filters.json").read_text())["made"]
    assert client_of(state).filters() == fake_service.FILTERS
    assert json.loads((state / "filters.json").read_text())["made"] == made
    (state / "models").mkdir()
    os.utime(state / "models", (made + 5, made + 5))
    assert client_of(state).filters() == fake_service.FILTERS
    assert json.loads((state / "filters.json").read_text())["made"] > made


def test_an_outdated_list_of_filters_is_used_if_the_update_fails(state: Path) -> None:
    with pytest.raises(client.ServiceError, match="the models are gone"):
        client_of(state, "dies").filters()
    schema = {"made": 0, "watched": [str(state)], "filters": fake_service.FILTERS}
    (state / "filters.json").write_text(json.dumps(schema))
    assert client_of(state, "dies").filters() == fake_service.FILTERS


@pytest.mark.parametrize("content", [None, "{", "[]", '{"command": ["ganfx"]}', '{"command": 1, "state": "s"}'])
def test_missing_or_invalid_settings_are_an_error_with_a_remedy(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / client.SETTINGS).write_text(content)
    with pytest.raises(client.ServiceError, match="ganfx plugins install"):
        client.ServiceClient.from_settings(str(tmp_path / "plugin.py"))


def test_names_outside_ascii_work_with_an_ascii_file_system_encoding(tmp_path: Path) -> None:
    folder = tmp_path / "Zoë"
    folder.mkdir()
    settings = {"command": [sys.executable, str(FAKE), "mirror"], "state": str(folder / "état")}
    (folder / client.SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
    (folder / "client.py").write_bytes((ROOT / "plugins" / "client.py").read_bytes())
    script = (
        "import client, sys\n"
        "assert sys.getfilesystemencoding() == 'ascii', sys.getfilesystemencoding()\n"
        "print(client.ServiceClient.from_settings(client.__file__).filters())\n"
    )
    # Like a Python embedded in a program with the C locale, which Krita can be.
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, env=env, capture_output=True, text=True)
    assert "upscale" in done.stdout, done.stderr
