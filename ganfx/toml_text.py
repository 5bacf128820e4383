"""Reading TOML that a stranger may have written."""

from __future__ import annotations

import tomllib
from typing import Any

# Python's reader takes memory by the square of the number of parts of a key: 64 KiB of one key are 4 GiB.
MAX_LINE = 2000


def read_toml(text: str) -> dict[str, Any]:
    """The table in `text`. Raises ValueError, in one line, where it is no TOML, nested too deep or has too long lines.

    The caller limits the length of `text`.
    """
    if max(map(len, text.split("\n"))) > MAX_LINE:
        raise ValueError(f"a line has more than {MAX_LINE} characters")
    try:
        return tomllib.loads(text)
    except (ValueError, OverflowError) as error:
        raise ValueError(" ".join(str(error).split())[:200]) from error
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
