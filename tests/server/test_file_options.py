"""No request makes the service open a file that it names, by whatever option."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganfx.errors import OptionError
from ganfx.filters import all_filters
from ganfx.filters.cutout import FILTER as CUTOUT
from ganfx.server.jobs import given_options


@pytest.mark.parametrize(
    ("name", "option"),
    [("stylize", "palette"), ("colorize", "reference"), ("colorize", "hints"), ("cutout", "background")],
)
def test_files_are_refused_before_they_are_looked_for(name: str, option: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="opens no files"):
        given_options(all_filters()[name], None, {option: str(tmp_path / "secret.png")})


def test_colors_are_no_files() -> None:
    for color in ("#10FF20", "white", "", "00ff00"):
        assert given_options(CUTOUT, None, {"background": color}) == {"background": color}
