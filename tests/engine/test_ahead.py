"""Where the device leaves the processor free, it computes the next band while the one before is worked on."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ganfx import pipeline
from ganfx.engine import Engine, EngineOptions, open_engine, providers, runner
from ganfx.engine.cancel import CancelToken
from ganfx.engine.session import Session
from ganfx.errors import InferenceError
from ganfx.imaging.picture import Picture
from tests import graphs
from tests.engine.disturbed import noise

HEIGHT = 500


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Engine]:
    """Of a device beside the processor, with several bands to a picture."""
    row = dataclasses.replace(providers.candidates("cpu")[0], runs_beside_cpu=True)
    monkeypatch.setattr(providers, "PROVIDERS", (row,))
    runner.NETWORKS.clear()
    yield open_engine(graphs.convolutions(tmp_path / "m.onnx", layers=3, scale=2), EngineOptions(tile=128))
    runner.NETWORKS.clear()


def test_the_result_is_the_same(engine: Engine) -> None:
    picture = noise(HEIGHT, 90)
    whole = Engine(engine.network, EngineOptions(tile=512)).run(picture)
    rows = list(engine.stream(lambda top, bottom: picture[top:bottom], HEIGHT, 90))
    np.testing.assert_allclose(np.concatenate(rows), whole, atol=1e-5)


def test_an_enlargement_is_the_same_whole_or_in_bands(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganfx.engine.tiled_run.CHUNK_BYTES", 20_000)
    picture, path = Picture(noise(HEIGHT, 60)), engine.network.path
    made = []
    for tile in (96, 512):
        options = EngineOptions(tile=tile)
        bound = pipeline.load_filter("upscale", {"clean": "off"}, model=str(path), engine=options)
        made.append(np.concatenate([rows.rgb for rows in pipeline.Chain((bound,)).stream(picture)]))
    np.testing.assert_allclose(made[0], made[1], atol=1e-4)


def test_the_next_band_is_computed_meanwhile(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    run, threads = Session.run, list[str]()

    def watched(session: Session, *given: object) -> np.ndarray:
        threads.append(threading.current_thread().name)
        return run(session, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "run", watched)
    rows = engine.stream(lambda top, bottom: noise(HEIGHT, 90)[top:bottom], HEIGHT, 90)
    next(rows)
    ends = time.monotonic() + 20
    while len(threads) < 2 and time.monotonic() < ends:
        time.sleep(0.01)
    assert [name.startswith("ahead") for name in threads[:2]] == [False, True]
    rows.close()  # type: ignore[attr-defined]


def test_who_stops_reading_waits_for_no_further_tile(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = engine.stream(lambda top, bottom: noise(HEIGHT, 90)[top:bottom], HEIGHT, 90)
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_cancelling_reaches_the_band_that_is_computed_ahead(engine: Engine) -> None:
    token = CancelToken()
    with token.scope():
        rows = engine.stream(lambda top, bottom: noise(HEIGHT, 90)[top:bottom], HEIGHT, 90)
        next(rows)
        token.cancel()
        with pytest.raises(InferenceError):
            list(rows)


def test_an_interruption_by_progress_ends_the_run(engine: Engine) -> None:
    told = 0

    def progress(done: int) -> None:
        nonlocal told
        told += 1
        if told == 2:
            raise KeyboardInterrupt

    rows = engine.stream(lambda top, bottom: noise(HEIGHT, 90)[top:bottom], HEIGHT, 90, progress)
    with pytest.raises(KeyboardInterrupt):
        list(rows)
