"""The user's folders, and the table of environment variables."""

from __future__ import annotations

import re
from pathlib import Path

import platformdirs
import pytest

from ganfx import paths

ROOT = Path(__file__).resolve().parents[1]


def test_the_table_lists_exactly_the_variables_that_the_code_reads() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "ganfx").rglob("*.py")}
    read = re.findall(r"""environ(?:\.get\(|\[)['"](GANFX_\w+)""", sources[ROOT / "ganfx" / "paths.py"])
    named = {name for text in sources.values() for name in re.findall(r"GANFX_[A-Z]\w*", text)}
    assert set(read) == set(paths.VARIABLES) == named


def test_only_the_paths_module_reads_the_variables() -> None:
    reading = re.compile(r"""(environ|getenv)\W+(get\W+)?GANFX_""")
    found = [path.name for path in (ROOT / "ganfx").rglob("*.py") if reading.search(path.read_text(encoding="utf-8"))]
    assert found == ["paths.py"]


def test_a_folder_that_a_variable_names_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("GANFX_STATE", "state")
    monkeypatch.setenv("GANFX_FEATURES", str(tmp_path))
    assert paths.models_dir() == tmp_path / "models"
    assert paths.state_dir() == tmp_path / "state"
    assert paths.features_dir() == tmp_path


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in paths.VARIABLES:
        monkeypatch.setenv(name, "")
    assert paths.models_dir() == platformdirs.user_data_path("ganfx", appauthor=False) / "models"
    assert paths.state_dir() == platformdirs.user_state_path("ganfx", appauthor=False)
    assert paths.features_dir() is None
    assert not paths.is_offline()


def test_the_cache_has_one_place_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *args, **kwargs: asked.append((args, kwargs)) or Path())
    paths.cache_dir()
    # Without this the folder on Windows is ganfx/ganfx/Cache.
    assert asked == [(("ganfx",), {"appauthor": False})]
