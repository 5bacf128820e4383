"""`--max-pixels`: how large a picture may be, for one command."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganfx.cli import main
from ganfx.files import open_picture
from tests import graphs
from tests.batch.batches import photo


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("GANFX_MAX_PIXELS", raising=False)
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    return graphs.nearest(tmp_path / "nearest.onnx", scale=2)


def status(*arguments: object) -> object:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def test_a_picture_with_more_pixels_fails_alone(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, large = photo(tmp_path / "small.png", 20, 10), photo(tmp_path / "large.png", 40, 30)
    assert status("upscale", small, large, "-n", model, "--max-pixels", "0.5k") == 3
    assert "large.png: 40x30 are 1200 pixels, more than the 500 that are allowed" in capsys.readouterr().err
    assert open_picture(tmp_path / "small_x2_nearest.png").width == 40
    assert status("upscale", large, "-n", model, "--max-pixels", "1200") == 0


def test_a_report_shows_results_that_are_larger(tmp_path: Path, model: Path) -> None:
    line = ("upscale", photo(tmp_path / "a.png", 40, 30), "-n", model, "--max-pixels", "2k")
    assert status(*line, "--report", tmp_path / "report.html") == 0
    assert "cannot be shown" not in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("command", [("bench", "batch", "--rounds", 1), ("compare", "--overwrite", "-o", "{out}")])
def test_other_commands_that_read_pictures_have_it(
    tmp_path: Path, model: Path, command: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(word).format(out=tmp_path / "sheet.png") for word in command]
    pictures = [photo(tmp_path / name, 40, 30) for name in ("a.png", "b.png")]
    assert status(*words, *pictures, "--max-pixels", "1k") != 0
    assert "40x30 are 1200 pixels, more than the 1000" in capsys.readouterr().err


def test_it_says_more_than_the_variable(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MAX_PIXELS", "10")
    line = ("upscale", photo(tmp_path / "a.png", 20, 10), "-n", model)
    assert status(*line) == 3
    assert status(*line, "--max-pixels", "1M") == 0


@pytest.mark.parametrize("value", ["much", "0", "1e9"])
def test_what_is_no_number_of_pixels_is_wrong_usage(
    tmp_path: Path, model: Path, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("upscale", photo(tmp_path / "a.png", 20, 10), "-n", model, "--max-pixels", value) == 2
    assert f"--max-pixels: '{value}' is no number of pixels" in capsys.readouterr().err


def test_a_service_keeps_it(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    line = ("watch", tmp_path / "in", tmp_path / "out", "--recipe", f"upscale:model={model}", "--max-pixels", "2G")
    assert status(*line, "--install-service", "--print") == 0
    assert "Environment=GANFX_MAX_PIXELS=2G" in capsys.readouterr().out.splitlines()
