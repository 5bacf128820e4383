"""What is done to files of others in a process of its own (`ganfx.isolation`): plain texts in, files out."""

from __future__ import annotations

from pathlib import Path


def adopt(path: str, out: str, name: str, task: str | None, license: str) -> None:
    """`adopt_onnx`."""
    from ganfx.foreign.adopt import adopt_onnx

    adopt_onnx(Path(path), Path(out), name=name, task=task, license=license)


def write_ncnn(path: str, out: str, name: str, task: str | None, license: str) -> None:
    """`adopt_ncnn`."""
    from ganfx.foreign.adopt import adopt_ncnn

    adopt_ncnn(Path(path), Path(out), name=name, task=task, license=license)


def convert(path: str, out: str, name: str, license: str) -> None:
    """`import_checkpoint`."""
    from ganfx.exporters.foreign import import_checkpoint

    import_checkpoint(Path(path), Path(out), name=name, license=license)
