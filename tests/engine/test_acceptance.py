"""A strange model is tried apart before it is opened: once, within limits, and what runs is what was tried."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import onnx
import psutil
import pytest

from ganfx import isolation
from ganfx.engine import NETWORKS, EngineOptions, acceptance, open_engine
from ganfx.engine.acceptance import accept
from ganfx.engine.graph_rules import check_graph
from ganfx.engine.precision import half_graph
from ganfx.errors import ContractError, ModelError, ProviderError
from ganfx.spec import KEY, ModelSpec
from ganfx.weights import FOLDER
from tests import graphs, hostile_graphs
from tests.hostile_graphs import BOMBS, FORBIDDEN

Make = Callable[[Path], Path]
QUICK = [hostile_graphs.constant_bomb, hostile_graphs.expand_bomb, hostile_graphs.not_a_number]


@pytest.fixture(autouse=True)
def nothing_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder in which no model is remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(acceptance, "_accepted", {})
    return tmp_path / "cache"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The functions called apart, in order."""
    made: list[str] = []
    here = isolation.call

    def counted(function: str, *arguments: object, **settings: object) -> object:
        made.append(function)
        return here(function, *arguments, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(isolation, "call", counted)
    return made


@pytest.mark.parametrize("make", FORBIDDEN, ids=lambda make: make.__name__)
@pytest.mark.parametrize("has_contract", [True, False])
def test_what_may_not_end_or_reads_other_files_is_not_loaded(make: Make, has_contract: bool, tmp_path: Path) -> None:
    path = make(tmp_path / "strange.onnx")
    if has_contract:
        model = onnx.load(path, load_external_data=False)
        model.metadata_props.add(key=KEY, value=ModelSpec("strange", "stylize", receptive_field=0).to_json())
        path.write_bytes(model.SerializeToString())
    with pytest.raises(ContractError, match=FORBIDDEN[make]) as caught:
        open_engine(path, EngineOptions("cpu"))
    assert caught.value.message.startswith(f"{path}: ")
    assert caught.value.hint


@pytest.mark.usefixtures("real_processes")
@pytest.mark.parametrize(
    "make",
    [pytest.param(make, marks=[] if make in QUICK else [pytest.mark.slow], id=make.__name__) for make in BOMBS],
)
def test_a_bomb_goes_off_elsewhere_and_is_told(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "EXAMINATION_S", 3.0)
    monkeypatch.setattr(acceptance, "EXAMINATION_BYTES", 1 << 30)
    path = make(tmp_path / "bomb.onnx")
    # Other tests of this run may have left some of their own.
    before = set(psutil.Process().children())
    began = time.monotonic()
    with pytest.raises(ModelError, match=BOMBS[make]) as caught:
        accept(path)
    assert time.monotonic() - began < 10
    assert caught.value.message.startswith(f"{path}: ")
    assert caught.value.message.isprintable()
    assert set(psutil.Process().children()) <= before


def test_branches_functions_and_microsofts_fused_operators_run(tmp_path: Path) -> None:
    open_engine(hostile_graphs.branch(tmp_path / "branch.onnx"), EngineOptions("cpu"))
    gelu = graphs.helper.make_node("Gelu", ["input"], ["output"], domain="com.microsoft")
    open_engine(graphs.write(tmp_path / "gelu.onnx", [gelu], domain="com.microsoft"), EngineOptions("cpu"))


@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.glob("*.onnx")))
def test_what_ships_keeps_the_rules_though_it_is_trusted(file: str, calls: list[str]) -> None:
    model = accept(FOLDER / file)
    check_graph(onnx.load_from_string(model.content()))
    assert calls == []


def test_a_model_is_tried_once(tmp_path: Path, calls: list[str], nothing_known: Path) -> None:
    path = graphs.nearest(tmp_path / "first.onnx", 2)
    spec = accept(path).spec
    assert calls == ["ganfx.engine.examination:examine"]
    acceptance._accepted.clear()  # as in another process
    again = accept(path.rename(tmp_path / "second.onnx"))
    assert len(calls) == 1
    assert (spec.name, again.spec.name) == ("first", "second")
    assert (again.spec.scale, again.spec.inputs) == (spec.scale, spec.inputs)


