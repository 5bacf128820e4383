"""Importing models from elsewhere: converted where needed, given a contract, and registered under a name."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from ganfx.hub import registry
from ganfx.isolation import CallLimits
from ganfx.spec import model_file
from ganfx.spec.parts import MAX_NAME

# What a network takes while it is converted, by the size of its file.
_BYTES_OF_FILE = 24
# By the kind of file: a function of `ganfx.foreign.isolated`, and how many seconds and GiB it may take.
_IMPORTERS: dict[model_file.Kind, tuple[str, float, int]] = {
    "onnx": ("adopt", 300, 4),
    "ncnn": ("write_ncnn", 300, 4),
    "checkpoint": ("convert", 1800, 6),
}


def import_model(
    path: Path, *, name: str | None = None, task: str | None = None, license: str = "unknown", replace: bool = False
) -> Path:
    """Register the model in `path`, ONNX, ncnn or a checkpoint of an upscaler, as `name` (default: the file's name).

    The file is read, converted and tried in a process with limits on time and memory. For an ONNX file without a
    contract, an ncnn network, and a checkpoint of one of the networks that ganfx writes by itself, the contract is
    measured by running it; `task` overrides the measured task. Other checkpoints are converted by torch and compared
    with the original network, which needs the [import] extra. Returns the ONNX file in the user's models.

    Raises UnknownModelError for a missing file, ContractError for one that is no usable model, OptionError for the
    name, ModelError for a missing extra or an unreadable file, ExportError.
    """
    path, kind = _kind(path)
    if kind not in _IMPORTERS:
        raise model_file.file_error(path, kind)
    spec = model_file.read_spec(path) if kind == "onnx" else None
    name = name or (spec.name if spec else _plain_name(path))
    registry.check_name(name, replace=replace)
    if spec:
        return _accepted(path, name, replace)
    with tempfile.TemporaryDirectory(prefix="ganfx-") as folder:
        made = Path(folder) / f"{name}.onnx"
        how, seconds, gigabytes = _IMPORTERS[kind]
        _made_apart(how, path, made, name, task, license, limits=_limits(path, seconds, gigabytes))
        return _accepted(made, name, replace)


def _kind(path: Path) -> tuple[Path, model_file.Kind]:
    """The file that says what the model is, and its kind: of an ncnn network the `.param` file."""
    kind, layers = model_file.sniff(path), path.with_suffix(".param")
    if kind == "unknown" and path.suffix == ".bin" and layers.is_file():
        return layers, model_file.sniff(layers)
    return path, kind


def _limits(path: Path, seconds: float, gigabytes: int) -> CallLimits:
    size = sum(file.stat().st_size for file in {path, path.with_suffix(".bin")} if file.is_file())
    return CallLimits(seconds, (gigabytes << 30) + _BYTES_OF_FILE * size)


def _made_apart(how: str, path: Path, out: Path, *others: str | None, limits: CallLimits) -> None:
    from ganfx.engine.acceptance import tried

    tried(f"ganfx.foreign.isolated:{how}", path, str(out), *others, limits=limits)


def _accepted(path: Path, name: str, replace: bool) -> Path:
    from ganfx.engine.acceptance import accept

    accept(path)
    return registry.register(path, name, replace=replace)


def _plain_name(path: Path) -> str:
    return re.sub(r"[^\w.+-]+", "_", Path(path.name.removesuffix(".tar")).stem).lstrip("_.+-")[:MAX_NAME]
