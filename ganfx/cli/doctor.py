"""`ganfx doctor`: which devices and packages this machine can use."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

import click

from ganfx.cli.terminal import show, show_json

PACKAGES = (
    "onnxruntime-gpu",
    "onnxruntime",
    "onnxruntime-ep-openvino",
    "pyvips",
    "opencv-python-headless",
    "numpy",
    "onnx",
    "torch",
)


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _warnings(versions: dict[str, str]) -> list[str]:
    if {"onnxruntime", "onnxruntime-gpu"} <= set(versions):
        return ["onnxruntime and onnxruntime-gpu are both installed and overwrite each other: uninstall onnxruntime"]
    return []


def _findings() -> dict[str, Any]:
    from ganfx import __version__
    from ganfx.engine import probe_providers

    versions = _versions()
    providers = [
        {"name": row.name, "usable": row.usable, "detail": row.detail, "hint": row.hint} for row in probe_providers()
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
    """Show which devices and providers load on this machine, and what to install for more."""
    findings = _findings()
    if as_json:
        show_json(findings, indent=2)
        return 0
    show(f"ganfx {findings['ganfx']}, Python {findings['python']}, {findings['system']}")
    show(", ".join(f"{name} {version}" for name, version in findings["packages"].items()))
    for provider in findings["providers"]:
        show(f"  {'yes' if provider['usable'] else 'no ':3}  {provider['name']:9} {provider['detail']}")
        if not provider["usable"] and provider["hint"]:
            show(f"       {'':9} -> {provider['hint']}")
    for warning in findings["warnings"]:
        show(f"warning: {warning}")
    return 0
