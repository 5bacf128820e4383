"""The service against its own OpenAPI document, by schemathesis: `make test-api`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganfx.spec import ModelSpec
from tests import graphs
from tests.conftest import ROOT
from tests.server.services import Service, serving

pytestmark = pytest.mark.api

SCHEMATHESIS = ROOT / ".venv" / "api" / "bin" / "schemathesis"
# An answer that never ends, a slow one, and two that use folders of this computer.
LEFT_OUT = "events$|doctor$|results/save$|watches$"
# Bytes that fit the document are no picture yet, and ids have to be of something that is there.
UNFIT = "positive_data_acceptance"


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    (tmp_path / "models").mkdir()
    graphs.nearest(tmp_path / "models" / "photo-x4.onnx", 4, ModelSpec("photo-x4", "upscale", scale=4))
    monkeypatch.setenv("GANFX_OFFLINE", "1")
    with serving(tmp_path / "state", tmp_path / "models") as service:
        yield service


def test_the_service_does_what_its_document_says(alone: Service) -> None:
    url = f"http://127.0.0.1:{alone.address['port']}"
    program = os.environ.get("GANFX_SCHEMATHESIS", str(SCHEMATHESIS))
    command = [program, "run", f"{url}/v1/openapi.json", "--url", url, "--no-color", "--generation-deterministic"]
    command += ["--header", f"Authorization: {alone.headers['Authorization']}", "--max-examples", "30"]
    command += ["--exclude-path-regex", LEFT_OUT, "--exclude-checks", UNFIT, "--phases", "examples,coverage,fuzzing"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=alone.state)
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr
    assert "ERROR" not in (alone.state / "serve.log").read_text(encoding="utf-8")
