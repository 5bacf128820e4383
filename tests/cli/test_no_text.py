"""Names that are not valid text work from end to end, and are shown wherever they are told of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from tests import graphs
from tests.batch.batches import photo, run

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")

NO_TEXT = os.fsdecode(b"\xff\xfe.png")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2)


def bytes_of(uri: str) -> bytes:
    """The path in a file: URI, as documented."""
    return urllib.parse.unquote_to_bytes(uri.removeprefix("file://"))


def test_names_that_are_no_text_work_from_end_to_end(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = photo(tmp_path / "in" / "plain.png")
    (tmp_path / "in" / NO_TEXT).write_bytes(plain.read_bytes())
    report = tmp_path / "report.html"
    capsys.readouterr()
    told = run(capsys, "upscale", tmp_path / "in", "-o", tmp_path / "out", "-n", model, "--json", "--report", report)
    assert told.status == 0
    assert set(told.statuses.values()) == {"done"}
    assert (tmp_path / "out" / NO_TEXT).exists()
    line: dict[str, Any] = told.json["\\xff\\xfe.png"]
    assert bytes_of(line["input_uri"]) == os.fsencode(tmp_path / "in" / NO_TEXT)
    assert bytes_of(line["output_uri"]) == os.fsencode(tmp_path / "out" / NO_TEXT)
    assert bytes_of(told.json["plain.png"]["input_uri"]) == os.fsencode(plain)
    assert "\\xff\\xfe.png" in report.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "C.UTF-8"}]
)
def test_they_work_in_any_locale(settings: dict[str, str], tmp_path: Path, model: Path) -> None:
    plain = photo(tmp_path / "in" / "plain.png")
    for name in (NO_TEXT, "Fähre \N{GRINNING FACE}.png"):
        (tmp_path / "in" / name).write_bytes(plain.read_bytes())
    line = [sys.executable, "-m", "ganfx", "upscale", tmp_path / "in", "-o", tmp_path / "out", "-n", model, "--json"]
    done = subprocess.run([str(word) for word in line], capture_output=True, env=os.environ | settings, timeout=120)
    assert done.returncode == 0, done.stderr
    assert {json.loads(text)["status"] for text in done.stdout.decode("ascii").splitlines()} == {"done"}
    assert b"\xff" not in done.stderr
    assert len(list((tmp_path / "out").glob("*.png"))) == 3
