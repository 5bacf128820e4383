"""Training degradations do to tensors what real software does to files."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganfx.filters.clean import processing
from ganfx.training import cleaning
from ganfx.training.cleaning import Cleaning
from ganfx.training.degradations import Degradation, camera, clean, degrade, worn
from ganfx.training.jpeg import jpeg
from ganfx.training.recipe import load_recipe, recipe_names
from ganfx.training.resample import BOX, CUBIC, KERNELS, blur_matrix, resize_matrix


def scene(size: int = 64) -> Tensor:
    """A picture (1, 3, size, size) with edges, ramps and color."""
    y, x = torch.meshgrid(torch.linspace(0, 1, size), torch.linspace(0, 1, size), indexing="ij")
    waves = 0.5 + 0.4 * torch.sin(20 * x * y + 6 * y)
    return torch.stack([x, waves, (x > y).float() * 0.8 + 0.1])[None]


def as_bytes(image: Tensor) -> np.ndarray:
    return (image[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)


def test_clean_is_the_antialiased_bicubic_of_pillow() -> None:
    image = scene()
    pillow = np.asarray(Image.fromarray(as_bytes(image)).resize((16, 16), Image.Resampling.BICUBIC))
    assert np.abs(as_bytes(clean(image, 4)).astype(int) - pillow).max() <= 1


@pytest.mark.parametrize("quality", [40, 75, 95])
@pytest.mark.parametrize("subsample", [True, False])
def test_jpeg_loses_what_a_real_jpeg_loses(quality: int, subsample: bool) -> None:
    image = torch.from_numpy(as_bytes(scene())).permute(2, 0, 1)[None] / 255
    file = io.BytesIO()
    Image.fromarray(as_bytes(image)).save(file, "JPEG", quality=quality, subsampling=2 if subsample else 0)
    real = np.asarray(Image.open(file), np.float32)
    ours = jpeg(image, torch.tensor([float(quality)]), torch.tensor([subsample]))[0].permute(1, 2, 0).numpy() * 255
    original = as_bytes(image).astype(np.float32)
    assert np.abs(ours - real).mean() < 0.5 * np.abs(original - real).mean() + 0.3


@pytest.mark.parametrize("kernel", range(len(KERNELS)))
def test_resizing_keeps_a_constant_and_leaves_padding_empty(kernel: int) -> None:
    matrix = resize_matrix(torch.tensor([40]), torch.tensor([13]), torch.tensor([kernel]), (16, 48))
    assert torch.allclose(matrix[0, :13].sum(1), torch.ones(13), atol=1e-5)
    assert matrix[0, 13:].abs().sum() == 0
    assert matrix[0, :, 40:].abs().sum() == 0


def test_kernels_may_differ_within_a_batch() -> None:
    sizes = torch.tensor([32, 32])
    matrices = resize_matrix(sizes, sizes // 4, torch.tensor([BOX, CUBIC]), (8, 32))
    assert torch.equal((matrices[0] > 0).sum(1), torch.full((8,), 4))
    assert (matrices[1] < 0).any()


def test_no_blur_is_no_change() -> None:
    assert torch.allclose(blur_matrix(9, torch.zeros(1))[0], torch.eye(9), atol=1e-6)


def settings_of(name: str) -> Degradation:
    return Degradation(**load_recipe(name).settings)


def test_blur_reaches_into_no_padding() -> None:
    matrix = blur_matrix(9, torch.tensor([2.0]), torch.tensor([6]))[0]
    assert torch.allclose(matrix.sum(1), torch.ones(9), atol=1e-5)
    assert matrix[:, 6:].abs().sum() == 0


@pytest.mark.parametrize("name", recipe_names("upscale"))
def test_every_recipe_degrades_whole_batches_into_pictures(name: str) -> None:
    scale, settings = load_recipe(name).scale, settings_of(name)
    assert settings.clean + settings.camera + settings.worn == pytest.approx(1)
    seen, soft = degrade(scene().repeat(7, 1, 1, 1), scale, settings)
    assert seen.shape == soft.shape == (7, 3, 64 // scale, 64 // scale)
    assert seen.min() >= 0
    assert seen.max() <= 1
    assert torch.equal(seen[0], soft[0])


def test_worse_degradations_are_farther_from_the_truth() -> None:
    torch.manual_seed(0)
    settings = settings_of("photo-x4")
    batch = scene().repeat(16, 1, 1, 1)
    reference = clean(batch, 4)

    def error(image: Tensor) -> float:
        return float((image - reference).abs().mean())

    assert 0 < error(camera(batch, 4, settings)[0]) < error(worn(batch, 4, settings)[0])


def test_what_blur_and_resizes_alone_leave_is_known() -> None:
    settings = settings_of("photo-x4")
    quiet = dataclasses.replace(settings, worn_noise=(0, 0), worn_quality=(100, 100))
    grey = scene().mean(1, keepdim=True).repeat(8, 3, 1, 1)
    seen, soft = worn(grey, 4, quiet)
    assert (seen - soft).abs().mean() < 2 / 255


def test_pictures_are_cleaned_from_the_strength_on_at_which_the_filter_cleans() -> None:
    assert cleaning.LEAST_STRENGTH == processing.CLEAN


def test_the_cleaner_goes_over_what_is_noisy_alone() -> None:
    torch.manual_seed(0)
    picture = scene().repeat(4, 1, 1, 1)
    noisy = (picture[:2] + 0.08 * torch.randn_like(picture[:2])).clamp(0, 1)
    seen = torch.cat([noisy, picture[2:]])
    cleaned = Cleaning("photo-clean", 1.0, torch.device("cpu"))(seen, picture)
    assert torch.equal(cleaned[2:], picture[2:])
    assert (cleaned[:2] - picture[:2]).abs().mean() < 0.6 * (noisy - picture[:2]).abs().mean()
