"""Cancellation, memory limits, queue order and unexpected errors, tested below the HTTP layer."""

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
from ganfx.errors import BusyError, InferenceError
from ganfx.server import response_queue, worker
from ganfx.server.jobs import Job, JobQueue
from ganfx.server.wire import Header
from tests import graphs

CPU = EngineOptions(provider="cpu")


def header(model: str, side: int = 8) -> Header:
    options = {"clean": "off"}
    return Header(filter="upscale", model=model, width=side, height=side, channels=3, depth=8, options=options)


@pytest.fixture
def models(models: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GANFX_MODELS", str(models))
    room = NETWORKS.capacity
    NETWORKS.clear()
    yield models
    NETWORKS.capacity = room


def last_messages(*headers: Header, memory_bytes: int = 1 << 40) -> list[dict[str, Any]]:
    """Run a job for each header and return the last message of each."""

    async def run_all() -> list[dict[str, Any]]:
        jobs = JobQueue(1 << 30)
        worker.Worker(jobs, CPU, memory_bytes).start()
        created = [Job(one, {"scale": None, "clean": 0.0}, str(number)) for number, one in enumerate(headers)]
        for job in created:
            job.body = bytearray(job.header.body_bytes)
            jobs.admit(job)
            jobs.enqueue(job)
        messages = [await last(job) for job in created]
        jobs.shut_down()
        return messages

    async def last(job: Job) -> dict[str, Any]:
        found = b""
        while (part := await asyncio.wait_for(job.responses.take(30), 30)) != b"":
            found = bytes(part or b"")
        message: dict[str, Any] = json.loads(found[4:])
        return message

    return asyncio.run(run_all())


def test_a_run_is_stopped_between_layers(tmp_path: Path) -> None:
    engine, token = open_engine(graphs.convolutions(tmp_path / "slow.onnx", layers=200, width=64), CPU), CancelToken()
    threading.Timer(0.3, token.cancel).start()
    started = time.monotonic()
    with pytest.raises(InferenceError), token.scope():
        engine.run(np.zeros((512, 512, 3), np.float32))
    assert time.monotonic() - started < 8
    with pytest.raises(InferenceError), token.scope():
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
def test_networks_beyond_the_memory_limit_are_closed(models: Path, memory_bytes: int, open_after: int) -> None:
    messages = last_messages(header("photo-x4"), header("slow"), memory_bytes=memory_bytes)
    assert [one["event"] for one in messages] == ["done", "done"]
    deadline = time.monotonic() + 10
    while len(NETWORKS) != open_after and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(NETWORKS) == open_after


def test_an_unexpected_error_ends_one_job_alone(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_filter = pipeline.load_filter

    def broken(name: str, options: Any, *, model: str, engine: EngineOptions) -> Any:
        if model == "slow":
            raise ZeroDivisionError("line one\nline two")
        return load_filter(name, options, model=model, engine=engine)

    monkeypatch.setattr(pipeline, "load_filter", broken)
    first, second = last_messages(header("slow"), header("photo-x4"))
    assert (first["event"], first["code"]) == ("error", "server")
    assert first["message"] == "the filter broke: ZeroDivisionError: line one line two"
    assert second["event"] == "done"


def test_a_client_that_does_not_read_does_not_block_others(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_queue, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(response_queue, "MAX_BYTES", 1 << 20)

    async def unread() -> list[dict[str, Any]]:
        jobs = JobQueue(1 << 30)
        worker.Worker(jobs, CPU, 1 << 40).start()
        stalled, next_ = (Job(header("photo-x4", side), {"scale": None, "clean": 0.0}, "me") for side in (1000, 8))
        for job in (stalled, next_):
            job.body = bytearray(job.header.body_bytes)
            jobs.admit(job)
            jobs.enqueue(job)
        assert await next_.responses.take(30)
        parts = []
        while part := await stalled.responses.take(5):
            parts.append(bytes(part))
        jobs.shut_down()
        return [json.loads(parts[0][4:]), json.loads(parts[-1][4:])]

    first, last = asyncio.run(unread())
    assert (first["event"], last["event"], last["message"]) == ("started", "error", "nobody reads the answer")


def test_clients_take_turns() -> None:
    async def order_taken() -> list[str]:
        jobs = JobQueue(1 << 30)
        for client in "aaabbc":
            jobs.enqueue(Job(header("x"), {}, client))
        taken = []
        for _ in range(6):
            job = jobs.take()
            assert job
            taken.append(job.client)
        return taken

    assert asyncio.run(order_taken()) == list("abcaba")


def test_the_reported_position_is_the_number_of_jobs_taken_before() -> None:
    async def check() -> None:
        jobs = JobQueue(1 << 30)
        waiting = [Job(header("x"), {}, client) for client in "aabacb"]
        for job in waiting:
            jobs.enqueue(job)
        expected = {job: jobs.position(job) for job in waiting}
        for number in range(len(waiting)):
            job = jobs.take()
            assert job
            assert expected[job] == number

    asyncio.run(check())


def job_of(side: int) -> Job:
    return Job(header("nearest", side), {"scale": None, "clean": 0.0}, "me")


def test_only_bytes_that_came_count() -> None:
    async def run() -> None:
        jobs = JobQueue(1000)
        large, small = job_of(1000), job_of(8)
        jobs.admit(large)
        jobs.admit(small)
        jobs.receive(small, small.header.body_bytes)
        with pytest.raises(BusyError):
            jobs.receive(large, 900)
        jobs.discard(small)
        jobs.receive(large, large.header.body_bytes)  # alone, it may be larger than the limit
        with pytest.raises(BusyError):
            jobs.admit(job_of(8))

    asyncio.run(run())


def test_unread_answers_hold_up_the_next_picture_until_they_are_read() -> None:
    async def run() -> None:
        jobs = JobQueue(1000)
        first, second = job_of(8), job_of(8)
        for job in (first, second):
            jobs.admit(job)
            jobs.enqueue(job)
        assert jobs.take() is first
        first.responses.put(bytes(2000))
        taken = asyncio.create_task(asyncio.to_thread(jobs.take))
        await asyncio.sleep(0.1)
        assert not taken.done()
        jobs.discard(first)
        assert await asyncio.wait_for(taken, 10) is second

    asyncio.run(run())
