"""Cutting out: what networks of others find is kept at full resolution, with its own edges and colors."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
import pyvips

from ganfx.applying import apply
from ganfx.cli import main
from ganfx.errors import ModelError, OptionError
from ganfx.files import open_picture
from ganfx.filters.cutout.backdrop import covering
from ganfx.filters.other_picture import read_other_picture
from ganfx.hub import import_model
from ganfx.imaging.matte import fitted, plain
from ganfx.imaging.picture import Picture, PictureInfo
from tests.foreign.graphs import birefnet, isnet, u2net

RED, BLUE = (0.8, 0.3, 0.2), (0.2, 0.4, 0.7)
SIZE = (700, 1100)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cutout")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANFX_MODELS", str(folder / "models"))
        return import_model(u2net(folder / "small.onnx"))


@pytest.fixture(autouse=True)
def models(model, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(model.parent))


def disc(height=SIZE[0], width=SIZE[1], *, bars=True):
    """Opacity of a disc and of thin bars, with edges a pixel wide: (height, width)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    inside = np.clip(0.3 * height + 0.5 - np.hypot(x - width / 2, y - height / 2), 0, 1)
    stripes = np.clip(2.5 - np.abs(x % 60 - 30), 0, 1) * (np.abs(y - height / 2) < 0.45 * height)
    return np.maximum(inside, bars * stripes * (np.abs(x - width / 2) < width / 4)).astype(np.float32)


def photo(opacity=None, noise=0.02, **more):
    """The red disc before a blue wall, with grain, and its opacity."""
    opacity = disc() if opacity is None else opacity
    share = opacity[..., None]
    rgb = np.array(RED) * share + np.array(BLUE) * (1 - share)
    rgb = rgb + np.random.default_rng(0).normal(0, noise, rgb.shape)
    return Picture(np.clip(rgb, 0, 1).astype(np.float32), **more), opacity


@pytest.mark.parametrize("form", [u2net, isnet, birefnet])
def test_every_form_of_network_cuts_out_at_full_resolution(form, tmp_path, monkeypatch):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    import_model(form(tmp_path / "net.onnx"))
    picture, opacity = photo()
    made = apply(picture, "cutout")
    assert made.rgb.shape == picture.rgb.shape
    error = np.abs(made.alpha - opacity)
    assert error.mean() < 0.01
    assert (error > 0.25).mean() < 0.01


def test_thin_things_come_back_that_the_network_cannot_see(model):
    picture, opacity = photo()
    fine, coarse = (apply(picture, "cutout", model=str(model), edges=edges) for edges in ("fine", "plain"))
    errors = [np.abs(made.alpha - opacity).mean() for made in (fine, coarse)]
    assert errors[0] < errors[1] / 2


def test_what_stays_keeps_its_samples_and_what_goes_leaves_nothing(model):
    picture, _ = photo()
    made = apply(picture, "cutout", model=str(model))
    assert np.array_equal(made.rgb[made.alpha == 1], picture.rgb[made.alpha == 1])
    assert not made.rgb[made.alpha == 0].any()
    assert (made.alpha == 1).mean() > 0.1
    assert (made.alpha == 0).mean() > 0.4


def test_the_wall_does_not_shine_through_soft_edges(model):
    opacity = cv2.GaussianBlur(disc(bars=False), (0, 0), 3)
    picture, _ = photo(opacity, noise=0)
    made = apply(picture, "cutout", model=str(model))
    soft = (made.alpha > 0.2) & (made.alpha < 0.8)
    before, after = (np.abs(rgb[soft] - np.array(RED)).mean() for rgb in (picture.rgb, made.rgb))
    assert after < before / 3


def test_its_own_alpha_is_multiplied(model):
    own = np.where(np.arange(SIZE[1]) < 500, 0.5, 1).astype(np.float32) * np.ones(SIZE, np.float32)
    picture, _ = photo(alpha=own)
    made, opaque = (
        apply(one, "cutout", model=str(model)) for one in (picture, dataclasses.replace(picture, alpha=None))
    )
    assert np.abs(made.alpha - own * opaque.alpha).max() < 0.05


