"""`ganfx bench model`: the arithmetic is counted right, and every rate is there."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from ganfx.engine import EngineOptions, open_engine
from ganfx.engine.drawing import drawing
from ganfx.engine.tiles import Floats
from ganfx.errors import OptionError
from ganfx.evaluation.arithmetic import convolutions_only, operations
from ganfx.evaluation.limits import limits_table, measure_limits
from ganfx.evaluation.peers import PEERS, Peer, open_peers
from ganfx.evaluation.plain_script import RunTile, run_files
from ganfx.hub import find_model
from tests import graphs

pytestmark = pytest.mark.slow


def test_operations_are_those_of_the_convolutions(tmp_path: Path) -> None:
    path = graphs.convolutions(tmp_path / "m.onnx", layers=3, scale=2, width=8)
    batch = np.zeros((1, 3, 20, 30), np.float32)
    assert operations(path, batch, {}) == 2 * 20 * 30 * 9 * (3 * 8 + 8 * 8 + 8 * 12)


def test_the_graph_that_measures_a_device_is_convolutions_alone() -> None:
    session = onnxruntime.InferenceSession(convolutions_only(8, 3), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"input": np.ones((1, 8, 10, 10), np.float32)})
    assert output.shape == (1, 8, 10, 10)
    assert output[0, 0, 5, 5] == pytest.approx(1, abs=1e-5)


def test_all_rates_of_a_model_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganfx.evaluation.limits.SIDE", 96)
    found = measure_limits("photo-x4-fast", rounds=1, compare=True, side=96, options=EngineOptions(provider="cpu"))
    assert found.gflop_per_mp == pytest.approx(21, abs=2)
    assert min(found.device_gflops, found.session_mp_per_s, found.engine_mp_per_s, found.files_mp_per_s) > 0
    assert "torch" in found.peers_mp_per_s
    assert all(found.peers_mp_per_s.values())
    rows = limits_table([found])
    assert "photo-x4-fast" in rows
    assert all(f"ganfx / {name}" in rows for name in found.peers_mp_per_s)


def test_a_program_that_takes_too_long_is_stopped_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(network: object, path: Path, limit_s: float) -> RunTile:
        def run(tile: Floats) -> Floats:
            time.sleep(0.3)
            return np.repeat(np.repeat(tile, 4, 2), 4, 3)

        return run

    def slow_to_open(network: object, path: Path, limit_s: float) -> RunTile:
        raise TimeoutError

    monkeypatch.setattr("ganfx.evaluation.limits.SIDE", 96)
    peers = (Peer("slow", (), slow), Peer("never", (), slow_to_open))
    for module in ("peers", "limits"):
        monkeypatch.setattr(f"ganfx.evaluation.{module}.PEERS", peers)
    found = measure_limits("photo-x4-fast", rounds=3, compare=True, side=96, peer_limit_s=0.5)
    assert found.peers_mp_per_s == {"slow": None, "never": None}
    assert limits_table([found]).count("did not finish in 0 s") == 2
    found = measure_limits("photo-x4-fast", rounds=3, compare=True, side=96, peer_limit_s=2)
    assert found.peers_mp_per_s["slow"]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_script_with_a_peer_gives_what_ganfx_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], peer: Peer
) -> None:
    """Its tiles, too: otherwise the comparison would not be of the same work."""
    if not peer.is_installed:
        pytest.skip(f"needs {', '.join(peer.packages)}")
    monkeypatch.setattr("ganfx.evaluation.peers.PEERS", (peer,))
    engine = open_engine(find_model("photo-x4-fast"), EngineOptions(provider="cpu"))
    rgb = np.rint(drawing(530, 40, 3) * 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), rgb[..., ::-1])
    (tmp_path / "out").mkdir()
    run = open_peers(engine.network.path, engine.spec)[peer.name]
    assert run
    assert capfd.readouterr().out == "", "it is not for those who read --json"
    run_files(run, 4, [tmp_path / "a.png"], tmp_path / "out")
    made = cv2.imread(str(tmp_path / "out" / "a.jpg"))[..., ::-1].astype(float)
    wanted = np.clip(engine.run((rgb / 255).astype(np.float32)), 0, 1) * 255
    assert np.abs(made - wanted).mean() < 4, "JPEG alone makes about 2"


def test_a_model_that_needs_a_mask_is_refused() -> None:
    with pytest.raises(OptionError, match="needs masks"):
        measure_limits(str(find_model(task="inpaint")))
