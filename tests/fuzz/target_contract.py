"""Contracts and the metadata of model files: read, or refused in one line with ContractError.

The first byte of an input says what the rest is: the text of a contract, or an ONNX file.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError
from onnx import ModelProto, helper

from ganfx.engine.graph_rules import check_graph
from ganfx.errors import ContractError, ModelError, OptionError
from ganfx.spec import KEY, Control, ModelSpec, Port, SelfTest, StoredPair, Tiling
from ganfx.spec.model_file import metadata_in, spec_in
from ganfx.text import printable
from tests.lying_contracts import LIES

TEXT, FILE = b"\0", b"\1"
FULL = ModelSpec(
    "everything",
    "colorize",
    2,
    inputs=(Port("photo", value_range=(-1.0, 1.0), mean=(0.5,) * 3, std=(0.25,) * 3), Port("m", "mask", channels=1)),
    outputs=(Port("result"),),
    controls=(Control("strength", -1.0, 2.0, 0.5, "how much", "levels", "noise"),),
    multiple_of=8,
    tiling=Tiling("fixed", 64),
    training={"photographs": 3, "stages": [1, 2]},
    self_test=SelfTest(1, 64, 0.5, 0.1),
    pairs=(StoredPair("ganfx.pair.0", 64, 64, 0.01, {"strength": 1.0}),),
)
FIRST = '{"colour_order": "BGR", "filter": "colorize", "fixed_size": 64, "format": 1, "grain": 0.03, "name": "a"}'


def seeds() -> Iterator[bytes]:
    """Sound contracts of both formats, lies, and a model file with a contract."""
    for text in (FULL.to_json(), FIRST, *(lie for lie in LIES.values() if len(lie) < 3000)):
        yield TEXT + text.encode("utf-8", "surrogatepass")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [], [])
    model = helper.make_model(graph)
    model.metadata_props.add(key=KEY, value=FULL.to_json())
    yield FILE + model.SerializeToString()


def one_input(data: bytes) -> None:
    """Raises where a contract that is read does not come back, or a refusal is not one line."""
    kind, content = data[:1], data[1:]
    try:
        if kind == FILE:
            _file(content)
        else:
            _contract(ModelSpec.from_json(content.decode("utf-8", "replace")))
    except ContractError as error:
        _check_line(error.message)


def _check_line(message: str) -> None:
    assert printable(message) == message, message
    assert len(message) < 600, message


def _contract(spec: ModelSpec) -> None:
    assert ModelSpec.from_json(spec.to_json()) == spec
    with contextlib.suppress(OptionError):
        spec.control_values({"strength": 0.5})


def _file(content: bytes) -> None:
    with contextlib.suppress(EOFError):
        metadata_in(io.BytesIO(content), len(content))
    with contextlib.suppress(DecodeError):
        check_graph(ModelProto.FromString(content))
    try:
        spec = spec_in(content, Path("model.onnx"))
    except ModelError:
        return
    if spec is not None:
        _contract(spec)