def test_depth_stays_and_a_background_is_put_behind(model):
    picture, opacity = photo(info=PictureInfo(bits=16))
    made = apply(picture, "cutout", model=str(model), background="#00ff00")
    assert (made.alpha, made.info.bits) == (None, 16)
    assert np.abs(made.rgb[opacity == 0] - (0, 1, 0)).mean() < 0.01
    assert np.abs(made.rgb[opacity == 1] - picture.rgb[opacity == 1]).mean() < 0.01


def halves(path, height, width):
    """A picture whose left half is red, and whose right half is green."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = pixels[:, width // 2 :, 1] = 255
    pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(path))
    return path


@pytest.mark.parametrize("shape", [(200, 400), (400, 200), (3000, 4000)], ids=["wide", "tall", "large"])
def test_a_picture_behind_covers_all_and_keeps_its_proportions(shape, model, tmp_path):
    picture, opacity = photo()
    made = apply(picture, "cutout", model=str(model), background=str(halves(tmp_path / "behind.png", *shape)))
    assert made.alpha is None
    left, right = np.arange(SIZE[1]) < SIZE[1] // 2 - 5, np.arange(SIZE[1]) >= SIZE[1] // 2 + 5
    for side, color in ((left, (1, 0, 0)), (right, (0, 1, 0))):
        assert np.abs(made.rgb[(opacity == 0) & side] - color).mean() < 0.01
    assert np.abs(made.rgb[opacity == 1] - picture.rgb[opacity == 1]).mean() < 0.01


def test_a_picture_behind_is_cut_at_its_sides_not_squeezed(tmp_path):
    behind = read_other_picture(halves(tmp_path / "behind.png", 100, 400))
    red, green = covering(behind, (50, 100))[:, :, :2].mean((0, 1))
    assert covering(behind, (50, 100)).shape == (100, 50, 3)
    assert red == pytest.approx(green, abs=0.05)


def test_a_background_that_is_neither_is_told(model, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(OptionError, match="notes"):
        apply(photo()[0], "cutout", model=str(model), background=str(tmp_path / "notes.txt"))


def test_a_grey_picture_gets_the_color_behind_it(model):
    grey = Picture(np.full((90, 120, 3), 0.5, np.float32), info=PictureInfo(grey=True))
    assert [apply(grey, "cutout", model=str(model), background=color).info.grey for color in ("white", "#00ff00")] == [
        True,
        False,
    ]


def test_a_picture_without_a_subject_is_told(model):
    picture = Picture(np.full((90, 120, 3), BLUE, np.float32))
    made = apply(picture, "cutout", model=str(model))
    assert made.alpha.max() == 0
    assert made.info.notes == ("no subject was found",)


def test_a_picture_that_is_nothing_but_its_subject_stays(model):
    made = apply(Picture(np.full((90, 120, 3), RED, np.float32)), "cutout", model=str(model))
    assert made.alpha.min() == 1


def test_arrays_get_an_alpha(model):
    pixels = np.full((40, 60, 3), np.rint(np.array(RED) * 255), np.uint8)
    made = apply(pixels, "cutout", model=str(model))
    assert (made.shape, made.dtype) == ((40, 60, 4), np.uint8)


@pytest.mark.parametrize("wrong", ["blue-ish", "#12", "#gggggg"])
def test_wrong_colors_are_refused(wrong, model):
    with pytest.raises(OptionError, match="#RRGGBB"):
        apply(np.zeros((8, 8, 3), np.uint8), "cutout", model=str(model), background=wrong)


def test_strips_are_as_the_whole():
    picture, _ = photo()
    matte = fitted(cv2.resize(disc(), (550, 350)), cv2.resize(picture.rgb, (550, 350)), 4)
    whole = matte.rows(picture.rgb, 0, SIZE[0])
    parts = [matte.rows(picture.rgb[top : top + 100], top, SIZE[0]) for top in range(0, SIZE[0], 100)]
    assert np.abs(whole - np.concatenate(parts)).max() < 1e-5


def test_a_plain_matte_is_what_was_given():
    coarse = np.random.default_rng(0).random((40, 60), np.float32)
    assert np.abs(plain(coarse).rows(np.zeros((40, 60, 3), np.float32), 0, 40) - coarse).max() < 1e-6


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


@pytest.fixture
def jpeg(tmp_path):
    pixels = np.rint(photo(disc(120, 180))[0].rgb * 255).astype(np.uint8)
    image = pyvips.Image.new_from_array(pixels).copy(interpretation="srgb")
    image.write_to_file(str(tmp_path / "photo.jpg"))
    return tmp_path / "photo.jpg"


def test_a_jpeg_becomes_a_png_beside_it_and_that_is_said(jpeg, capsys):
    assert run("cutout", "-n", "small", jpeg) == 0
    assert "such as JPEG, becomes PNG" in capsys.readouterr().err
    assert open_picture(jpeg.with_name("photo_cutout.png")).has_alpha


def test_a_jpeg_with_a_background_stays_a_jpeg(jpeg, capsys):
    assert run("cutout", "-n", "small", jpeg, "--background", "white") == 0
    assert "PNG" not in capsys.readouterr().err
    assert jpeg.with_name("photo_cutout.jpg").is_file()


@pytest.mark.parametrize("options", [{}, {"background": "white"}, {"only_mask": True}], ids=["alpha", "white", "mask"])
def test_what_is_empty_all_around_is_cut_off(options, model):
    picture, _ = photo(disc(bars=False))
    whole, made = (apply(picture, "cutout", model=str(model), crop=crop, **options) for crop in (False, True))
    rows, columns = np.nonzero(apply(picture, "cutout", model=str(model)).alpha > 0.1)
    for given, places in ((made.height, rows), (made.width, columns)):
        assert 0 <= given - (places.max() - places.min() + 1) <= 16
    top, left = int(rows.min()), int(columns.min())
    found = [
        (y, x)
        for y in range(top - 8, top + 1)
        for x in range(left - 8, left + 1)
        if np.array_equal(whole.rgb[y : y + made.height, x : x + made.width], made.rgb)
    ]
    assert found


def test_a_picture_without_a_subject_is_not_cut(model):
    made = apply(Picture(np.full((90, 120, 3), BLUE, np.float32)), "cutout", model=str(model), crop=True)
    assert made.rgb.shape == (90, 120, 3)


def test_files_are_cut_and_said_to_be_so(jpeg, capsys):
    assert run("cutout", "-n", "small", jpeg, "--crop", "--json") == 0
    made = open_picture(jpeg.with_name("photo_cutout.png"))
    assert (made.width, made.height) < (180, 120)
    assert f"{made.width}" in capsys.readouterr().out


def test_the_mask_alone_is_one_grey_channel(jpeg, tmp_path):
    assert run("cutout", "-n", "small", jpeg, "--only-mask", "-o", tmp_path / "mask.png") == 0
    mask = pyvips.Image.new_from_file(str(tmp_path / "mask.png"))
    assert mask.bands == 1
    assert (mask.min(), mask.max()) == (0, 255)


def test_a_pipe_gets_a_png(jpeg, tmp_path, capfdbinary, monkeypatch):
    with jpeg.open() as source:
        monkeypatch.setattr("sys.stdin", source)
        assert run("cutout", "-n", "small", "-") == 0
    assert capfdbinary.readouterr().out.startswith(b"\x89PNG")


def test_without_a_network_it_says_what_to_pull(monkeypatch, tmp_path, jpeg):
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "none"))
    with pytest.raises(ModelError) as caught:
        apply(jpeg, "cutout")
    assert "ganfx models pull" in caught.value.hint
