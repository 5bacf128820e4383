"""Models, watched folders and the findings of `ganfx doctor` over HTTP, and the entry in the desktop's menu."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ganfx.cli import cli
from ganfx.spec import ModelSpec
from tests import graphs
from tests.server.services import Service, serving, wait_until


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a models folder of its own, and without a network."""
    folder = tmp_path_factory.mktemp("own")
    graphs.nearest(folder / "models" / "small.onnx", 4, ModelSpec("small", "upscale", scale=4, receptive_field=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANFX_OFFLINE", "1")
        with serving(folder / "state", folder / "models") as service:
            yield service


def ask(service: Service, method: str, path: str, **body: Any) -> tuple[int, Any]:
    with contextlib.closing(service.connect()) as connection:
        connection.request(method, path, json.dumps(body) if body else None, service.headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None


def models(service: Service) -> dict[str, Any]:
    return {model["name"]: model for model in ask(service, "GET", "/v1/models")[1]["models"]}


def test_models_are_listed_with_their_licenses(own: Service) -> None:
    found = models(own)
    assert found["small"]["installed"]
    assert not found["realesrgan-x4plus"]["installed"]
    assert found["4x-UltraSharpV2"]["non_commercial"]


def test_a_license_has_to_be_accepted_and_a_failure_is_told_in_the_list(own: Service) -> None:
    status, reply = ask(own, "POST", "/v1/models/pulls", name="4x-UltraSharpV2")
    assert (status, reply["error"]["code"]) == (422, "option")
    assert "non-commercial" in reply["error"]["message"]
    assert ask(own, "POST", "/v1/models/pulls", name="no-such")[0] >= 400
    assert ask(own, "POST", "/v1/models/pulls", name="4x-UltraSharpV2", accept_license=True)[0] == 202
    pull = wait_until(
        lambda: (found := models(own)["4x-UltraSharpV2"]["pull"]) is not None and "error" in found and found
    )
    assert "GANFX_OFFLINE" in pull["error"]


def test_a_model_is_imported_from_a_file_that_is_sent(own: Service, tmp_path: Path) -> None:
    path = graphs.nearest(tmp_path / "theirs.onnx", 4, ModelSpec("theirs", "upscale", scale=4, receptive_field=1))
    status, reply = own.request("POST", "/v1/models?name=..%2Ftheirs.onnx", path.read_bytes(), own.headers)
    assert (status, reply["name"]) == (201, "theirs")
    assert models(own)["theirs"]["installed"]
    (upscale,) = [one for one in ask(own, "GET", "/v1/filters")[1]["filters"] if one["name"] == "upscale"]
    assert "theirs" in [model["name"] for model in upscale["models"]]
    status, reply = own.request("POST", "/v1/models?name=%3Cb%3E.onnx", b"no model", own.headers)
    assert 400 <= status < 500
    assert str(own.state) not in json.dumps(reply)
    assert not list((own.state / "sitting").glob("*"))


def test_a_folder_is_watched_and_stopped(own: Service, tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    request = {"source": str(source), "output": str(output), "steps": [{"filter": "upscale", "model": "small"}]}
    assert ask(own, "POST", "/v1/watches", **request)[0] == 422
    assert not source.exists()
    source.mkdir()
    for wrong in (
        {"source": "in"},
        {"steps": [{"filter": "no"}]},
        {"steps": [{"filter": "upscale", "model": "/a.onnx"}]},
    ):
        assert 400 <= ask(own, "POST", "/v1/watches", **request | wrong)[0] < 500
    status, watch = ask(own, "POST", "/v1/watches", **request)
    assert (status, watch["running"]) == (201, True)
    assert ask(own, "POST", "/v1/watches", **request)[0] >= 400
    Image.new("RGB", (8, 6), "red").save(source / "a.png")
    wait_until((output / "a.png").exists)
    assert Image.open(output / "a.png").size == (32, 24)

    def state() -> Any:
        return next(one for one in ask(own, "GET", "/v1/watches")[1]["watches"] if one["id"] == watch["id"])

    wait_until(lambda: state()["done"] == 1)
    assert ask(own, "DELETE", f"/v1/watches/{watch['id']}")[0] == 204
    wait_until(lambda: not state()["running"])
    assert ask(own, "DELETE", f"/v1/watches/{watch['id']}")[0] == 204
    assert not ask(own, "GET", "/v1/watches")[1]["watches"]
    assert ask(own, "DELETE", f"/v1/watches/{watch['id']}")[0] == 404


def test_a_service_that_watches_does_not_end_by_itself(tmp_path: Path, models: Path) -> None:
    (tmp_path / "in").mkdir()
    with serving(tmp_path / "state", models, "--idle", 0.03) as service:
        asked = {"source": str(tmp_path / "in"), "output": str(tmp_path / "out"), "steps": [{"filter": "upscale"}]}
        status, watch = ask(service, "POST", "/v1/watches", **asked)
        assert status == 201
        with pytest.raises(AssertionError, match="timed out"):
            wait_until(lambda: service.process.poll() is not None, 5)
        ask(service, "DELETE", f"/v1/watches/{watch['id']}")
        assert service.process.wait(20) == 0


def test_the_doctor_speaks_in_lines(own: Service) -> None:
    status, found = ask(own, "GET", "/v1/doctor")
    assert status == 200
    assert any("cpu" in line and "yes" in line for line in found["lines"])
    assert {row["name"]: row["usable"] for row in found["providers"]}["cpu"]


def test_the_page_is_put_into_the_menu_and_taken_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "a b%c"))
    monkeypatch.setattr("sys.executable", '/opt/o"d %$\\d/python')
    cli.main(["ui", "--install"], standalone_mode=False)
    entry = tmp_path / "a b%c" / "applications" / "ganfx.desktop"
    fields = dict(line.split("=", 1) for line in entry.read_text().splitlines()[1:])
    assert Path(fields["Icon"]).read_text().startswith("<svg")
    # As the specification says: the file's own escapes first, then those in quotes, then the field codes.
    quoted = re.findall(r'"((?:\\.|[^"\\])*)"', fields["Exec"].replace("\\\\", "\\"))
    words = [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in quoted]
    assert words == ['/opt/o"d %$\\d/python', "-P", "-m", "ganfx", "ui"]
    cli.main(["ui", "--uninstall"], standalone_mode=False)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(Exception, match="Linux alone"):
        cli.main(["ui", "--install"], standalone_mode=False)
