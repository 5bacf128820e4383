"""The figures of `ganfx eval`: known values, agreement with other implementations, and order."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.metrics import structural_similarity

from ganfx.evaluation.metrics import luma, psnr, seam, ssim
from ganfx.evaluation.resample import bicubic
from ganfx.imaging.picture import Floats

pytestmark = pytest.mark.slow


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def features(shared_data: Path) -> Path:
    return shared_data / "features"


@pytest.fixture(scope="module")
def photo(shared_data: Path) -> Floats:
    return np.asarray(Image.open(shared_data / "eval/Set14/img_011.png").convert("RGB"), np.float32) / 255


def test_luma_has_the_headroom_of_bt601() -> None:
    extremes = np.array([[[0, 0, 0], [1, 1, 1], [0, 1, 0]]], np.float32)
    np.testing.assert_allclose(luma(extremes), [[16, 235, 16 + 128.553]])


def test_psnr_of_equal_pictures_is_infinite(rng: np.random.Generator) -> None:
    plane = luma(rng.random((20, 30, 3), np.float32))
    assert math.isinf(psnr(plane, plane))


def test_psnr_of_a_uniform_shift_is_the_analytic_value(rng: np.random.Generator) -> None:
    rgb = rng.random((20, 30, 3)).astype(np.float32) * np.float32(0.5)
    shifted = rgb + np.float32(0.1)
    assert psnr(luma(rgb), luma(shifted)) == pytest.approx(20 * math.log10(255 / (0.1 * 219)), abs=1e-4)


def test_the_border_does_not_count(rng: np.random.Generator) -> None:
    rgb = rng.random((32, 32, 3), np.float32)
    framed = np.zeros_like(rgb)
    framed[4:-4, 4:-4] = rgb[4:-4, 4:-4]
    assert math.isinf(psnr(luma(rgb, 4), luma(framed, 4)))
    assert math.isfinite(psnr(luma(rgb, 3), luma(framed, 3)))


@pytest.mark.parametrize("noise", [2, 40])
def test_ssim_agrees_with_skimage(rng: np.random.Generator, noise: float) -> None:
    plane = cv2.GaussianBlur(rng.random((60, 73)) * 255, (0, 0), 2)
    other = np.clip(plane + rng.normal(0, noise, plane.shape), 0, 255)
    expected = structural_similarity(
        plane, other, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim(plane, other) == pytest.approx(expected, abs=1e-6)
    assert ssim(plane, plane) == pytest.approx(1)


@pytest.mark.parametrize(("height", "width"), [(12, 17), (96, 136), (13, 30)])
def test_bicubic_agrees_with_pillow(rng: np.random.Generator, height: int, width: int) -> None:
    plane = rng.random((48, 68), np.float32)
    expected = Image.fromarray(plane, "F").resize((width, height), Image.Resampling.BICUBIC)
    np.testing.assert_allclose(bicubic(plane, height, width), np.asarray(expected), atol=1e-5)


def test_bicubic_of_colors_agrees_with_pillow_to_one_level(rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 256, (64, 80, 3), np.uint8)
    expected = np.asarray(Image.fromarray(pixels).resize((20, 16), Image.Resampling.BICUBIC), np.float64)
    ours = np.clip(bicubic(pixels.astype(np.float32), 16, 20), 0, 255)
    assert np.abs(ours - expected).max() <= 1


def test_bicubic_reaches_the_published_figures_of_set5(shared_data: Path) -> None:
    """28.42 dB and 0.8104 stand in every super-resolution paper; MATLAB's mirrored borders make the difference."""
    found = []
    for path in sorted((shared_data / "eval/Set5").glob("*.png")):
        pixels = np.asarray(Image.open(path).convert("RGB"), np.float32)
        height, width = (side // 4 for side in pixels.shape[:2])
        truth = pixels[: height * 4, : width * 4] / 255
        low_res = np.rint(np.clip(bicubic(truth, height, width), 0, 1) * 255).astype(np.float32) / 255
        output = np.rint(np.clip(bicubic(low_res, height * 4, width * 4), 0, 1) * 255).astype(np.float32) / 255
        found.append((psnr(luma(output, 4), luma(truth, 4)), ssim(luma(output, 4), luma(truth, 4))))
    assert np.mean(found, axis=0) == pytest.approx([28.42, 0.8104], rel=2e-3)


def test_lpips_reproduces_the_documented_value(features: Path) -> None:
    torch = pytest.importorskip("torch")
    from ganfx.training.features import Lpips

    generator = torch.Generator().manual_seed(42)
    one, other = (torch.rand(2, 3, 100, 100, generator=generator) for _ in range(2))
    assert Lpips(features)(one, other).numpy() == pytest.approx([0.1024, 0.0938], abs=1e-4)


def test_perceptual_distances_grow_with_blur(features: Path, photo: Floats) -> None:
    from ganfx.evaluation.perceptual import PerceptualDistance

    distance = PerceptualDistance(features)
    crop = photo[:160, :192]
    distance.set_reference(crop)
    assert distance.figures(crop) == {"lpips": 0, "vgg": 0, "efficientnet": 0}
    blurred = [distance.figures(cv2.GaussianBlur(crop, (0, 0), sigma)) for sigma in (0.7, 1.5, 3)]
    for name in ("lpips", "vgg", "efficientnet"):
        assert 0 < blurred[0][name] < blurred[1][name] < blurred[2][name]


@pytest.mark.parametrize("name", ["vgg", "efficientnet"])
def test_distance_of_a_sharp_wrong_picture_is_not_small(features: Path, photo: Floats, name: str) -> None:
    from ganfx.evaluation.perceptual import PerceptualDistance

    distance = PerceptualDistance(features)
    distance.set_reference(photo[:160, :192])
    wrong, soft = photo[200:360, 300:492], cv2.GaussianBlur(photo[:160, :192], (0, 0), 1.5)
    assert distance.figures(wrong)[name] > distance.figures(soft)[name]


def test_the_judge_recognizes_what_it_was_trained_to(shared_data: Path) -> None:
    """That its layers are put together as they were trained: what looks alike to people is near, of any two photos."""
    torch = pytest.importorskip("torch")
    from ganfx.evaluation.efficientnet import EfficientNetFeatures

    names = ("eval/Set14/img_011.png", "eval/Set14/img_005.png")
    photos = [cv2.imread(str(shared_data / name))[..., ::-1] for name in names]
    network = EfficientNetFeatures()

    def last(rgb: Any) -> Any:
        small = cv2.resize(rgb, (224, 224), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        return network(torch.from_numpy(small.transpose(2, 0, 1)[None]))[-1].mean((2, 3))

    one, other = map(last, photos)
    mirrored = last(np.ascontiguousarray(photos[0][:, ::-1]))
    same, different = (torch.cosine_similarity(one, rest).item() for rest in (mirrored, other))
    assert same > 0.9
    assert different < 0.6


def test_without_networks_figures_are_not_numbers(monkeypatch: pytest.MonkeyPatch, photo: Floats) -> None:
    from ganfx.evaluation import perceptual

    monkeypatch.setattr(perceptual, "is_installed", lambda: False)
    distance = perceptual.PerceptualDistance(None)
    distance.set_reference(photo[:64, :64])
    assert all(map(math.isnan, distance.figures(photo[:64, :64]).values()))


def test_niqe_grows_with_blur_and_noise(features: Path, photo: Floats, rng: np.random.Generator) -> None:
    from ganfx.evaluation.niqe import Niqe

    niqe = Niqe(features)
    good = niqe(luma(photo))
    assert 2 < good < 5
    blurred = [niqe(luma(cv2.GaussianBlur(photo, (0, 0), sigma))) for sigma in (1, 2, 4)]
    assert good < blurred[0] < blurred[1] < blurred[2]
    noisy = [niqe(luma(photo) + rng.normal(0, sigma, photo.shape[:2])) for sigma in (5, 25)]
    assert good < noisy[0] < noisy[1]


def test_niqe_of_too_little_is_not_a_number(features: Path) -> None:
    from ganfx.evaluation.niqe import Niqe

    niqe = Niqe(features)
    assert math.isnan(niqe(np.full((96, 191), 100.0)))
    assert math.isnan(niqe(np.full((192, 192), 100.0)))


def test_missing_arrays_are_named(tmp_path: Path) -> None:
    from ganfx.errors import ModelError
    from ganfx.evaluation.niqe import Niqe
    from ganfx.evaluation.perceptual import vgg_distance

    for metric in (Niqe, vgg_distance):
        with pytest.raises(ModelError, match=str(tmp_path)):
            metric(tmp_path)


def test_an_outline_shows_in_the_figure_and_a_hole_filled_alike_does_not() -> None:
    grain = np.random.default_rng(0).random((80, 90, 3)).astype(np.float32) * 0.2
    hole = np.zeros((80, 90), bool)
    hole[20:50, 30:70] = True
    assert seam(grain, hole) == pytest.approx(1, abs=0.1)
    assert seam(grain + 0.5 * hole[..., None], hole) > 3
    assert np.isnan(seam(grain, np.ones_like(hole)))
