"""Mutated contracts, model files and catalogues are read, or refused in one line."""

from __future__ import annotations

import random

import pytest

from tests.fuzz import target_catalogue, target_contract
from tests.fuzz.mutation import mutations

_COUNT, _MOST_BYTES = 4000, 4096


@pytest.mark.parametrize("target", [target_contract, target_catalogue], ids=["contract", "catalogue"])
def test_a_mutated_one_is_read_or_refused_in_one_line(target) -> None:
    tried = mutations(list(target.seeds()), random.Random(7), _MOST_BYTES)
    for _ in range(_COUNT):
        target.one_input(next(tried))


def test_names_of_strangers_stay_within_the_line_of_a_message() -> None:
    text = target_contract.FULL.to_json().replace('"controls": {"strength"', '"controls": {"stre\\n\\u001b[31mngth"')
    assert text != target_contract.FULL.to_json()
    target_contract.one_input(target_contract.TEXT + text.encode())
