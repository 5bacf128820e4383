"""Several results for the same pixels: what the client asks for, and what it reports meanwhile."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from plugins import client
from tests.fake_service import Handler
from tests.plugins.client.helpers import PICTURE, client_of, no_progress, running

OPTIONS = {"grow": 2, "seed": 40}


def filling(handler: Handler, has_choices: bool = True) -> None:
    """Return a picture whose bytes are all the seed, or all 0 where the seed changes nothing."""
    header, _ = handler.read_request()
    size = header["width"] * header["height"] * header["channels"] * header["depth"] // 8
    value = header["options"]["seed"] if has_choices else 0
    handler.start_response()
    handler.send_message("started", **{key: header[key] for key in ("width", "height", "channels", "depth")})
    handler.send_message("rows", bytes([value]) * size, bytes=size, share=0.5)
    handler.send_message("done")
    handler.send_chunk(b"")


def asked(state: Path, count: int, report: Any = no_progress) -> list[Any]:
    apply = functools.partial(client_of(state).apply, "inpaint", PICTURE, mask=bytes(15))
    return client.candidates(apply, count, OPTIONS, report)


def test_seeds_count_up_and_progress_rises_over_all(state: Path) -> None:
    shares: list[float] = []
    with running(state, filling) as server:
        results = asked(state, 3, shares.append)
    assert [result.data[0] for result in results] == [40, 41, 42]
    assert [header["options"] for header in server.headers] == [{"grow": 2, "seed": seed} for seed in (40, 41, 42)]
    assert all({"candidates"}.isdisjoint(header) for header in server.headers)
    assert shares == sorted(shares)
    assert shares[-1] > 0.8


def test_equal_results_are_one_and_no_more_are_asked_for(state: Path) -> None:
    with running(state, functools.partial(filling, has_choices=False)) as server:
        assert len(asked(state, 5)) == 1
    assert len(server.headers) == 2


def test_what_progress_raises_ends_all_of_them(state: Path) -> None:
    def cancel(share: float) -> None:
        if share > 0.4:
            raise client.ServiceError("Cancelled")

    with running(state, filling) as server, pytest.raises(client.ServiceError, match="Cancelled"):
        asked(state, 3, cancel)
    assert len(server.headers) == 2
