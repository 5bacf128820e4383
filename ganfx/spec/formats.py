"""Earlier formats of the contract, brought to today's."""

from __future__ import annotations

from typing import Any

from ganfx.errors import ContractError
from ganfx.spec.reading import field_error

# Format 1 described one picture in and one out by these keys of the contract itself, and did not name the tensors.
_RENAMED = {"filter": "task", "colour_order": "color_order", "grain": "input_noise_std"}
_SHARED = ("value_range", "color_order")


def current(stored: dict[str, Any], newest: int) -> dict[str, Any]:
    """The contract `stored` in format `newest`, without its format number. Raises ContractError."""
    stored = dict(stored)
    number = stored.pop("format", None)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise field_error("format", "is missing" if number is None else "must be a whole number from 1 on")
    if number > newest:
        raise ContractError("the model was made for a newer ganfx", hint="update ganfx")
    return _from_first(stored) if number == 1 else stored


def _from_first(stored: dict[str, Any]) -> dict[str, Any]:
    stored = {_RENAMED.get(key, key): value for key, value in stored.items()}
    port = {"name": ""} | {key: stored.pop(key) for key in _SHARED if key in stored}
    inputs = [port | {"channels": stored.pop("in_channels", 3)}]
    outputs = [port | {"channels": stored.pop("out_channels", 3)}]
    side = stored.pop("fixed_size", None)
    tiling = {} if side is None else {"tiling": {"rule": "fixed", "side": side}}
    return stored | {"inputs": inputs, "outputs": outputs} | tiling
