"""The networks that ship with ganfx, one ONNX file each."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
