"""The model contract: what one ONNX file promises, stored inside the file itself.

The contract is one JSON object under the key `ganfx` of the model's `metadata_props`; nothing else is needed to run
the file. `docs/reference/model-contract.md` describes it, `docs/model-contract.schema.json` is its JSON schema.
"""

from __future__ import annotations

from ganfx.spec.model import FORMAT, KEY, PRECISIONS, ModelSpec
from ganfx.spec.parts import Control, Port, SelfTest, StoredPair, Tiling

__all__ = ["FORMAT", "KEY", "PRECISIONS", "Control", "ModelSpec", "Port", "SelfTest", "StoredPair", "Tiling"]