def test_a_model_that_was_replaced_is_tried_again(tmp_path: Path, calls: list[str]) -> None:
    path = graphs.nearest(tmp_path / "m.onnx", 2, ModelSpec("m", "upscale", 2))
    open_engine(path, EngineOptions("cpu"))
    hostile_graphs.loop(path)
    with pytest.raises(ContractError, match="operator Loop"):
        open_engine(path, EngineOptions("cpu"))
    assert len(calls) == 2


def test_what_is_loaded_is_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = graphs.nearest(tmp_path / "m.onnx", 2, ModelSpec("m", "upscale", 2))
    network = open_engine(path, EngineOptions("cpu")).network
    hostile_graphs.loop(path)
    with pytest.raises(ContractError, match="was changed while it was in use"):
        network._open("fp32")

    def replaced(function: str, path: str, **settings: object) -> object:
        return {"digest": "0" * 64, "contract": ""}

    monkeypatch.setattr(isolation, "call", replaced)
    with pytest.raises(ContractError, match="was changed while it was tried"):
        accept(graphs.nearest(tmp_path / "other.onnx", 3))


@pytest.mark.parametrize("stored", ["", "[]", "null", '{"x": 1}', "{"])
def test_a_damaged_memory_of_models_is_no_memory(stored: str, tmp_path: Path, nothing_known: Path) -> None:
    folder = nothing_known / "ganfx"
    folder.mkdir(parents=True)
    path = graphs.nearest(tmp_path / "m.onnx", 2)
    (folder / acceptance._STORE).write_text(stored)
    accept(path)
    digests = json.loads((folder / acceptance._STORE).read_text())
    (folder / acceptance._STORE).write_text(json.dumps(dict.fromkeys(digests, '{"scale": 0}')))
    acceptance._accepted.clear()
    assert accept(path).spec.scale == 2


def test_a_cache_folder_that_cannot_be_written_costs_time_only(tmp_path: Path, nothing_known: Path) -> None:
    nothing_known.write_text("no folder")
    path = graphs.nearest(tmp_path / "m.onnx", 2)
    assert accept(path) == accept(path)


def test_weights_that_are_not_there_are_no_traceback_in_fp16(tmp_path: Path) -> None:
    path = hostile_graphs.weight_without_values(tmp_path / "m.onnx")
    with pytest.raises(ProviderError, match="cannot be converted to fp16"):
        half_graph(path.read_bytes())


# What may lie where a model is expected.
SPECIAL: dict[str, Callable[[Path], object]] = {
    "fifo": os.mkfifo,
    "folder": Path.mkdir,
    "loop": lambda path: path.symlink_to(path.name),
    "dangling": lambda path: path.symlink_to("nothing"),
    "zeros": lambda path: path.symlink_to("/dev/zero"),
    "null": lambda path: path.symlink_to("/dev/null"),
}


@pytest.mark.skipif(os.name == "nt", reason="files of POSIX")
@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_no_file_is_never_waited_for(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    SPECIAL[kind](path)
    with pytest.raises(ModelError, match=r"no such model file|cannot be read|an empty file"):
        open_engine(path)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_the_trial_of_a_model_at_once(tmp_path: Path) -> None:
    path = hostile_graphs.slow_product(tmp_path / "slow.onnx")
    command = [sys.executable, "-m", "ganfx", "models", "import", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        children = wait_for_children(process.pid)
        time.sleep(0.5)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert time.monotonic() - began < 2
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not any(child.is_running() for child in children)


def wait_for_children(pid: int) -> list[psutil.Process]:
    for _ in range(500):
        if children := psutil.Process(pid).children():
            return children
        time.sleep(0.02)
    raise AssertionError


def test_networks_that_are_kept_are_not_tried_again(tmp_path: Path, calls: list[str]) -> None:
    path = graphs.nearest(tmp_path / "m.onnx", 2)
    NETWORKS.clear()
    open_engine(path, EngineOptions("cpu"))
    open_engine(path, EngineOptions("cpu"))
    assert len(calls) == 1
