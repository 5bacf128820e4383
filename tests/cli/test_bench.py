"""`ganfx bench`: the figures add up, and nothing is left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import graphs
from tests.batch.batches import photos, results


def test_a_batch_is_timed_with_and_without_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ganfx.cli import main

    folder = photos(tmp_path / "in", 4, width=200, height=150)
    model = graphs.convolutions(tmp_path / "model.onnx", layers=4, scale=2)
    before = results(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["bench", "batch", str(folder), "-n", str(model), "--json"])
    assert ended.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pictures"] == 4
    assert found["megapixels"] == pytest.approx(4 * 4 * 200 * 150 / 1e6)
    assert 0 < found["busy_s"] <= found["whole_s"]
    assert found["busy_share"] == found["busy_s"] / found["whole_s"]
    assert found["overhead"] == found["whole_s"] / found["alone_s"] - 1
    assert results(tmp_path) == before


def test_a_model_is_measured_with_the_defaults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganfx.cli import main

    monkeypatch.setattr("ganfx.evaluation.limits.SIDE", 96)
    model = graphs.convolutions(tmp_path / "model.onnx", layers=2, scale=2)
    with pytest.raises(SystemExit) as ended:
        main(["bench", "model", str(model), "--json", "--rounds", "1"])
    assert ended.value.code == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["files_mp_per_s"] > 0
    assert found["peers_mp_per_s"] == {}
