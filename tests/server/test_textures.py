"""Textures out of noise, by the service: a file of the sitting, or one line that says what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.server.services import Service


def order(service: Service, **fields: Any) -> tuple[int, Any]:
    """Status and JSON of an order for a texture of 32x48 pixels."""
    body = json.dumps({"model": "cells", "width": 32, "height": 48} | fields).encode()
    return service.request("POST", "/v1/textures", body)


def test_a_texture_is_a_picture_of_the_sitting(service: Service) -> None:
    status, made = order(service, seed=3)
    assert status == 201
    assert (made["name"], made["width"], made["height"], made["role"]) == ("cells-3.png", 32, 48, "picture")
    _, sitting = service.request("GET", "/v1/sitting")
    assert made["id"] in [file["id"] for file in sitting["files"]]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"width": 40}, "no multiples of 16"),
        ({"model": "photo-x4"}, "is a model for upscale"),
        ({"model": "absent"}, "no model named 'absent'"),
        ({"model": "/etc/hostname"}, "is not a model's name"),
        ({"model": "../cells"}, "is not a model's name"),
        ({"model": "cells.onnx"}, "is not a model's name"),
        ({"model": "a\0b"}, "no model named"),
        ({"model": "", "seed": 1}, "model"),
        ({"seed": -1}, "seed"),
        ({"height": 5000}, "height"),
        ({"truncation": 2}, "truncation"),
    ],
)
def test_what_cannot_be_made_is_said(service: Service, fields: dict[str, Any], said: str) -> None:
    status, reply = order(service, **fields)
    assert 400 <= status < 500
    assert said in reply["error"]["message"]
