"""`ganfx bench`: how fast this machine runs batches, and how much time is spent outside the networks."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from ganfx.batch.stage_limits import StageLimits
from ganfx.cli.help_groups import FILES
from ganfx.cli.options import engine_options, lanes_option, max_pixels_option, take_engine_options
from ganfx.cli.terminal import show, show_json, show_lines, tell
from ganfx.filters import all_filters

if TYPE_CHECKING:
    from ganfx.engine import EngineOptions

_MASKLESS = [filter_.name for filter_ in all_filters().values() if not filter_.needs_mask]


@click.group()
def bench() -> None:
    """Measure how fast this machine is."""


@bench.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--filter", "filter_", type=click.Choice(_MASKLESS), default="upscale", show_default=True)
@click.option("-n", "--model", metavar="NAME|FILE", help="A model from `ganfx models`, or an ONNX file.")
@click.option("-r", "--recursive", is_flag=True, help="Search sub-folders too.")
@lanes_option("Pictures at once, as for the other commands.")
@click.option(
    "--rounds", type=click.IntRange(1), default=3, show_default=True, help="Report the median of so many rounds."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@max_pixels_option(FILES)
@engine_options
def batch(
    files: tuple[str, ...],
    filter_: str,
    model: str | None,
    recursive: bool,
    lanes: StageLimits | None,
    rounds: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Time a batch with its files in and out, and compare it with its networks alone.

    Both are timed in turns. The results are deleted.

    \b
    Example:
      ganfx bench batch ~/Pictures/holiday
    """
    from ganfx import pipeline
    from ganfx.batch.wording import counted
    from ganfx.evaluation.throughput import benchmark_batch

    chain = pipeline.Chain((pipeline.load_filter(filter_, {}, model=model, engine=take_engine_options(options)),))
    used = lanes or StageLimits.fitting(chain)
    found = benchmark_batch(files, chain, used, recursive=recursive, rounds=rounds)
    if as_json:
        figures = dataclasses.asdict(found) | {"busy_share": found.busy_share, "overhead": found.overhead}
        show_json(figures)
        return
    show(f"{counted(found.pictures, 'picture')}, {found.megapixels:.1f} MP written, on {found.device}")
    show(f"lanes: {used.decode} opened, {used.engine} in the filter, {used.encode} encoded at once")
    show(f"whole batch:    {found.whole_s:8.2f} s, {found.megapixels / found.whole_s:.2f} MP/s")
    show(f"networks in it: {found.busy_s:8.2f} s, busy {found.busy_share:.1%} of the time")
    show(f"networks alone: {found.alone_s:8.2f} s, overhead {found.overhead:+.1%}")


@bench.command()
@click.argument("models", nargs=-1, metavar="MODEL...", required=True)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Medians of so many rounds.")
@click.option(
    "--compare",
    is_flag=True,
    help="Beside a plain script with torch, and with openvino, and with ncnn and pnnx, where they are installed; for "
    "upscalers trained here.",
)
@click.option(
    "--side",
    type=click.IntRange(64, 4096),
    metavar="N",
    help="Pixels of the pictures' sides.  [default: 768, with --compare 384]",
)
@click.option(
    "--peer-limit",
    "peer_limit_s",
    type=click.FloatRange(1),
    metavar="SECONDS",
    default=120,
    show_default=True,
    help="Stop another program that --compare runs after so long, all rounds together.",
)
@click.option(
    "--tune", is_flag=True, help="Try tiles, batches, threads, precisions and devices instead, and keep the fastest."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@engine_options
def model(
    models: tuple[str, ...],
    rounds: int,
    compare: bool,
    side: int | None,
    peer_limit_s: float,
    tune: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure how near each model comes to what this machine can do.

    In megapixels of output per second: what the device's arithmetic allows, measured with convolutions alone; the
    bare session; the engine with its tiles; and files in and out. Each is given as a share of the one before it.

    With --tune what is found is remembered for this machine, and used from then on.

    \b
    Example:
      ganfx bench model photo-x4 photo-x4-fast
    """
    from ganfx.evaluation.limits import limits_table, measure_limits

    engine = take_engine_options(options)
    if tune:
        _tune(models, engine, as_json)
        return
    found = [
        measure_limits(one, rounds=rounds, compare=compare, side=side, peer_limit_s=peer_limit_s, options=engine)
        for one in models
    ]
    if as_json:
        show_json([dataclasses.asdict(one) | {"device_mp_per_s": one.device_mp_per_s} for one in found])
    else:
        show_lines(limits_table(found))


def _tune(models: tuple[str, ...], options: EngineOptions, as_json: bool) -> None:
    from ganfx.batch.wording import counted
    from ganfx.engine.tuning import Trial, tune
    from ganfx.hub import find_model

    def line(trial: Trial) -> str:
        side, batch, threads = dataclasses.astuple(trial.settings)
        tile = f"tiles of {side}, {batch} at once" if side else "the whole picture"
        with_threads = f", {counted(threads, 'thread')}" if threads else ""
        return f"{trial.mp_per_s:8.2f} MP/s  {trial.device}, {trial.precision}, {tile}{with_threads}"

    for name in models:
        found = tune(find_model(name), options, lambda trial: None if as_json else tell(line(trial)))
        if as_json:
            show_json({"model": name, "trials": [dataclasses.asdict(trial) for trial in found]})
        else:
            show(f"{name}: {line(found[0]).strip()}; used from now on")
