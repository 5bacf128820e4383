"""Where a network can run: one table, fastest first, each row tried and believed only once a session has it."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganfx.engine.devices import computes_bf16, gpu_name
from ganfx.engine.ort_errors import starting
from ganfx.errors import GanfxError, OptionError, ProviderError
from ganfx.paths import cache_dir

Configured = list[tuple[str, dict[str, Any]]]
_QUIET = 4
_CUDA_HINT = 'pip install "ganfx[cuda]", with a current NVIDIA driver; or --provider cpu'


@dataclass(frozen=True)
class Provider:
    """One row: configure(session_options, precision, device_id) returns the providers to ask onnxruntime for.

    missing() says why the row cannot be tried, or None. fastest() is the precision that `auto` takes where the
    network allows it. memory is the device that onnxruntime binds buffers on, None for the CPU's own.
    """

    name: str
    ort_name: str
    precisions: tuple[str, ...]
    fastest: Callable[[], str]
    missing: Callable[[], str | None]
    configure: Callable[[Any, str, int], Configured]
    device: Callable[[int], str]
    hint: str
    memory: str | None = None

    def describe(self, device_id: int) -> str:
        """For people: the device, and in brackets what onnxruntime calls the provider."""
        return f"{self.device(device_id)} ({self.ort_name})"


@dataclass(frozen=True)
class ProviderStatus:
    """What `probe_providers` found: detail is the device where it is usable, else the reason; hint, what to do."""

    name: str
    usable: bool
    detail: str
    hint: str


@functools.cache
def runtime() -> Any:
    """The onnxruntime module, silenced: what it has to say comes as exceptions."""
    # Read at import: without it onnxruntime keeps a device number in the user's cache folder.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime as ort

    ort.set_default_logger_severity(_QUIET)
    ort.disable_telemetry_events()
    return ort


def quiet_options() -> Any:
    """Session options that print nothing and keep to OMP_NUM_THREADS where it is set."""
    options = runtime().SessionOptions()
    options.log_severity_level = _QUIET
    # A waiting thread that spins takes a core from decoding and encoding; layers on whole tiles gain nothing by it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdecimal():
        options.intra_op_num_threads = int(threads)
    return options


@functools.cache
def _load_cuda_libraries() -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        runtime().preload_dlls()


def _built_in(ort_name: str) -> str | None:
    if ort_name in runtime().get_available_providers():
        return None
    return f"this onnxruntime was built without {ort_name}"


def _cuda(options: Any, precision: str, device_id: int) -> Configured:
    _load_cuda_libraries()
    cuda = {
        "device_id": device_id,
        "arena_extend_strategy": "kSameAsRequested",
        "cudnn_conv_algo_search": "EXHAUSTIVE",  # tiles have few shapes, so the search is paid for once
        "cudnn_conv_use_max_workspace": "1",
        "use_tf32": "0",
    }
    return [("CUDAExecutionProvider", cuda), ("CPUExecutionProvider", {})]


def _tensorrt(options: Any, precision: str, device_id: int) -> Configured:
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
    return [("TensorrtExecutionProvider", tensorrt), *_cuda(options, precision, device_id)]


@functools.cache
def _openvino_devices() -> list[Any]:
    import onnxruntime_ep_openvino as plugin

    ort = runtime()
    ort.register_execution_provider_library("ganfx-openvino", plugin.get_library_path())
    return [
        device
        for device in ort.get_ep_devices()
        if device.ep_name == plugin.get_ep_name() and device.ep_metadata.get("ov_device") == "CPU"
    ]


def _openvino_missing() -> str | None:
    if importlib.util.find_spec("onnxruntime_ep_openvino") is None:
        return "the package onnxruntime-ep-openvino is not installed"
    try:
        return None if _openvino_devices() else "OpenVINO's plug-in offers no CPU device here; it wants an Intel one"
    except Exception as error:
        return f"OpenVINO's plug-in does not load: {error}"


def _openvino(options: Any, precision: str, device_id: int) -> Configured:
    hint = {"fp32": "f32", "bf16": "bf16"}[precision]
    load_config = f'{{"CPU": {{"INFERENCE_PRECISION_HINT": "{hint}"}}}}'
    options.add_provider_for_devices(_openvino_devices(), {"load_config": load_config})
    return []


PROVIDERS = (
    Provider(
        name="tensorrt",
        ort_name="TensorrtExecutionProvider",
        precisions=("fp32", "fp16"),
        fastest=lambda: "fp16",
        missing=lambda: _built_in("TensorrtExecutionProvider"),
        configure=_tensorrt,
        device=gpu_name,
        hint="install NVIDIA's TensorRT libraries beside CUDA's; or --provider cuda",
        memory="cuda",
    ),
    Provider(
        name="cuda",
        ort_name="CUDAExecutionProvider",
        precisions=("fp32", "fp16"),
        fastest=lambda: "fp16",
        missing=lambda: _built_in("CUDAExecutionProvider"),
        configure=_cuda,
        device=gpu_name,
        hint=_CUDA_HINT,
        memory="cuda",
    ),
    Provider(
        name="openvino",
        ort_name="OpenVINOExecutionProvider",
        precisions=("fp32", "bf16"),
        fastest=lambda: "bf16" if computes_bf16() else "fp32",
        missing=_openvino_missing,
        configure=_openvino,
        device=lambda _: "CPU",
        hint='pip install "ganfx[openvino]" on an Intel processor; or --provider cpu',
    ),
    Provider(
        name="cpu",
        ort_name="CPUExecutionProvider",
        precisions=("fp32",),
        fastest=lambda: "fp32",
        missing=lambda: None,
        configure=lambda options, precision, device_id: [("CPUExecutionProvider", {})],
        device=lambda _: "CPU",
        hint="pip install --force-reinstall onnxruntime",
    ),
)


def candidates(name: str) -> tuple[Provider, ...]:
    """The rows to try in order for the option `name`, `auto` for all. Raises OptionError on unknown names."""
    rows = tuple(row for row in PROVIDERS if name in ("auto", row.name))
    if not rows:
        raise OptionError(f"provider: {name!r} is not one of auto, {', '.join(row.name for row in PROVIDERS)}")
    return rows


def start_session(model: Path | bytes, provider: Provider, precision: str, device_id: int) -> Any:
    """An onnxruntime session that really has `provider`.

    Raises ProviderError where it does not, DeviceMemoryError where the weights do not fit.
    """
    if reason := provider.missing():
        raise ProviderError(f"{provider.name}: {reason}", hint=provider.hint)
    with starting(provider.name, provider.hint):
        options = quiet_options()
        wanted = provider.configure(options, precision, device_id)
        source = model if isinstance(model, bytes) else str(model)
        session = runtime().InferenceSession(source, options, providers=wanted or None, enable_fallback=0)
        if provider.ort_name not in session.get_providers():
            raise ProviderError(f"{provider.name}: its libraries do not load here", hint=provider.hint)
    return session


def probe_providers(device_id: int = 0) -> list[ProviderStatus]:
    """Every row, tried with a tiny network."""
    return [_probe(row, device_id) for row in PROVIDERS]


def _probe(row: Provider, device_id: int) -> ProviderStatus:
    import numpy as np

    from ganfx.engine.ort_errors import running

    try:
        session = start_session(_tiny_network(), row, "fp32", device_id)
        with running(row.name):
            session.run(None, {"x": np.zeros((1, 1, 8, 8), np.float32)})
    except GanfxError as error:
        return ProviderStatus(row.name, False, error.message.removeprefix(f"{row.name}: "), error.hint or row.hint)
    return ProviderStatus(row.name, True, row.describe(device_id), "")


@functools.cache
def _tiny_network() -> bytes:
    """One 3x3 convolution, opset 17."""
    from onnx import TensorProto, helper

    shape = [1, 1, 8, 8]
    kernel = helper.make_tensor("w", TensorProto.FLOAT, [1, 1, 3, 3], [1 / 9] * 9)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [kernel],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
