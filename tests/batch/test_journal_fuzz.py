"""Whatever is found as a journal, no run ends with a traceback, and no file but the journal is touched."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutation import mutations
from tests.fuzz.target_journal import ROLLBACK, ROWS, SCHEMA, one_input, seeds

SEEDS = list(seeds())
BYTES = st.one_of(
    st.binary(max_size=300).map(lambda rest: bytes([ROWS]) + rest),
    st.binary(max_size=600).map(lambda rest: bytes([ROLLBACK]) + rest),
    st.lists(st.integers(0, 255), max_size=4).map(lambda numbers: bytes([SCHEMA, *numbers])),
)


def changed(seed: int) -> Iterator[bytes]:
    """Variations of the seeds; not these themselves."""
    return (data for data in mutations(SEEDS, random.Random(seed), 2**17) if data not in SEEDS)


@pytest.mark.timeout(60)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(BYTES, st.integers(0, 10**6).map(lambda seed: next(changed(seed)))))
def test_no_journal_does_harm(data: bytes) -> None:
    one_input(data)
