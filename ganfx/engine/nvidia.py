"""NVIDIA's GPUs: their names, and how onnxruntime is asked for CUDA and TensorRT."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from pathlib import Path
from typing import Any

from ganfx.engine.runtime import runtime
from ganfx.paths import cache_dir

ProviderList = list[tuple[str, dict[str, Any]]]


@functools.cache
def gpu_name(device_id: int) -> str:
    """The CUDA driver's name for the GPU, or `CUDA device N` where it does not answer."""
    import ctypes  # as heavy as hashlib: --help goes without

    buffer = ctypes.create_string_buffer(100)
    handle = ctypes.c_int()
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        failed = (
            driver.cuInit(0)
            or driver.cuDeviceGet(ctypes.byref(handle), device_id)
            or driver.cuDeviceGetName(buffer, len(buffer), handle)
        )
    except (OSError, AttributeError):
        failed = True
    return f"CUDA device {device_id}" if failed else buffer.value.decode(errors="replace")


@functools.cache
def _load_cuda_libraries() -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        runtime().preload_dlls()


def configure_cuda(options: Any, precision: str, device_id: int, layout: str) -> ProviderList:
    _load_cuda_libraries()
    cuda = {
        "device_id": device_id,
        "arena_extend_strategy": "kSameAsRequested",
        "cudnn_conv_algo_search": "EXHAUSTIVE",  # tiles have few shapes: one search serves them all
        "cudnn_conv_use_max_workspace": "1",
        "use_tf32": "0",
    }
    return [("CUDAExecutionProvider", cuda), ("CPUExecutionProvider", {})]


def configure_tensorrt(options: Any, precision: str, device_id: int, layout: str) -> ProviderList:
    folder = cache_dir() / "tensorrt"
    folder.mkdir(parents=True, exist_ok=True)
    tensorrt = {
        "device_id": device_id,
        "trt_fp16_enable": precision == "fp16",
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": True,
        "trt_timing_cache_path": str(folder),
    }
    return [("TensorrtExecutionProvider", tensorrt), *configure_cuda(options, precision, device_id, layout)]


def part_caches(wanted: ProviderList, model: bytes) -> None:
    """Give the model an engine cache of its own: TensorRT knows a graph by its names, whatever the weights are."""
    import hashlib

    for _, settings in wanted:
        if folder := settings.get("trt_engine_cache_path"):
            own = Path(folder) / hashlib.sha256(model).hexdigest()[:16]
            own.mkdir(exist_ok=True)
            settings["trt_engine_cache_path"] = str(own)
