"""Checkpoints: tensors as they are described, or one line of ContractError; nothing in them is imported."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Iterator

import numpy as np

from ganfx.errors import ContractError
from ganfx.foreign.checkpoints.files import stored_object
from ganfx.foreign.checkpoints.state import tensors_in
from ganfx.foreign.families import write_graph
from ganfx.text import printable

_PICKLE = (
    b"\x80\x02}q\x00X\x0d\x00\x00\x00body.0.weightq\x01ctorch._utils\n_rebuild_tensor_v2\nq\x02((X\x07\x00\x00\x00storage"
    b"q\x03ctorch\nFloatStorage\nq\x04X\x01\x00\x00\x000q\x05X\x03\x00\x00\x00cpuq\x06K\x18tq\x07QK\x00K\x04K\x06\x86q\x08"
    b"K\x06K\x01\x86q\x09\x89ccollections\nOrderedDict\nq\x0a)Rq\x0btq\x0cRq\x0ds."
)
# The same tensor as the only attribute of a module of TorchScript.
_MODULE = b"\x80\x02c__torch__\nNet\nq\x10)\x81" + _PICKLE[2:-2] + b"sb."
_NUMBERS = np.arange(24, dtype="<f4").tobytes()


def _zipped(method: int, pickled: bytes = _PICKLE) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("net/data.pkl", pickled)
            archive.writestr("net/byteorder", b"little")
            archive.writestr("net/data/0", _NUMBERS)
        return file.getvalue()


def seeds() -> Iterator[bytes]:
    """The same tensor in each kind of file."""
    yield _zipped(zipfile.ZIP_STORED)
    yield _zipped(zipfile.ZIP_DEFLATED)
    yield _zipped(zipfile.ZIP_STORED, _MODULE)
    parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    keys = pickle.dumps(["0"], 2)
    legacy = b"".join(pickle.dumps(part, 2) for part in parts)
    yield legacy + _PICKLE.replace(b"K\x18tq\x07Q", b"K\x18Ntq\x07Q") + keys + struct.pack("<q", 24) + _NUMBERS
    header = json.dumps({"w": {"dtype": "F32", "shape": [4, 6], "data_offsets": [0, 96]}}).encode()
    yield struct.pack("<Q", len(header)) + header + _NUMBERS


def _check_line(message: str) -> None:
    assert printable(message) == message, message


def one_input(data: bytes) -> None:
    """Raises where a checkpoint is neither read nor refused in one line."""
    try:
        state = tensors_in(stored_object(io.BytesIO(data), len(data)))
        assert sum(tensor.nbytes for tensor in state.values()) <= 1 << 26
        write_graph(state)
    except ContractError as error:
        _check_line(error.message)
