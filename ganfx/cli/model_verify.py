"""`ganfx models verify`: the self-tests that models carry, on a device of this machine."""

from __future__ import annotations

import math
from typing import Any

import click

from ganfx.cli.model_files import json_option
from ganfx.cli.model_text import error_json
from ganfx.cli.options import device_options
from ganfx.cli.terminal import report_error, show, show_json, tell
from ganfx.errors import ContractError, GanfxError


@click.command(short_help="Run the self-test of a model, or of all.")
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="All models that are installed.")
@json_option
@device_options
def verify(name: str | None, every: bool, as_json: bool, provider: str, precision: str) -> int:
    """Run a model's self-test on a device of this machine, and compare it with the processor.

    Exit status 1: a model failed, or carries no self-test.

    \b
    Example:
      ganfx models verify photo-x4 --provider webgpu
    """
    if bool(name) == every:
        raise click.UsageError("name a model: ganfx models verify photo-x4; or all of them: --all")
    results = []
    for one in _installed() if every else [str(name)]:
        try:
            results.append(_verified(one, provider, precision))
        except GanfxError as error:
            if not every:
                raise
            report_error(error)
            results.append({"name": one, "status": "failed", "error": error_json(error)})
        if as_json:
            show_json(results[-1])
        else:
            _show(results[-1])
    return 0 if all(result["status"] == "good" for result in results) else 1


def _installed() -> list[str]:
    from ganfx.hub import installed_models

    return list(dict.fromkeys(entry.name for entry in installed_models()))


def _verified(name: str, provider: str, precision: str) -> dict[str, Any]:
    from ganfx.engine import EngineOptions, open_engine
    from ganfx.engine import verify as run_self_test
    from ganfx.hub import describe, find_model

    path = find_model(name)
    entry = describe(name)
    if entry.problem:
        raise ContractError(f"{path}: {entry.problem}")
    engine = open_engine(path, EngineOptions(provider, precision))
    result = run_self_test(engine)
    decibels = engine.network.decibels
    return {
        "name": name,
        "status": "untested" if result is None else "good" if result.passed else "bad",
        "error": None,
        "deviation": result.error if result else None,
        "device": engine.device,
        "precision": engine.precision,
        "layout": engine.network.layout,
        "decibels": decibels if math.isfinite(decibels) else None,
    }


def _show(result: dict[str, Any]) -> None:
    name, status = result["name"], result["status"]
    if status == "untested":
        tell(f"{name}: carries no self-test")
    elif status != "failed":
        how = " ".join(filter(None, (result["precision"], result["layout"])))
        off = f"{result['deviation']:.1e} off the reference"
        beside = f", {result['decibels']:.0f} dB from the processor" if result["decibels"] else ""
        show(f"{name} on {result['device']}, {how}: {'good' if status == 'good' else 'BAD'}, {off}{beside}")
