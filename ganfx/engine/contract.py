"""The contract of an ONNX file that carries none: what its graph and a few small runs show. Nothing is guessed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ganfx.engine.findings import BYTES, SIGNED, UNIT, ModelFact, Said, range_text
from ganfx.engine.graph_tensors import FLOATS
from ganfx.engine.measured_alignment import measured_alignment
from ganfx.engine.measured_chroma import measured_chroma
from ganfx.engine.measured_reach import Reach, measured_reach
from ganfx.engine.measured_sizes import Sizes, measured_sizes
from ganfx.engine.measured_values import Supposition, Values, measured_values
from ganfx.errors import ContractError
from ganfx.spec import ModelSpec, Port, Tiling
from ganfx.spec.parts import MAX_NAME
from ganfx.text import printable

# Image.NominalPixelRange and Image.BitmapPixelFormat are the metadata of Windows ML; without a range it means 0..255.
_WINML_RANGES = {"Normalized_0_1": UNIT, "Normalized_1_1": SIGNED, "NominalRange_0_255": BYTES}
_DESCRIPTION = "a model without a ganfx contract; what it wants was measured"
# What a network that turns so many channels into so many is for, where these alone say it.
_BY_CHANNELS = {(1, 2): "colorize", (4, 3): "inpaint"}


class Measured(NamedTuple):
    """A contract, and how it was found."""

    spec: ModelSpec
    findings: tuple[ModelFact, ...]


def measured_contract(session: Any, name: str, said: Said = Said()) -> Measured:  # noqa: B008
    """The contract of the graph in `session`, as it shows itself in a few runs on small pictures, and as it is `said`.

    Raises ContractError where it is no filter of pictures, and where something is doubtful: its hint says what to say.
    """
    channels, side = _picture_input(session)
    metadata = session.get_modelmeta().custom_metadata_map
    told = _with_metadata(said, metadata)
    sizes = measured_sizes(session, channels, side, said)
    if said.scale not in (None, sizes.scale):
        raise ContractError(f"the model enlarges {sizes.scale} times, not {said.scale} times")
    values = _values(session, channels, sizes, side, told)
    given, made = _ports(session, channels, sizes, values.best, told)
    if not side:
        sizes = sizes._replace(multiple=measured_alignment(session, given, made, sizes))
    reach = measured_reach(session, given, made, sizes, side)
    tiling, tiling_finding = _tiling(reach, side, said)
    task = _task(channels, sizes, values, told)
    spec = ModelSpec(
        name,
        task.value,
        sizes.scale,
        inputs=(given,),
        outputs=(made,),
        multiple_of=sizes.multiple,
        min_size=sizes.least,
        tiling=tiling,
        receptive_field=max(1, reach.pixels),
        license=printable(metadata.get("license", "unknown")[:MAX_NAME]),
        description=_DESCRIPTION,
    )
    return Measured(spec, (task, *_size_findings(sizes, side), *values.findings, tiling_finding))


def plain_name(path: Path) -> str:
    """The name of the file at `path`, without its suffix, as a contract may have it."""
    return re.sub(r"[/\\:]", "_", printable(path.stem).lstrip("."))[:MAX_NAME] or "model"


def _picture_input(session: Any) -> tuple[int, int | None]:
    """(channels, the only side it accepts or None) of the graph's input. Raises ContractError."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if not outputs:
        raise ContractError("the model gives nothing")
    output = outputs[0]
    if len(inputs) != 1:
        raise ContractError(f"the model takes {len(inputs)} inputs, a picture filter one")
    given = inputs[0]
    if given.type not in FLOATS or output.type not in FLOATS:
        raise ContractError(f"the model maps {given.type} to {output.type}; both must be float or float16 tensors")
    if len(given.shape) != 4 or len(output.shape) != 4:
        raise ContractError(f"the model takes an input of shape {given.shape}, not (N, C, H, W)")
    if _channels_last(given.shape) or _channels_last(output.shape):
        raise ContractError("the model wants channels last (N, H, W, C)", hint="give it a name: ganfx models import")
    count, channels, height, width = given.shape
    if isinstance(count, int) and count != 1:
        raise ContractError(f"the model takes batches of {count} only", hint="export it with a dynamic batch")
    sides = {n for n in (height, width) if isinstance(n, int)}
    if len(sides) > 1 or isinstance(height, int) != isinstance(width, int):
        raise ContractError(f"the model takes {width}x{height} pixels only; a fixed size must be square")
    return (channels if isinstance(channels, int) else 3), (sides.pop() if sides else None)


def _channels_last(shape: list[int | str]) -> bool:
    return shape[3] in (1, 3) and shape[1] not in (1, 2, 3, 4)


def _with_metadata(said: Said, metadata: Mapping[str, str]) -> Said:
    """What the user says, and where that is nothing, what the file says in the way of Windows ML."""
    if "Image.BitmapPixelFormat" not in metadata:
        return said
    known = _WINML_RANGES.get(metadata.get("Image.NominalPixelRange", "NominalRange_0_255"), BYTES)
    order: Literal["RGB", "BGR"] = "BGR" if metadata["Image.BitmapPixelFormat"].startswith("Bgr") else "RGB"
    return dataclasses.replace(said, range=said.range or known, order=said.order or order)


def _values(session: Any, channels: int, sizes: Sizes, side: int | None, said: Said) -> Values:
    if (channels, sizes.channels) == (1, 2):
        return measured_chroma(session, sizes, side, said)
    if (channels, sizes.channels) in _BY_CHANNELS and not said.range:
        why = f"{channels} channels become {sizes.channels}"
        return Values(Supposition(UNIT, UNIT), 0.0, (ModelFact("range", range_text(UNIT), "assumed", why),))
    return measured_values(session, channels, sizes, side, said)


def _ports(session: Any, channels: int, sizes: Sizes, best: Supposition, said: Said) -> tuple[Port, Port]:
    order = said.order or "RGB"
    made_order = {"RGB": "BGR", "BGR": "RGB"}[order] if best.swapped else order
    mean, deviation = best.normalization
    given = Port(
        session.get_inputs()[0].name,
        channels=channels,
        color_order=order,
        value_range=best.given,
        mean=mean,
        std=deviation,
    )
    made = Port(
        session.get_outputs()[0].name,
        channels=sizes.channels,
        color_order=made_order,  # type: ignore[arg-type]
        value_range=best.made,
    )
    return given, made


def _task(channels: int, sizes: Sizes, values: Values, said: Said) -> ModelFact:
    """What the network is for. Raises ContractError where that cannot be told."""
    if said.task:
        return ModelFact("task", said.task, "said")
    known = _BY_CHANNELS.get((channels, sizes.channels))
    if known:
        return ModelFact("task", known, "certain", f"{channels} channels become {sizes.channels}")
    if sizes.scale > 1:
        return ModelFact("task", "upscale", "certain", f"the result is {sizes.scale} times larger")
    if channels != sizes.channels:
        what = f"it turns {channels} channels into {sizes.channels} of the same size"
        raise ContractError(
            f"what it is for cannot be told: {what}",
            hint="say it: ganfx models import with --task matte, scratches, ...",
        )
    if values.faithful:
        return ModelFact("task", "restore", "likely", f"the picture comes back at {values.decibels:.0f} dB")
    return ModelFact("task", "stylize", "likely", "the same size, and something else of the picture")


def _tiling(reach: Reach, side: int | None, said: Said) -> tuple[Tiling, ModelFact]:
    """How a picture may be cut. Raises ContractError for a network of a fixed size that sees the whole picture."""
    everywhere = f"what is far away changes a pixel by {100 * reach.share:.1f} % of the range"
    if side:
        if said.tile not in (None, "fixed"):
            raise ContractError(f"the model takes {side}x{side} pixels only", hint="--tile fixed")
        sure, why = ("likely", everywhere) if reach.everywhere else ("certain", f"it sees {reach.pixels} pixels")
        finding = ModelFact("tiling", f"squares of {side}", "said" if said.tile else sure, why)  # type: ignore[arg-type]
        return Tiling("fixed", side), finding
    if said.tile == "fixed":
        raise ContractError("the model takes pictures of any size", hint="--tile whole or free")
    if said.tile:
        return Tiling(said.tile), ModelFact("tiling", said.tile, "said")
    if reach.everywhere:
        return Tiling("whole"), ModelFact("tiling", "whole", "certain", everywhere)
    why = f"it sees {reach.pixels} pixels to each side"
    if reach.share > 0.003:
        return Tiling(), ModelFact("tiling", "free", "likely", f"{why}; {everywhere}")
    return Tiling(), ModelFact("tiling", "free", "certain", why)


def _size_findings(sizes: Sizes, side: int | None) -> tuple[ModelFact, ModelFact]:
    fitting = (
        f"{side}x{side}"
        if side
        else f"any from {sizes.least}" + f", multiples of {sizes.multiple}" * (sizes.multiple > 1)
    )
    return ModelFact("scale", str(sizes.scale), "certain"), ModelFact("sizes", fitting, "certain")
