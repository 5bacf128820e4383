"""`ganfx eval clean`: the same wear for everyone, beside the input and OpenCV."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ganfx.errors import OptionError
from ganfx.evaluation.clean import INPUT, NLM, evaluate_clean, noise_of, non_local_means
from ganfx.evaluation.protocol import WEAR, degrade
from ganfx.spec import Control, ModelSpec
from tests import graphs

pytestmark = pytest.mark.slow


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    soft = cv2.GaussianBlur(np.random.default_rng(1).random((96, 120, 3)), (0, 0), 4)
    pixels = np.rint((soft - soft.min()) / np.ptp(soft) * 255)
    cv2.imwrite(str(folder / "a.png"), pixels.astype(np.uint8))
    return folder


def test_every_method_is_judged_on_every_kind_of_wear(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    strength = Control("strength", default=1.0)
    cleaner = graphs.controlled(tmp_path / "c.onnx", ModelSpec("c", "clean", receptive_field=0, controls=(strength,)))
    upscaler = graphs.nearest(tmp_path / "up.onnx", 2)
    report = evaluate_clean([cleaner, upscaler], [photos])
    found = {(one.model, one.case): one.figures["psnr_rgb"] for one in report.measurements}
    assert set(found) == {(method, case) for method in (INPUT, NLM, "c", "up") for case in WEAR}
    assert found[INPUT, "none"] == float("inf")
    assert found[INPUT, "noise"] == pytest.approx(20.2, abs=1)
    assert found[NLM, "noise"] > found[INPUT, "noise"] + 3
    assert found["up", "noise"] == pytest.approx(found[INPUT, "noise"], abs=0.1)
    assert found["c", "jpeg"] == pytest.approx(found[INPUT, "jpeg"], abs=0.1)
    assert set(report.sheets) == set(WEAR)


def test_an_unknown_wear_is_refused_with_the_known_ones(photos: Path) -> None:
    with pytest.raises(OptionError, match="no wear 'rust'") as caught:
        evaluate_clean(["c.onnx"], [photos], wear=["rust"])
    assert "noise" in str(caught.value.hint)


def test_the_peer_is_as_strong_as_the_noise() -> None:
    flat = np.full((200, 200, 3), 0.5, np.float32)
    noisy = degrade(flat, 1, "noise", "x")
    assert noise_of(noisy) == pytest.approx(25, rel=0.05)
    np.testing.assert_array_equal(non_local_means(flat), flat)
    assert non_local_means(noisy).std() < 0.3 * noisy.std()
