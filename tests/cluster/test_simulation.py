"""Batches on paper: what they tell is right where it can be reckoned, and a million pictures take no memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from ganfx.cli import main
from ganfx.errors import OptionError
from ganfx.stores import ClusterLoad, recorded_costs, simulate
from ganfx.stores.ledger import LedgerRow, LedgerWriter
from ganfx.stores.store import Store


def test_one_worker_takes_the_sum() -> None:
    found = simulate(ClusterLoad(5000, 1, 1, start_s=7, list_s=0.5), [2.0])
    assert found.makespan_s == 5000 * 2 + 7 + 5 * 0.5
    assert (found.ideal_s, found.rework_s, found.kills) == (10_000, 0, 0)


def test_more_parts_even_out_and_cost_listings() -> None:
    def over(parts: int, list_s: float) -> tuple[float, str]:
        found = simulate(ClusterLoad(100_000, 100, parts, list_s=list_s), [1.0, 30.0])
        return found.makespan_s / found.ideal_s, found.binds

    assert over(1600, 0.01)[0] < over(100, 0.01)[0]
    assert over(100, 0.01)[1] == "uneven parts"
    assert over(1600, 10.0)[1] == "listing"


def test_machines_that_vanish_cost_time_and_not_the_batch() -> None:
    steady, spot = (simulate(ClusterLoad(20_000, 20, 40, lost_per_hour=rate), [3.0]) for rate in (0.0, 1.0))
    hours = steady.ideal_s / 3600
    assert 0.5 * 20 * hours < spot.kills < 2 * 20 * hours
    assert steady.makespan_s < spot.makespan_s < 1.5 * steady.makespan_s


def test_a_million_pictures_on_a_thousand_workers_take_little_memory_and_end_near_the_ideal() -> None:
    costs = np.random.default_rng(1).lognormal(2.5, 0.5, 400).tolist()
    tracemalloc.start()
    found = min(
        (simulate(ClusterLoad(1_000_000, 1000, parts, lost_per_hour=0.02), costs) for parts in (1000, 8000)),
        key=lambda forecast: forecast.makespan_s,
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert found.makespan_s < 1.25 * found.ideal_s


def test_a_plan_names_the_best_first(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["batch", "plan", "--seconds", "3", "--pictures", "100000", "--workers", "10"])
    assert not ended.value.code
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("--shard K/")
    over = [int(line.partition("% above")[0].rpartition(" ")[2]) for line in lines]
    assert over == sorted(over)


def test_a_plan_for_nothing_is_an_error() -> None:
    with pytest.raises(OptionError, match="nothing to plan"):
        simulate(ClusterLoad(10, 0, 1), [1.0])


def test_costs_are_those_of_the_ledger(tmp_path: Path) -> None:
    output = f"file://{tmp_path}"
    with pytest.raises(OptionError, match="no ledger to take costs from"):
        recorded_costs(output)
    with LedgerWriter(Store(output), "0/1") as ledger:
        for name, status, seconds in (("a", "done", 2.0), ("b", "done", 4.0), ("c", "failed", 9.0)):
            ledger.add(LedgerRow(name, name, "1", "-", status, seconds=seconds))
    assert sorted(recorded_costs(output)) == [2.0, 4.0]
