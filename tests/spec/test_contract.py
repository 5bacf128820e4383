"""The contract survives its own storage, and damage is told."""

from __future__ import annotations

import json

import pytest

from ganfx.errors import ContractError
from ganfx.spec import ModelSpec, SelfTest


def test_a_contract_comes_back_as_it_was_stored() -> None:
    spec = ModelSpec.of_picture("a", "upscale", 4, value_range=(-1.0, 1.0), self_test=SelfTest(1, 8, 0.5, 0.1))
    assert ModelSpec.from_json(spec.to_json()) == spec


def test_a_newer_format_asks_for_a_newer_ganfx() -> None:
    stored = json.loads(ModelSpec("a", "upscale").to_json()) | {"format": 99}
    with pytest.raises(ContractError, match="newer ganfx"):
        ModelSpec.from_json(json.dumps(stored))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "name": 3}'])
def test_damage_is_a_contract_error(text: str) -> None:
    with pytest.raises(ContractError, match="damaged"):
        ModelSpec.from_json(text)
