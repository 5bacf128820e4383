"""The table of providers, fastest first. A provider counts as usable once a session really has it."""

from __future__ import annotations

import functools
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganfx.engine.nvidia import ProviderList, configure_cuda, configure_tensorrt, gpu_name, part_caches
from ganfx.engine.ort_errors import starting
from ganfx.engine.plugins import Plugin, is_software, name_of
from ganfx.engine.runtime import processor_threads, quiet_options, runtime
from ganfx.errors import OptionError, ProviderError

_CUDA_HINT = 'pip install "ganfx[cuda]", with a current NVIDIA driver; or --provider cpu'
_SHAPE_STEP = 64


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
    """The precision that `auto` times against fp32 on this machine where the network allows it."""
    missing: Callable[[], str | None]
    """Why it cannot be tried on this machine; None where it can."""
    configure: Callable[[Any, str, int, str], ProviderList]
    """(session_options, precision, device_id, layout) to the providers to ask onnxruntime for, with their options."""
    device: Callable[[int], str]
    """device_id to the name of the device for people."""
    hint: str
    """What to do where it does not work."""
    layouts: tuple[str, ...] = ("",)
    """Ways to lay out data in memory, fastest first: the next is taken where one computes wrongly."""
    version: Callable[[], str] = lambda: ""
    """The version of what computes, beside onnxruntime's: of its driver, or its package."""
    is_real: Callable[[], bool] = lambda: True
    """Whether its device is what it says, and may be taken by `auto`; False for the processor acting as a GPU."""
    memory: str | None = None
    """The device, as onnxruntime spells it, on which buffers are bound. None: ordinary memory, nothing is bound."""
    compiles_per_shape: bool = False
    """Whether each new tile shape costs time, so that few shapes and several tiles per batch are best."""
    shape_step: int = 0
    """Where a new tile shape costs little beside a larger tile: sides are multiples of so many pixels. 0: powers of two
    where it compiles for each shape, else whatever fits the picture."""
    fixed_shapes: bool = False
    """Whether it is right only where all sizes stand in the graph: each tile shape then has a session of its own."""
    runs_beside_cpu: bool = False
    """Whether it leaves the processor free for decoding and encoding files."""
    threads: Callable[[], tuple[int, ...]] = lambda: (0,)
    """Numbers of threads that are worth trying; 0: what it takes by itself."""

    def check(self) -> None:
        """Raises ProviderError where it cannot be tried on this machine."""
        if reason := self.missing():
            raise ProviderError(f"{self.name}: {reason}", hint=self.hint)

    def describe(self, device_id: int) -> str:
        """For people: the device, and in brackets what onnxruntime calls the provider."""
        return f"{self.device(device_id)} ({self.ort_name})"


@functools.cache
def computes_bf16() -> bool:
    """Whether the processor multiplies bf16 in hardware. Only Linux says so; False elsewhere."""
    try:
        flags = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


def _built_in(ort_name: str) -> str | None:
    if ort_name in runtime().get_available_providers():
        return None
    return f"this onnxruntime was built without {ort_name}"


_OPENVINO = Plugin(
    "onnxruntime_ep_openvino",
    "OpenVINO's plug-in offers no CPU device here; it wants an Intel one",
    fits=lambda device: device.ep_metadata.get("ov_device") == "CPU",
)
_WEBGPU = Plugin("onnxruntime_ep_webgpu", "no GPU answers through Vulkan, Direct3D 12 or Metal")
_TENSORRT_RTX = Plugin("onnxruntime_ep_nv_tensorrt_rtx", "it offers no device here; it wants an NVIDIA RTX 30 or newer")
_MLX = Plugin("onnxruntime_ep_mlx", "it offers no device here; it wants an Apple computer", prefix="")


def _openvino(options: Any, precision: str, device_id: int, layout: str) -> ProviderList:
    hint = {"fp32": "f32", "bf16": "bf16"}[precision]
    _OPENVINO.use(options, 0, {"load_config": f'{{"CPU": {{"INFERENCE_PRECISION_HINT": "{hint}"}}}}'})
    return []


def _webgpu(options: Any, precision: str, device_id: int, layout: str) -> ProviderList:
    # Tiles have few shapes: buffers of exactly these sizes take a quarter less memory than buckets do.
    _WEBGPU.use(options, device_id, {"preferredLayout": layout, "storageBufferCacheMode": "simple"})
    return []


def _coreml(options: Any, precision: str, device_id: int, layout: str) -> ProviderList:
    # Given dynamic shapes it moves pixels (onnxruntime issue 21170); what is not fixed stays on the CPU.
    coreml = {"ModelFormat": "MLProgram", "MLComputeUnits": "ALL", "RequireStaticInputShapes": "1"}
    return [("CoreMLExecutionProvider", coreml), ("CPUExecutionProvider", {})]


def _plugged(plugin: Plugin) -> Callable[[Any, str, int, str], ProviderList]:
    def configure(options: Any, precision: str, device_id: int, layout: str) -> ProviderList:
        plugin.use(options, device_id, {})
        return []

    return configure


def _plugged_device(plugin: Plugin) -> Callable[[int], str]:
    return lambda device_id: name_of(plugin.device(device_id))


def _is_hardware(plugin: Plugin) -> Callable[[], bool]:
    return lambda: plugin.missing() is None and not all(is_software(device) for device in plugin.devices())


