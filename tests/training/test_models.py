"""`ganfx.training.train_model`: from pictures to a model, for programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import pyvips

from ganfx.errors import TrainingError, UnknownModelError
from ganfx.hub import list_models
from ganfx.training import TRAINABLE, train_model
from ganfx.training.recipe import load_recipe, recipe_names
from ganfx.training.task import TrainingTask
from tests.training.test_run import TINY

SECONDS = 1 / 60


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    (tmp_path / "tiny.toml").write_text(TINY)
    pixels = np.random.default_rng(0).integers(0, 255, (26, 26, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    path = tmp_path / "photos" / "a.png"
    path.parent.mkdir()
    pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(path))
    return path.parent


@pytest.mark.slow
def test_a_model_is_trained_exported_and_registered(photos: Path, tmp_path: Path) -> None:
    said: list[str] = []
    tiny = {"recipe": str(tmp_path / "tiny.toml"), "folder": tmp_path / "run", "device": "cpu"}
    (paused,) = train_model("upscale", [photos], minutes=60, name="mine", pause_after=0.0, say=said.append, **tiny)
    assert not paused.finished
    assert paused.path.exists()
    assert said[-1].startswith("paused")
    assert [line for line in said if line.startswith("precision 32-true: as the recipe says")]
    assert "mine" not in [entry.name for entry in list_models()]

    (model,) = train_model("upscale", [photos], minutes=3 * SECONDS, name="mine", resume=True, license="MIT", **tiny)
    assert model.finished
    assert model.path == tmp_path / "run" / "mine.onnx"
    assert model.spec.license == "MIT"
    assert model.spec.training["features"] == "none"
    assert model.spec.training["steps"] == model.steps
    assert "mine" in [entry.name for entry in list_models()]

    (other,) = train_model("upscale", [photos], minutes=SECONDS, name="other", start_from="mine", **tiny)
    assert other.spec.training["start_from"] == "mine"


def test_questions_that_make_no_sense_are_refused_before_anything_is_written(photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(TrainingError, match="no training for 'heal'") as caught:
        train_model("heal", [photos], minutes=1, folder=folder)
    assert "scratches" in str(caught.value.hint)
    with pytest.raises(TrainingError, match="upscale learns no style"):
        train_model("upscale", [photos], minutes=1, folder=folder, style=photos)
    with pytest.raises(TrainingError, match="no style to learn"):
        train_model("stylize", [photos], minutes=1, folder=folder)
    with pytest.raises(UnknownModelError):
        train_model("upscale", [photos], minutes=1, folder=folder, start_from="absent")
    assert not folder.exists()


@pytest.mark.parametrize("filter", TRAINABLE)
def test_every_row_has_a_task_and_recipes(filter: str) -> None:
    row = TRAINABLE[filter]
    assert issubclass(row.task_class(), TrainingTask)
    assert recipe_names(filter)
    if row.recipe:
        assert load_recipe(row.recipe).filter == filter


def test_what_can_be_trained_is_said_without_torch() -> None:
    code = "from ganfx.cli import cli; cli.main(['train', 'upscale', '--help'], standalone_mode=False)"
    script = f"import sys\n{code}\nprint(*sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "pyvips", "onnxruntime", "cv2"} & set(done.stderr.split())
