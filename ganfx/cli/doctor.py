"""`ganfx doctor`: which devices and packages this machine can use."""

from __future__ import annotations

import math
import platform
from typing import Any

import click

from ganfx.cli.terminal import show, show_json
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


def _findings() -> dict[str, Any]:
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


@click.command(short_help="Show what this machine can use.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> int:
    """Show which devices work on this machine, whether they compute right, and what to install for more."""
    findings = _findings()
    if as_json:
        show_json(findings, indent=2)
        return 0
    show(f"ganfx {findings['ganfx']}, Python {findings['python']}, {findings['system']}")
    show(", ".join(f"{name} {version}" for name, version in findings["packages"].items()))
    for provider in findings["providers"]:
        show(f"  {'yes' if provider['usable'] else 'no ':3}  {provider['name']:12} {provider['detail']}")
        below = _told(provider["proof"]) if provider["usable"] else provider["hint"]
        if below:
            show(f"       {'':12} -> {below}")
    for warning in findings["warnings"]:
        show(f"warning: {warning}")
    return 0
