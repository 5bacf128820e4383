"""Where the parts meet: what is stopped, what is let go of, and what nobody foresaw."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganfx import pipeline
from ganfx.engine import NETWORKS, CancelToken, EngineOptions, open_engine
from ganfx.engine.network_cache import NetworkCache
from ganfx.errors import InferenceError
from ganfx.server import response_queue, worker
from ganfx.server.jobs import Job, Jobs
from ganfx.server.wire import Header
from tests import graphs

CPU = EngineOptions(provider="cpu")


def header(model: str, side: int = 8) -> Header:
    return Header(filter="upscale", model=model, width=side, height=side, channels=3, depth=8)


@pytest.fixture
def models(models: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GANFX_MODELS", str(models))
    room = NETWORKS.room
    NETWORKS.clear()
    yield models
    NETWORKS.room = room


def ends(*wanted: Header, memory_bytes: int = 1 << 40) -> list[dict[str, Any]]:
    """The last message of each job."""

    async def all_of_them() -> list[dict[str, Any]]:
        jobs = Jobs(1 << 30)
        worker.Worker(jobs, CPU, memory_bytes).start()
        made = [Job(one, {"scale": None}, str(number)) for number, one in enumerate(wanted)]
        for job in made:
            job.body = bytearray(job.header.body_bytes)
            jobs.admit(job)
            jobs.add(job)
        said = [await last(job) for job in made]
        jobs.end()
        return said

    async def last(job: Job) -> dict[str, Any]:
        found = b""
        while (part := await asyncio.wait_for(job.responses.take(30), 30)) != b"":
            found = bytes(part or b"")
        said: dict[str, Any] = json.loads(found[4:])
        return said

    return asyncio.run(all_of_them())


def test_a_run_is_stopped_between_layers(tmp_path: Path) -> None:
    engine, stop = open_engine(graphs.convolutions(tmp_path / "slow.onnx", layers=200, width=64), CPU), CancelToken()
    threading.Timer(0.3, stop.ask).start()
    begun = time.monotonic()
    with pytest.raises(InferenceError), stop.within():
        engine.run(np.zeros((512, 512, 3), np.float32))
    assert time.monotonic() - begun < 8
    with pytest.raises(InferenceError), stop.within():
        engine.run(np.zeros((8, 8, 3), np.float32))
    assert engine.run(np.zeros((8, 8, 3), np.float32)).shape == (8, 8, 3)


def test_the_network_used_longest_ago_goes_first(tmp_path: Path) -> None:
    first, second, third = (graphs.identity(tmp_path / f"{name}.onnx") for name in "abc")
    cache = NetworkCache(2)
    kept = [cache.network(path, CPU) for path in (first, second, first, third)]
    assert kept[2] is kept[0]
    assert cache.network(first, CPU) is kept[0]
    assert cache.network(second, CPU) is not kept[1]


def test_a_model_that_was_replaced_is_opened_anew(tmp_path: Path) -> None:
    cache, path = NetworkCache(2), tmp_path / "a.onnx"
    first = cache.network(graphs.nearest(path, 2), CPU)
    second = cache.network(graphs.nearest(path, 4), CPU)
    assert (first.spec.scale, second.spec.scale) == (2, 4)


@pytest.mark.parametrize(("memory_bytes", "open_after"), [(1, 1), (1 << 40, 2)])
def test_networks_beyond_the_memory_limit_are_let_go_of(models: Path, memory_bytes: int, open_after: int) -> None:
    said = ends(header("photo-x4"), header("slow"), memory_bytes=memory_bytes)
    assert [one["event"] for one in said] == ["done", "done"]
    deadline = time.monotonic() + 10
    while len(NETWORKS) != open_after and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(NETWORKS) == open_after


def test_what_nobody_foresaw_ends_one_job_alone(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = pipeline.load_filter

    def broken(name: str, options: Any, *, model: str, engine: EngineOptions) -> Any:
        if model == "slow":
            raise ZeroDivisionError("line one\nline two")
        return plan(name, options, model=model, engine=engine)

    monkeypatch.setattr(pipeline, "load_filter", broken)
    first, second = ends(header("slow"), header("photo-x4"))
    assert (first["event"], first["code"]) == ("error", "server")
    assert first["message"] == "the filter broke: ZeroDivisionError: line one line two"
    assert second["event"] == "done"


def test_who_does_not_read_is_not_waited_for(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_queue, "PATIENCE_S", 0.2)
    monkeypatch.setattr(response_queue, "ROOM_BYTES", 1 << 20)

    async def unread() -> list[dict[str, Any]]:
        jobs = Jobs(1 << 30)
        worker.Worker(jobs, CPU, 1 << 40).start()
        deaf, next_ = (Job(header("photo-x4", side), {"scale": None}, "me") for side in (1000, 8))
        for job in (deaf, next_):
            job.body = bytearray(job.header.body_bytes)
            jobs.admit(job)
            jobs.add(job)
        assert await next_.responses.take(30)
        parts = []
        while part := await deaf.responses.take(5):
            parts.append(bytes(part))
        jobs.end()
        return [json.loads(parts[0][4:]), json.loads(parts[-1][4:])]

    first, last = asyncio.run(unread())
    assert (first["event"], last["event"], last["message"]) == ("started", "error", "nobody reads the answer")


def test_turns_go_round() -> None:
    async def order() -> list[str]:
        jobs = Jobs(1 << 30)
        for client in "aaabbc":
            jobs.add(Job(header("x"), {}, client))
        taken = []
        for _ in range(6):
            job = jobs.take()
            assert job
            taken.append(job.client)
        return taken

    assert asyncio.run(order()) == list("abcaba")


def test_how_many_are_ahead_is_how_many_come_before() -> None:
    async def foretold() -> None:
        jobs = Jobs(1 << 30)
        waiting = [Job(header("x"), {}, client) for client in "aabacb"]
        for job in waiting:
            jobs.add(job)
        expected = {job: jobs.ahead(job) for job in waiting}
        for number in range(len(waiting)):
            job = jobs.take()
            assert job
            assert expected[job] == number

    asyncio.run(foretold())
