"""Importing models from elsewhere: converted where needed, given a contract, and registered under a name."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganfx.atomic import write_atomic
from ganfx.hub import registry
from ganfx.isolation import CallLimits
from ganfx.spec import model_file
from ganfx.spec.parts import MAX_NAME

if TYPE_CHECKING:
    from ganfx.engine.findings import ModelFact, Said

# What a network takes while it is converted, by the size of its file.
_BYTES_OF_FILE = 24
# By the kind of file: how many seconds and GiB its import may take.
_LIMITS: dict[model_file.Kind, tuple[float, int]] = {"onnx": (300, 4), "ncnn": (300, 4), "checkpoint": (1800, 6)}


def import_model(
    path: Path,
    *,
    name: str | None = None,
    task: str | None = None,
    license: str = "unknown",
    replace: bool = False,
    said: Said | None = None,
    preview: Path | None = None,
    report: Callable[[ModelFact], None] | None = None,
) -> Path:
    """Register the model in `path`, ONNX, ncnn or a checkpoint of an upscaler, as `name` (default: the file's name).

    The file is read, converted and tried in a process with limits on time and memory. For an ONNX file without a
    contract, an ncnn network, and a checkpoint of one of the networks that ganfx writes by itself, the contract is
    measured by running it: `report` is called with all that was found, and how sure it is. What is `said` is believed
    instead; `task` is a short way to say it. `preview` becomes a PNG of what the network makes of a picture. Other
    checkpoints are converted by torch and compared with the original network, which needs the [import] extra. Returns
    the ONNX file in the user's models.

    Raises UnknownModelError for a missing file, ContractError for one that is no usable model or is doubtful,
    OptionError for the name, ModelError for a missing extra or an unreadable file, ExportError.
    """
    from ganfx.engine.findings import ModelFact, Said

    path, kind = _kind(path)
    if kind not in _LIMITS:
        raise model_file.file_error(path, kind)
    spec = model_file.read_spec(path) if kind == "onnx" else None
    name = name or (spec.name if spec else _plain_name(path))
    registry.check_name(name, replace=replace)
    if spec:
        return _accepted(path, name, replace)
    told = said or Said()
    told = dataclasses.replace(told, task=task or told.task)
    with tempfile.TemporaryDirectory(prefix="ganfx-") as folder:
        made, shown = Path(folder) / f"{name}.onnx", Path(folder) / "preview.png"
        wish = {
            "name": name,
            "license": license,
            "said": dataclasses.asdict(told),
            "preview": str(shown) if preview else None,
        }
        for found in _imported(kind, path, made, wish):
            (report or (lambda finding: None))(ModelFact(**found))
        accepted = _accepted(made, name, replace)
        if preview and shown.exists():
            write_atomic(preview, shown.read_bytes())
        return accepted


def _imported(kind: model_file.Kind, path: Path, out: Path, wish: dict[str, Any]) -> list[dict[str, Any]]:
    from ganfx.engine.acceptance import tried

    function = "ganfx.foreign.isolated:import_file"
    found: list[dict[str, Any]] = tried(
        function,
        path,
        kind,
        str(out),
        wish,
        limits=_limits(path, *_LIMITS[kind]),
    )
    return found


def _kind(path: Path) -> tuple[Path, model_file.Kind]:
    """The file that says what the model is, and its kind: of an ncnn network the `.param` file."""
    kind, layers = model_file.sniff(path), path.with_suffix(".param")
    if kind == "unknown" and path.suffix == ".bin" and layers.is_file():
        return layers, model_file.sniff(layers)
    return path, kind


def _limits(path: Path, seconds: float, gigabytes: int) -> CallLimits:
    size = sum(file.stat().st_size for file in {path, path.with_suffix(".bin")} if file.is_file())
    return CallLimits(seconds, (gigabytes << 30) + _BYTES_OF_FILE * size)


def _accepted(path: Path, name: str, replace: bool) -> Path:
    from ganfx.engine.acceptance import accept

    accept(path)
    return registry.register(path, name, replace=replace)


def _plain_name(path: Path) -> str:
    return re.sub(r"[^\w.+-]+", "_", Path(path.name.removesuffix(".tar")).stem).lstrip("_.+-")[:MAX_NAME]
