"""Importing models from elsewhere: converted where needed, given a contract, and registered under a name."""

from __future__ import annotations

import importlib.util
import re
import tempfile
from pathlib import Path

from ganfx.errors import ModelError, UnknownModelError
from ganfx.hub import registry
from ganfx.hub.download import DownloadProgress, download
from ganfx.paths import cache_dir
from ganfx.spec import model_file


def import_model(
    path: Path, *, name: str | None = None, task: str | None = None, license: str = "unknown", replace: bool = False
) -> Path:
    """Register the model in `path`, an ONNX file or a checkpoint of an upscaler, as `name` (default: the file's name).

    For an ONNX file without a contract, the contract is measured by running it; `task` overrides the measured task. A
    checkpoint is converted and compared with the original network, which needs the [import] extra. Returns the ONNX
    file in the user's models. Raises UnknownModelError for a missing file, ContractError for one that is no usable
    model, OptionError for the name, ModelError for a missing extra or an unreadable file, ExportError.
    """
    kind = model_file.sniff(path)
    if kind not in ("onnx", "checkpoint"):
        raise model_file.fault(path, kind)
    if kind == "onnx" and (spec := model_file.read_spec(path)):
        return registry.register(path, name or spec.name, replace=replace)
    name = name or _plain_name(path)
    registry.check_name(name, replace=replace)
    with tempfile.TemporaryDirectory(prefix="ganfx-") as folder:
        made = Path(folder) / f"{name}.onnx"
        if kind == "onnx":
            _adopt(path, made, name, task, license)
        else:
            _convert(path, made, name, license)
        return registry.register(made, name, replace=replace)


def _plain_name(path: Path) -> str:
    return re.sub(r"[^\w.+-]+", "_", Path(path.name.removesuffix(".tar")).stem).lstrip("_.+-")


def _adopt(path: Path, out: Path, name: str, task: str | None, license: str) -> None:
    from ganfx.exporters.adopt import adopt_onnx

    adopt_onnx(path, out, name=name, task=task, license=license)


def _convert(path: Path, out: Path, name: str, license: str) -> None:
    _require_torch(str(path))
    from ganfx.exporters.foreign import import_checkpoint

    import_checkpoint(path, out, name=name, license=license)


def _require_torch(what: str) -> None:
    missing = [module for module in ("torch", "onnxscript", "spandrel") if not importlib.util.find_spec(module)]
    if missing:
        raise ModelError(
            f"{what}: converting a checkpoint needs {', '.join(missing)}", hint='pip install "ganfx[import]"'
        )


def pull_model(name: str, *, progress: DownloadProgress | None = None, replace: bool = False) -> Path:
    """Download the catalogue's model `name`, convert it where needed, and register it under that name.

    progress is called with the bytes done and the total. Raises UnknownModelError, DownloadError, ChecksumError and
    what `import_model` raises.
    """
    known = {entry.name: entry for entry in registry.catalogue() if entry.url}
    if name not in known:
        raise UnknownModelError(f"no model named {name!r} to download", hint=f"there are {', '.join(known)}")
    entry = known[name]
    registry.check_name(name, replace=replace)
    if not entry.url.endswith(".onnx"):
        _require_torch(name)
    fetched = download(entry.url, entry.sha256, cache_dir() / "downloads", progress)
    model = import_model(fetched, name=name, task=entry.task, license=entry.license, replace=replace)
    fetched.unlink(missing_ok=True)
    return model
