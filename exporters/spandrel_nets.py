"""The architectures that spandrel supports: Compact, ESRGAN, SPAN, Swift-SRGAN and some forty more."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganfx.errors import ContractError, ExportError
from ganfx.spec import ModelSpec

_PURPOSES = ("SR", "Restoration")
_libraries: list[Any] = []


def import_torchvision() -> None:
    """Import torchvision, which spandrel imports too, even where its operators do not load.

    Its CUDA build fails beside a CPU-only torch ("operator torchvision::nms does not exist"); nothing used here
    needs those operators, so that declaring them is enough.
    """
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _libraries.append(library)  # the declarations are dropped with the library


def _descriptor(state: dict[str, Tensor]) -> Any:
    try:
        import_torchvision()
        import spandrel
    except ImportError as error:
        raise ExportError(
            "reading other people's checkpoints needs spandrel", hint='pip install "ganfx[import]"'
        ) from error
    try:
        return spandrel.ModelLoader("cpu").load_from_state_dict(state)
    except spandrel.UnsupportedModelError as error:
        raise ContractError(
            "a checkpoint of a network that ganfx does not know", hint="import the model's ONNX file instead"
        ) from error


def build(state: dict[str, Tensor]) -> tuple[nn.Module, ModelSpec]:
    """The network with its weights, and its contract but for the name. Raises ContractError."""
    found = _descriptor(state)
    label = f"{found.architecture.name} {' '.join(found.tags)}".strip()
    if found.purpose not in _PURPOSES or (found.input_channels, found.output_channels) != (3, 3):
        raise ContractError(f"{label} is not an upscaler of color pictures")
    needs = found.size_requirements
    half = ("fp16",) * found.supports_half + ("bf16",) * found.supports_bfloat16
    return found.model, ModelSpec(
        "",
        "upscale",
        found.scale,
        multiple_of=needs.multiple_of,
        min_size=max(needs.minimum, 1),
        precisions=("fp32", *half),
        description=label,
    )
