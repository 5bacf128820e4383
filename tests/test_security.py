"""What SECURITY.md promises of the code as a whole."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganfx import paths

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [path for part in ("ganfx", "exporters", "plugins") for path in sorted((ROOT / part).rglob("*.py"))]
# Calls that run text as code or as a shell's command, or make whatever object the bytes say; names that can be guessed.
FORBIDDEN = {
    "eval", "exec", "os.system", "os.popen", "os.tempnam", "tempfile.mktemp",
    "pickle.load", "pickle.loads", "marshal.load", "marshal.loads", "shelve.open", "yaml.load", "yaml.unsafe_load",
    "subprocess.getoutput", "subprocess.getstatusoutput",
}  # fmt: skip


def calls() -> Iterator[tuple[Path, str, ast.Call]]:
    """(file, function as it is written, call) of every call in the code."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path, ast.unparse(node.func), node


def keywords(call: ast.Call) -> dict[str | None, str]:
    return {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}


def test_no_text_is_run_as_code_and_no_object_is_made_of_strange_bytes() -> None:
    assert [(path.name, name) for path, name, _ in calls() if name in FORBIDDEN] == []
    loads = [call for _, name, call in calls() if name == "torch.load"]
    assert loads
    assert all(keywords(call)["weights_only"] == "True" for call in loads)
    assert not any("allow_pickle" in keywords(call) for _, _, call in calls())


def test_no_shell_is_started() -> None:
    assert not any("shell" in keywords(call) for _, _, call in calls())


def test_nothing_but_the_service_listens() -> None:
    found = {path.name for path, name, _ in calls() if name.rpartition(".")[2] in ("bind", "listen", "create_server")}
    assert found == {"lifetime.py"}


def test_onnxruntime_is_imported_where_its_telemetry_is_turned_off() -> None:
    importing = [
        path.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and "onnxruntime" in (alias.name for alias in node.names)
    ]
    assert importing == ["runtime.py"]
    script = (
        "import os; from ganfx.engine.runtime import runtime; runtime(); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_processes_that_ganfx_starts_import_nothing_from_the_current_folder(tmp_path: Path) -> None:
    for name in ("ganfx", "click", "json", "numpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a module of the folder was run')")
    done = subprocess.run([*paths.own_command(), "--version"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", [ROOT / "ganfx" / "batch" / "report.html", *(ROOT / "docs").rglob("*.svg")], ids=str)
def test_reports_and_pictures_of_the_documentation_load_nothing_from_the_network(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace('"http://www.w3.org/', '"')
    assert not any(sign in text for sign in ('src="http', 'href="http', "url(http", "@import", "<script src"))
