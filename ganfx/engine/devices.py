"""What the hardware is called and can do, asked without loading a framework."""

from __future__ import annotations

import ctypes
import functools
import sys
from pathlib import Path


@functools.cache
def gpu_name(device_id: int) -> str:
    """The CUDA driver's name for the GPU, or `CUDA device N` where it does not answer."""
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
def computes_bf16() -> bool:
    """Whether the processor multiplies bf16 by itself, as far as the system tells (Linux does)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags
