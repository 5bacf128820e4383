"""Graphs of others with a contract, which is measured by running them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import onnx

from ganfx.engine.contract import Measured
from ganfx.engine.examination import examined
from ganfx.engine.findings import ModelFact, Said
from ganfx.engine.graph_rules import check_graph
from ganfx.engine.ort_errors import loading
from ganfx.exporters.store import write_model
from ganfx.foreign.colorizers import recognize_colorizer
from ganfx.foreign.grey import spread_over_colors
from ganfx.foreign.mattes import TASK, recognize_matte
from ganfx.foreign.pairs import with_tests
from ganfx.foreign.plain import bring_to_plain, freed
from ganfx.spec import ModelSpec
from ganfx.spec.model_file import read_model
from ganfx.text import printable

if TYPE_CHECKING:
    from onnx import ModelProto


class Wish(NamedTuple):
    """What the user wants of an import."""

    name: str
    license: str
    said: Said
    preview: Path | None
    """Where to show what the network makes of a picture; None: nowhere."""


def adopt_onnx(path: Path, out: Path, wish: Wish) -> tuple[ModelFact, ...]:
    """Copy the ONNX model `path` to `out`, in plain form and with a measured contract and a self-test.

    Loads and runs it: for a process with limits. Returns how the contract was found. Raises ContractError where the
    graph is no picture filter, is doubtful or fails its examination, and ExportError where `out` cannot be written.
    """
    content = read_model(path)
    with loading(path):
        model = onnx.load_from_string(content)
        check_graph(model)
    return adopt_graph(model, out, path, wish)


def adopt_graph(model: ModelProto, out: Path, source: Path, wish: Wish, label: str = "") -> tuple[ModelFact, ...]:
    """The same for a graph that was made of the file `source`. label says what network it is."""
    outputs = len(model.graph.output)
    with loading(source):
        findings = bring_to_plain(model, wish.said)
        planes = spread_over_colors(model)
        said, more = recognize_matte(model, outputs, wish.said)
        said, colors = recognize_colorizer(model, said)
    model, measured = _measured(model, source, said)
    findings = (*findings, *planes, *more, *colors)
    spec = dataclasses.replace(
        measured.spec,
        name=wish.name,
        license=measured.spec.license if wish.license == "unknown" else wish.license,
        description=printable(", ".join(filter(None, (label, f"imported from {source.name}")))),
    )
    spec, pictures = with_tests(model, spec, wish.preview)
    write_model(model, spec, out, pictures)
    known = {finding.what for finding in findings}
    return (*findings, *(finding for finding in measured.findings if finding.what not in known))


def _measured(model: ModelProto, source: Path, said: Said) -> tuple[ModelProto, Measured]:
    """The contract of `model`, or of the same one without its fixed size, where it has to see the whole picture."""
    measured = examined(model.SerializeToString(), source, said)
    kept = said.tile == "fixed" or measured.spec.task == TASK
    if measured.spec.tiling.rule != "fixed" or kept or not _sees_everything(measured.spec):
        return model, measured
    free = freed(model)
    return (model, measured) if free is None else (free, examined(free.SerializeToString(), source, said))


def _sees_everything(spec: ModelSpec) -> bool:
    return spec.receptive_field <= 1
