"""The onnxruntime module itself, imported when first needed, and the session options that all sessions share."""

from __future__ import annotations

import functools
import os
from typing import Any

# onnxruntime's severity of fatal errors.
_FATAL = 4


@functools.cache
def runtime() -> Any:
    """The onnxruntime module, with its log and telemetry off: what it has to say comes as exceptions."""
    # Read when onnxruntime is imported: without it a device number is written to the user's cache folder.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime as ort

    ort.set_default_logger_severity(_FATAL)
    ort.disable_telemetry_events()
    return ort


def wanted_threads() -> int:
    """OMP_NUM_THREADS; 0 where it is not set."""
    threads = os.environ.get("OMP_NUM_THREADS", "")
    return int(threads) if threads.isdecimal() else 0


def processor_threads() -> tuple[int, ...]:
    """Numbers of threads to try: one for each processor, and half as many; 0 alone where OMP_NUM_THREADS says it."""
    if wanted_threads():
        return (0,)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return tuple(dict.fromkeys((allowed, max(1, allowed // 2))))


def quiet_options(threads: int = 0) -> Any:
    """Session options that log nothing and use so many threads, where it is 0 OMP_NUM_THREADS, if that is set."""
    options = runtime().SessionOptions()
    options.log_severity_level = _FATAL
    # Whatever its bytes may look like, a model is never taken for onnxruntime's own format.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    # Spinning threads take a core from decoding and encoding, and layers on whole tiles gain nothing by it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.intra_op_num_threads = threads or wanted_threads()
    return options
