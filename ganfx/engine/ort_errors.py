"""Translation of onnxruntime's errors to those of ganfx: while a file loads, a session starts, a tile runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganfx.errors import ContractError, DeviceMemoryError, GanfxError, InferenceError, ProviderError

_OUT_OF_MEMORY = re.compile(
    r"out of memory|out_of_memory|outofmemory|bad_alloc|failed to allocate|could not allocate|insufficient memory"
    r"|alloc_failed|cuda error 2\b|cuda failure 2\b|not enough (?:device |gpu )?memory|unable to allocate",
    re.IGNORECASE,
)
_REFUSED = (
    (_OUT_OF_MEMORY.pattern, "needs more memory to be loaded than there is", None),
    (r"parsing failed|protobuf", "truncated or damaged", "download it again"),
    (
        r"external data|external initializer|cannot get file size|External data path",
        "keeps its weights in a second file, which ganfx does not open",
        "save it as one file, in Python: onnx.save(onnx.load(FILE), FILE)",
    ),
    (
        r"(\S+)\(-?\d+\) is not a registered function/op",
        "needs the operator {0}, which onnxruntime does not have",
        None,
    ),
    (r"no opset import for domain '?([^' ]*)'?", "uses the operator set {0!r} without importing it", None),
    (r"opset (\d+) is under development", "needs opset {0}, newer than this onnxruntime", "update onnxruntime"),
    (r"unsupported model ir version: (\d+)", "has IR version {0}, newer than this onnxruntime", "update onnxruntime"),
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, by the messages of CUDA, TensorRT, OpenVINO and the CPU."""
    return isinstance(error, MemoryError) or bool(_OUT_OF_MEMORY.search(str(error)))


def first_line(error: BaseException) -> str:
    """onnxruntime's message as one line, without error code and source positions, at most 200 characters."""
    text = " ".join(str(error).split())
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    text = re.sub(r"\S*/onnxruntime\S*:\d+ .*?\) ", "", text)
    return text[:200] or type(error).__name__


@contextmanager
def loading(path: Path) -> Iterator[None]:
    """Raises ContractError for whatever makes the model file at `path` unusable."""
    try:
        yield
    except ContractError as error:
        raise ContractError(f"{path}: {error.message}", hint=error.hint) from error
    except Exception as error:
        for pattern, said, hint in _REFUSED:
            if found := re.search(pattern, str(error), re.IGNORECASE):
                raise ContractError(f"{path}: {said.format(*found.groups())}", hint=hint) from error
        raise ContractError(f"{path}: cannot be loaded: {first_line(error)}") from error


@contextmanager
def starting(provider: str, hint: str) -> Iterator[None]:
    """Raises DeviceMemoryError or ProviderError for any error of starting a session on `provider`."""
    try:
        yield
    except GanfxError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise DeviceMemoryError(f"the model does not fit into the memory of {provider}") from error
        raise ProviderError(f"{provider} does not start: {first_line(error)}", hint=hint) from error


@contextmanager
def running(device: str) -> Iterator[None]:
    """Raises DeviceMemoryError where memory ran out on `device`, InferenceError for any other error."""
    try:
        yield
    except GanfxError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise DeviceMemoryError(f"out of memory on {device}") from error
        raise InferenceError(f"the network failed on {device}: {first_line(error)}") from error
