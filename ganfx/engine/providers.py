"""The table of providers, fastest first. A provider counts as usable once a session really has it."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import importlib.util
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganfx.engine.ort_errors import starting
from ganfx.engine.runtime import quiet_options, runtime
from ganfx.errors import OptionError, ProviderError
from ganfx.paths import cache_dir

ProviderList = list[tuple[str, dict[str, Any]]]
_CUDA_HINT = 'pip install "ganfx[cuda]", with a current NVIDIA driver; or --provider cpu'


@dataclass(frozen=True)
class Provider:
    """One row of the table: an execution provider of onnxruntime and what is special about it."""

    name: str
    """Its name for people, such as `cuda`: the value of --provider."""
    ort_name: str
    """Its name in onnxruntime."""
    precisions: tuple[str, ...]
    """The precisions it computes in, of `PRECISIONS`."""
    fastest: Callable[[], str]
    """The precision that `auto` takes on this machine where the network allows it."""
    missing: Callable[[], str | None]
    """Why it cannot be tried on this machine; None where it can."""
    configure: Callable[[Any, str, int], ProviderList]
    """(session_options, precision, device_id) to the providers to ask onnxruntime for, with their options."""
    device: Callable[[int], str]
    """device_id to the name of the device for people."""
    hint: str
    """What to do where it does not work."""
    memory: str | None = None
    """The device, as onnxruntime spells it, on which buffers are bound. None: ordinary memory, nothing is bound."""
    compiles_per_shape: bool = False
    """Whether each new tile shape costs time, so that few shapes and several tiles per batch are best."""
    runs_beside_cpu: bool = False
    """Whether it leaves the processor free for decoding and encoding files."""

    def describe(self, device_id: int) -> str:
        """For people: the device, and in brackets what onnxruntime calls the provider."""
        return f"{self.device(device_id)} ({self.ort_name})"


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
    """Whether the processor multiplies bf16 in hardware. Only Linux says so; False elsewhere."""
    try:
        flags = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


@functools.cache
def _load_cuda_libraries() -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        runtime().preload_dlls()


def _built_in(ort_name: str) -> str | None:
    if ort_name in runtime().get_available_providers():
        return None
    return f"this onnxruntime was built without {ort_name}"


def _cuda(options: Any, precision: str, device_id: int) -> ProviderList:
    _load_cuda_libraries()
    cuda = {
        "device_id": device_id,
        "arena_extend_strategy": "kSameAsRequested",
        "cudnn_conv_algo_search": "EXHAUSTIVE",  # tiles have few shapes: one search serves them all
        "cudnn_conv_use_max_workspace": "1",
        "use_tf32": "0",
    }
    return [("CUDAExecutionProvider", cuda), ("CPUExecutionProvider", {})]


def _tensorrt(options: Any, precision: str, device_id: int) -> ProviderList:
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


def _openvino(options: Any, precision: str, device_id: int) -> ProviderList:
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
        compiles_per_shape=True,
        runs_beside_cpu=True,
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
        compiles_per_shape=True,
        runs_beside_cpu=True,
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


def start_session(model: bytes, provider: Provider, precision: str, device_id: int) -> Any:
    """An onnxruntime session that really has `provider`.

    Raises ProviderError where it does not, DeviceMemoryError where the weights do not fit.
    """
    if reason := provider.missing():
        raise ProviderError(f"{provider.name}: {reason}", hint=provider.hint)
    with starting(provider.name, provider.hint):
        options = quiet_options()
        wanted = provider.configure(options, precision, device_id)
        _part_caches(wanted, model)
        session = runtime().InferenceSession(model, options, providers=wanted or None, enable_fallback=0)
        if provider.ort_name not in session.get_providers():
            raise ProviderError(f"{provider.name}: its libraries do not load here", hint=provider.hint)
    return session


def _part_caches(wanted: ProviderList, model: bytes) -> None:
    """Give the model an engine cache of its own: TensorRT knows a graph by its names, whatever the weights are."""
    for _, settings in wanted:
        if folder := settings.get("trt_engine_cache_path"):
            own = Path(folder) / hashlib.sha256(model).hexdigest()[:16]
            own.mkdir(exist_ok=True)
            settings["trt_engine_cache_path"] = str(own)
