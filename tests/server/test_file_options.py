"""No request makes the service open a file that it names, by whatever option."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganfx.errors import OptionError
from ganfx.filters import all_filters
from ganfx.filters.cutout import FILTER as CUTOUT
from ganfx.hub import import_model
from ganfx.server.jobs import given_options, validate_options
from ganfx.server.wire import Header
from tests.foreign.graphs import u2net


@pytest.mark.parametrize(
    ("name", "option"),
    [("stylize", "palette"), ("colorize", "reference"), ("colorize", "hints"), ("cutout", "background")],
)
def test_files_are_refused_before_they_are_looked_for(name: str, option: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="opens no files"):
        given_options(all_filters()[name], None, {option: str(tmp_path / "secret.png")})


def test_a_layer_keeps_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    import_model(u2net(tmp_path / "small.onnx"))
    header = Header(filter="cutout", model="small", width=8, height=8, channels=3, depth=8, options={"crop": True})
    with pytest.raises(OptionError, match="keeps its size"):
        validate_options(header)


def test_colors_are_no_files() -> None:
    for color in ("#10FF20", "white", "", "00ff00"):
        assert given_options(CUTOUT, None, {"background": color}) == {"background": color}