PROVIDERS = (
    Provider(
        name="tensorrt",
        ort_name="TensorrtExecutionProvider",
        precisions=("fp32", "fp16"),
        fastest=lambda: "fp16",
        missing=lambda: _built_in("TensorrtExecutionProvider"),
        configure=configure_tensorrt,
        device=gpu_name,
        hint="install NVIDIA's TensorRT libraries beside CUDA's; or --provider cuda",
        memory="cuda",
        compiles_per_shape=True,
        runs_beside_cpu=True,
    ),
    Provider(
        name="tensorrt-rtx",
        ort_name="NvTensorRTRTXExecutionProvider",
        precisions=("fp32", "fp16"),
        fastest=lambda: "fp16",
        missing=_TENSORRT_RTX.missing,
        configure=_plugged(_TENSORRT_RTX),
        device=_plugged_device(_TENSORRT_RTX),
        hint="pip install onnxruntime-ep-nv-tensorrt-rtx, for an NVIDIA RTX 30 or newer; or --provider cuda",
        version=_TENSORRT_RTX.version,
        compiles_per_shape=True,
        runs_beside_cpu=True,
    ),
    Provider(
        name="cuda",
        ort_name="CUDAExecutionProvider",
        precisions=("fp32", "fp16"),
        fastest=lambda: "fp16",
        missing=lambda: _built_in("CUDAExecutionProvider"),
        configure=configure_cuda,
        device=gpu_name,
        hint=_CUDA_HINT,
        memory="cuda",
        compiles_per_shape=True,
        shape_step=_SHAPE_STEP,
        runs_beside_cpu=True,
    ),
    Provider(
        name="webgpu",
        ort_name="WebGpuExecutionProvider",
        precisions=("fp32", "fp16"),
        fastest=lambda: "fp16" if _is_hardware(_WEBGPU)() else "fp32",
        missing=_WEBGPU.missing,
        configure=_webgpu,
        device=_plugged_device(_WEBGPU),
        hint='pip install "ganfx[gpu]", with a current driver for the GPU; or --provider cpu',
        layouts=("NHWC", "NCHW"),
        version=_WEBGPU.version,
        is_real=_is_hardware(_WEBGPU),
        memory="webgpu",
        compiles_per_shape=True,
        shape_step=_SHAPE_STEP,
        runs_beside_cpu=True,
    ),
    Provider(
        name="mlx",
        ort_name="MLXExecutionProvider",
        precisions=("fp32", "fp16"),
        fastest=lambda: "fp16",
        missing=_MLX.missing,
        configure=_plugged(_MLX),
        device=_plugged_device(_MLX),
        hint="pip install onnxruntime-ep-mlx on an Apple computer; or --provider cpu",
        version=_MLX.version,
        compiles_per_shape=True,
        runs_beside_cpu=True,
    ),
    Provider(
        name="coreml",
        ort_name="CoreMLExecutionProvider",
        precisions=("fp32", "fp16"),
        fastest=lambda: "fp16",
        missing=lambda: _built_in("CoreMLExecutionProvider"),
        configure=_coreml,
        device=lambda _: "Apple GPU and Neural Engine",
        hint="onnxruntime for macOS brings it; or --provider cpu",
        version=lambda: platform.mac_ver()[0],
        compiles_per_shape=True,
        fixed_shapes=True,
        runs_beside_cpu=True,
    ),
    Provider(
        name="openvino",
        ort_name="OpenVINOExecutionProvider",
        precisions=("fp32", "bf16"),
        fastest=lambda: "bf16" if computes_bf16() else "fp32",
        missing=_OPENVINO.missing,
        configure=_openvino,
        device=lambda _: "CPU",
        hint='pip install "ganfx[openvino]" on an Intel processor; or --provider cpu',
        version=_OPENVINO.version,
    ),
    Provider(
        name="cpu",
        ort_name="CPUExecutionProvider",
        precisions=("fp32",),
        fastest=lambda: "fp32",
        missing=lambda: None,
        configure=lambda options, precision, device_id, layout: [("CPUExecutionProvider", {})],
        device=lambda _: "CPU",
        hint="pip install --force-reinstall onnxruntime",
        threads=processor_threads,
    ),
)


def candidates(name: str) -> tuple[Provider, ...]:
    """The rows to try in order for the option `name`, `auto` for all. Raises OptionError on unknown names."""
    rows = tuple(row for row in PROVIDERS if name == row.name or (name == "auto" and row.is_real()))
    if not rows:
        raise OptionError(f"provider: {name!r} is not one of auto, {', '.join(row.name for row in PROVIDERS)}")
    return rows


def start_session(
    model: bytes, provider: Provider, precision: str, device_id: int, layout: str = "", *, threads: int = 0
) -> Any:
    """An onnxruntime session that really has `provider`, with the first of its layouts where none is named.

    threads: on the processor; 0 leaves that to OMP_NUM_THREADS and onnxruntime. Raises ProviderError where the session
    does not have it, DeviceMemoryError where the weights do not fit.
    """
    provider.check()
    with starting(provider.name, provider.hint):
        options = quiet_options(threads)
        wanted = provider.configure(options, precision, device_id, layout or provider.layouts[0])
        part_caches(wanted, model)
        session = runtime().InferenceSession(model, options, providers=wanted or None, enable_fallback=0)
        if provider.ort_name not in session.get_providers():
            raise ProviderError(f"{provider.name}: its libraries do not load here", hint=provider.hint)
    return session
