"""Several fillings over the wire: a client asks once for each seed, and each answer is that of the command line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ganfx import pipeline
from ganfx.engine import EngineOptions
from plugins.client import ServiceError, candidates
from tests.server.services import Service
from tests.server.test_apply import apply, encoded, picture, samples

HEIGHT, WIDTH = 80, 96
RAW = samples(4, 8, HEIGHT, WIDTH)
RAW[..., 3] = 255
THICK, THIN = np.zeros((2, HEIGHT, WIDTH), np.uint8)
THICK[25:55, 30:66] = 255
THIN[40:43, 20:80] = 255


def layers(service: Service, mask: NDArray[np.uint8], count: int) -> list[NDArray[Any]]:
    """`count` candidates as layers, from seed 5 on."""

    def one(report: Any, options: dict[str, Any]) -> Any:
        return apply(service, "inpaint", RAW, mask=mask.tobytes(), layer=True, options=options).tobytes()

    found: list[Any] = candidates(one, count, {"seed": 5}, lambda share: None)
    return [np.frombuffer(data, np.uint8).reshape(RAW.shape) for data in found]


def test_each_seed_gives_the_filling_that_the_library_gives(service: Service) -> None:
    found = layers(service, THICK, 2)
    for seed, layer in zip((5, 6), found, strict=True):
        mask = (THICK / 255).astype(np.float32)
        expected = pipeline.apply(picture(RAW), "inpaint", mask=mask, engine=EngineOptions(provider="cpu"), seed=seed)
        np.testing.assert_array_equal(layer[THICK > 0][:, :3], encoded(expected, np.uint8)[THICK > 0][:, :3])
    assert np.abs(found[0].astype(int) - found[1])[THICK > 0].mean() > 2


def test_the_same_seed_gives_the_same_bytes_and_none_is_zero(service: Service) -> None:
    results = [
        apply(service, "inpaint", RAW, mask=THICK.tobytes(), options=options) for options in ({}, {"seed": 0}, {})
    ]
    assert results[0].tobytes() == results[1].tobytes() == results[2].tobytes()


def test_a_thin_hole_is_answered_once(service: Service) -> None:
    assert len(layers(service, THIN, 4)) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": 1_000_000}, "seed: 1000000 is not between 0 and 999999"),
        ({"seed": -1}, "seed: -1 is not between 0 and 999999"),
        ({"seed": "x"}, "seed: 'x' is not of type int"),
        ({"candidates": 2}, "inpaint has no option 'candidates'"),
    ],
)
def test_what_is_no_seed_is_refused_in_one_line(service: Service, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ServiceError) as caught:
        apply(service, "inpaint", RAW, mask=THICK.tobytes(), options=options)
    assert caught.value.message == words
    assert caught.value.code == "option"
