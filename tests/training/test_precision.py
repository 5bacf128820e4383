"""bf16 is for processors and GPUs that compute it; elsewhere it is emulated, and many times slower than fp32."""

from __future__ import annotations

import pytest
import torch

from ganfx.training.precision import choose_precision
from ganfx.training.recipe import load_recipe, recipe_names

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
PROCESSORS = {
    "Haswell": ({"architecture": "x86_64", "avx2": True, "avx512_bf16": False, "amx_bf16": False}, "32-true"),
    "Skylake-X": ({"architecture": "x86_64", "avx512_f": True, "avx512_bf16": False}, "32-true"),
    "Cooper Lake": ({"architecture": "x86_64", "avx512_f": True, "avx512_bf16": True}, "bf16-mixed"),
    "Sapphire Rapids": ({"architecture": "x86_64", "amx_tile": True, "amx_bf16": True}, "bf16-mixed"),
    "Cortex-A72": ({"architecture": "arm64", "neon": True, "bf16": False}, "32-true"),
    "Neoverse V1": ({"architecture": "arm64", "neon": True, "bf16": True}, "bf16-mixed"),
    "unknown": ({}, "32-true"),
}


@pytest.mark.parametrize("name", PROCESSORS)
def test_processors_get_bf16_where_they_compute_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    capabilities, expected = PROCESSORS[name]
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert choose_precision("auto", CPU).name == expected


@pytest.mark.parametrize(
    ("capability", "expected"), [((7, 5), "32-true"), ((8, 0), "bf16-mixed"), ((9, 0), "bf16-mixed")]
)
def test_gpus_get_bf16_from_ampere_on(
    capability: tuple[int, int], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert choose_precision("auto", CUDA).name == expected


@pytest.mark.parametrize("wanted", ["bf16-mixed", "32-true"])
@pytest.mark.parametrize("capabilities", [{}, {"avx512_bf16": True}])
def test_a_recipe_may_insist(wanted: str, capabilities: dict[str, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert choose_precision(wanted, CPU).name == wanted


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_leave_it_to_the_device(name: str) -> None:
    assert load_recipe(name).precision == "auto"
