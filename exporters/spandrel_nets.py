"""The architectures that spandrel supports: Compact, ESRGAN, SPAN, Swift-SRGAN and some forty more."""

from __future__ import annotations

import contextlib
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
    with contextlib.suppress(ImportError):  # it is no part of spandrel
        import spandrel_extra_arches

        spandrel_extra_arches.install(ignore_duplicates=True)
    try:
        return spandrel.ModelLoader("cpu").load_from_state_dict(state)
    except spandrel.UnsupportedModelError as error:
        raise ContractError(
            "a checkpoint of a network that ganfx does not know", hint="import the model's ONNX file instead"
        ) from error


class _Called(nn.Module):
    """A network that is called as its descriptor calls it: some take or give more than a picture."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.network = descriptor.model.eval()
        self._call = descriptor._call_fn

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self._call(self.network, x.clone())  # some write into what they are given
        return made


def build(state: dict[str, Tensor]) -> tuple[nn.Module, ModelSpec]:
    """The network with its weights, and what is known of it, without a name. Raises ContractError."""
    found = _descriptor(state)
    label = f"{found.architecture.name} {' '.join(found.tags)}".strip()
    if found.purpose not in _PURPOSES or found.input_channels not in (1, 3):
        raise ContractError(f"{label} is a network for {found.purpose.lower()} that ganfx does not run")
    if found.input_channels != found.output_channels:
        raise ContractError(f"{label} turns {found.input_channels} channels into {found.output_channels}")
    needs = found.size_requirements
    multiple = needs.multiple_of
    known = ModelSpec.of_picture(
        "network",
        "upscale" if found.scale > 1 else "restore",
        found.scale,
        in_channels=found.input_channels,
        out_channels=found.output_channels,
        multiple_of=multiple,
        min_size=-(-max(needs.minimum, 1) // multiple) * multiple,
        description=label,
    )
    return _Called(found), known
