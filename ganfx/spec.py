"""ModelSpec: what one ONNX file promises, carried inside the file itself.

The contract is one JSON object under the key `ganfx` of the model's `metadata_props`; nothing else is needed
to run the file.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganfx.errors import ContractError

KEY = "ganfx"
FORMAT = 2
# What format 1 called them.
_RENAMED = {"filter": "task", "colour_order": "color_order", "grain": "input_noise_std"}


@dataclass(frozen=True)
class SelfTest:
    """Statistics of the output for uniform noise in [0, 1] of shape (1, in_channels, size, size).

    The noise is `numpy.random.default_rng(seed).random(shape, dtype=float32)`; mean and std are of the whole
    output in the model's own range and must come back within `tolerance`.
    """

    seed: int
    size: int
    mean: float
    std: float
    tolerance: float = 2e-3


@dataclass(frozen=True)
class ModelSpec:
    """One network's contract: input (N, in_channels, H, W) -> output (N, out_channels, H * scale, W * scale).

    value_range is the (black, white) pair of input and output alike; sizes are input pixels per side.
    receptive_field counts the input pixels that reach an output pixel on each side of it; fixed_size is the
    only side the graph accepts, or None where it is dynamic. `precisions` lists what the network is known to
    survive, of fp32, fp16, bf16. grain is the deviation of the noise that the network wants in its input, in [0, 1].
    """

    name: str
    task: str
    scale: int = 1
    in_channels: int = 3
    out_channels: int = 3
    value_range: tuple[float, float] = (0.0, 1.0)
    color_order: str = "RGB"
    multiple_of: int = 1
    min_size: int = 1
    fixed_size: int | None = None
    receptive_field: int = 32
    precisions: tuple[str, ...] = ("fp32", "fp16", "bf16")
    input_noise_std: float = 0.0
    license: str = "unknown"
    description: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    self_test: SelfTest | None = None

    def to_json(self) -> str:
        """The text to store under `KEY`."""
        return json.dumps({"format": FORMAT} | dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> ModelSpec:
        """The contract stored as `text`. Raises ContractError where it is damaged or from a newer ganfx."""
        try:
            stored = json.loads(text)
            format_ = stored.pop("format")
            if format_ > FORMAT:
                raise ContractError("the model was made for a newer ganfx", hint="update ganfx")
            if format_ == 1:
                stored = {_RENAMED.get(key, key): value for key, value in stored.items()}
            stored["value_range"] = tuple(stored["value_range"])
            stored["precisions"] = tuple(stored["precisions"])
            stored["self_test"] = SelfTest(**stored["self_test"]) if stored["self_test"] else None
            return cls(**stored)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ContractError(f"the model's ganfx metadata is damaged: {error}") from error
