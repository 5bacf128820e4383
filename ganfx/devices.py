"""Which devices and packages this machine can use, and how exactly it computes."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator
from typing import Any

from ganfx.errors import GanfxError

PACKAGES = (
    "onnxruntime-gpu",
    "onnxruntime",
    "onnxruntime-ep-webgpu",
    "onnxruntime-ep-openvino",
    "pyvips",
    "opencv-python-headless",
    "numpy",
    "onnx",
    "torch",
)


def _versions() -> dict[str, str]:
    from importlib import metadata

    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _warnings(versions: dict[str, str]) -> list[str]:
    if {"onnxruntime", "onnxruntime-gpu"} <= set(versions):
        return ["onnxruntime and onnxruntime-gpu are both installed and overwrite each other: uninstall onnxruntime"]
    return []


def _proved(provider: str) -> dict[str, Any]:
    """How well the default upscaler computes on `provider`, beside the processor: what is used, and decibels."""
    from ganfx.engine import EngineOptions, open_engine
    from ganfx.hub import find_model

    model = find_model(task="upscale")
    try:
        network = open_engine(model, EngineOptions(provider=provider)).network
    except GanfxError as error:
        return {"model": model.stem, "problem": error.message}
    found = {"model": model.stem, "precision": network.precision, "layout": network.layout or None}
    return found | {"decibels": round(network.decibels, 1) if math.isfinite(network.decibels) else None}


def _told(proof: dict[str, Any]) -> str:
    if "problem" in proof:
        return str(proof["problem"])
    how = " ".join(filter(None, (proof["precision"], proof["layout"])))
    if proof["decibels"] is None:
        return f"{proof['model']} in {how}, which the others are compared with"
    return f"{proof['model']} in {how}: {proof['decibels']:.0f} dB from the processor, as exact as it should be"


def device_findings() -> dict[str, Any]:
    """What this machine can use, as plain data: versions, each provider, how exact it is, and warnings."""
    from ganfx import __version__
    from ganfx.engine import probe_providers

    versions = _versions()
    providers = [
        {"name": row.name, "usable": row.usable, "detail": row.detail, "hint": row.hint}
        | ({"proof": _proved(row.name)} if row.usable else {})
        for row in probe_providers()
    ]
    return {
        "ganfx": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": versions,
        "providers": providers,
        "warnings": _warnings(versions),
    }


def device_lines(findings: dict[str, Any]) -> Iterator[str]:
    """What `device_findings` found, for people."""
    yield f"ganfx {findings['ganfx']}, Python {findings['python']}, {findings['system']}"
    yield ", ".join(f"{name} {version}" for name, version in findings["packages"].items())
    for provider in findings["providers"]:
        yield f"  {'yes' if provider['usable'] else 'no ':3}  {provider['name']:12} {provider['detail']}"
        below = _told(provider["proof"]) if provider["usable"] else provider["hint"]
        if below:
            yield f"       {'':12} -> {below}"
    yield from (f"warning: {warning}" for warning in findings["warnings"])
