"""Which number format a run computes in."""

from __future__ import annotations

from dataclasses import dataclass

import torch

AUTO = "auto"
# Features of torch.cpu.get_capabilities() that mean bf16 matrix products in hardware, on x86-64 and on ARM.
_CPU_FEATURES = ("amx_bf16", "avx512_bf16", "bf16")
# The compute capability of the first CUDA devices with bf16 (Ampere); older ones emulate it.
_CUDA_CAPABILITY = (8, 0)


@dataclass(frozen=True)
class Precision:
    """`name` is what Fabric calls it ("bf16-mixed", "32-true", ...), `reason` why it was chosen, for people."""

    name: str
    reason: str


def has_bf16(device: torch.device) -> bool:
    """Whether `device` computes bf16 in hardware: where it is emulated, fp32 is many times faster."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= _CUDA_CAPABILITY
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(feature, False) for feature in _CPU_FEATURES)
    return False


def choose_precision(wanted: str, device: torch.device) -> Precision:
    """The precision to train with on `device` where the recipe says `wanted`: anything but "auto" is kept."""
    if wanted != AUTO:
        return Precision(wanted, "as the recipe says")
    if has_bf16(device):
        return Precision("bf16-mixed", f"this {device.type} device computes bf16")
    return Precision("32-true", f"this {device.type} device does not compute bf16")
