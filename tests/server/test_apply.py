"""Results equal the pipeline's bit for bit, at all depths and channel counts; invalid requests get one-line errors."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

from ganfx import pipeline
from ganfx.engine import EngineOptions
from ganfx.imaging.picture import Picture, PictureInfo
from plugins.client import Pixels, ServiceError
from tests.cli.test_commands import ganfx
from tests.server.services import Service

WIDTH, HEIGHT = 23, 17
DTYPES = {8: np.uint8, 16: np.uint16, 32: np.float32}
CPU = EngineOptions(provider="cpu")


def samples(channels: int, depth: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[Any]:
    random = np.random.default_rng(channels * depth)
    shape = (height, width, channels)
    if depth == 32:
        return random.random(shape, np.float32)
    return random.integers(0, 1 << depth, shape, DTYPES[depth])


def picture(raw: NDArray[Any]) -> Picture:
    """Samples (H, W, C) as a Picture."""
    full = 1 if raw.dtype == np.float32 else np.iinfo(raw.dtype).max
    values = (raw / np.float32(full)).astype(np.float32)
    channels = raw.shape[2]
    colors = values[..., :3] if channels > 2 else values[..., :1].repeat(3, axis=2)
    info = PictureInfo(bits=8 if raw.dtype == np.uint8 else 16, grey=channels < 3)
    return Picture(np.ascontiguousarray(colors), values[..., -1].copy() if channels in (2, 4) else None, info)


def encoded(result: Picture, dtype: type) -> NDArray[Any]:
    """A Picture as samples (H, W, C), rounded to nearest."""
    planes = [result.rgb[..., :1] if result.info.grey else result.rgb]
    if result.alpha is not None:
        planes.append(result.alpha[..., None])
    values = np.concatenate(planes, axis=2)
    if dtype is np.float32:
        return values
    return np.floor(np.clip(values, 0, 1) * np.float32(np.iinfo(dtype).max) + np.float32(0.5)).astype(dtype)


def apply(service: Service, filter: str, raw: NDArray[Any], **request: Any) -> NDArray[Any]:
    """The samples that the service returns for `raw`."""
    height, width, channels = raw.shape
    depth = raw.dtype.itemsize * 8
    pixels = Pixels(width, height, channels, depth, raw.tobytes())
    result = service.client.apply(filter, pixels, lambda share: None, **request)
    assert result.depth == depth
    return np.frombuffer(result.data, raw.dtype).reshape(result.height, result.width, result.channels)


@pytest.mark.parametrize("depth", DTYPES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("filter", ["upscale", "stylize", "colorize", "inpaint", "heal"])
def test_results_equal_the_pipelines(
    service: Service, models: Path, monkeypatch: pytest.MonkeyPatch, filter: str, channels: int, depth: int
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(models))
    raw, mask = samples(channels, depth), None
    if filter == "inpaint":
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[5:9, 6:12] = 255
    if filter == "heal":
        raw = (raw // 4).astype(raw.dtype) if depth < 32 else raw / 4
        raw[4:7, 6:16] = 1 if depth == 32 else (1 << depth) - 1
    request = {} if mask is None else {"mask": mask.tobytes()}
    float_mask = None if mask is None else mask / np.float32(255)
    expected = pipeline.apply(picture(raw), filter, engine=CPU, mask=float_mask)
    assert not np.array_equal(expected.rgb, picture(raw).rgb)
    np.testing.assert_array_equal(apply(service, filter, raw, **request), encoded(expected, DTYPES[depth]))


@pytest.mark.parametrize("depth", DTYPES)
@pytest.mark.parametrize("channels", [2, 4])
def test_opaque_pictures_stay_opaque(
    service: Service, models: Path, monkeypatch: pytest.MonkeyPatch, channels: int, depth: int
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(models))
    raw = samples(channels, depth)
    raw[..., -1] = 1 if depth == 32 else (1 << depth) - 1
    for filter in ("upscale", "stylize", "colorize"):
        expected = encoded(pipeline.apply(picture(raw), filter, engine=CPU), DTYPES[depth])
        np.testing.assert_array_equal(apply(service, filter, raw), expected)
        assert (expected[..., -1] == raw[0, 0, -1]).all()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_opaque_pictures_become_transparent(
    service: Service, models: Path, monkeypatch: pytest.MonkeyPatch, channels: int
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(models))
    raw = samples(channels, 8)
    expected = encoded(pipeline.apply(picture(raw), "cutout", engine=CPU), np.uint8)
    assert expected.shape[2] == (2 if channels < 3 else 4)
    np.testing.assert_array_equal(apply(service, "cutout", raw), expected)
    behind = apply(service, "cutout", raw, options={"background": "white"})
    assert behind.shape[2] == channels


def test_results_equal_the_command_lines(service: Service, models: Path, tmp_path: Path) -> None:
    raw = samples(4, 16)
    image = pyvips.Image.new_from_array(raw).copy(interpretation="rgb16")
    image.write_to_file(str(tmp_path / "in.png"))
    options = ("--strength", 0.4, "--provider", "cpu")
    env = {"GANFX_MODELS": str(models)}
    done = ganfx("stylize", tmp_path / "in.png", "-o", tmp_path / "out.png", *options, env=env)
    assert done.returncode == 0, done.stderr
    expected = pyvips.Image.new_from_file(str(tmp_path / "out.png")).numpy()
    np.testing.assert_array_equal(apply(service, "stylize", raw, options={"strength": 0.4}), expected)


def test_the_text_of_a_repeatable_option_is_split_at_spaces(
    service: Service, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(models))
    raw, hints = samples(1, 8, 64, 64), ("3,4,#ff0000", "50,40,#00ff00")
    expected = pipeline.apply(picture(raw), "colorize", engine=CPU, hint=hints)
    result = apply(service, "colorize", raw, options={"hint": " ".join(hints)})
    np.testing.assert_allclose(result.astype(int), encoded(expected, np.uint8).astype(int), atol=1)
    assert not np.array_equal(result, apply(service, "colorize", raw))


def test_floats_beyond_white_are_kept_and_nan_does_no_harm(service: Service) -> None:
    raw = samples(4, 32)
    raw[..., 3] = 1
    raw[0, 0, 0], raw[-1, -1, 1] = 1.5, -0.25
    raw[8, 8] = np.nan, np.inf, -np.inf, np.nan
    result = apply(service, "upscale", raw)
    assert np.isfinite(result).all()
    assert (result[0, 0, 0], result[-1, -1, 1]) == pytest.approx((1.5, -0.25), abs=1e-6)


@pytest.mark.parametrize(
    ("filter", "request_fields", "code"),
    [
        ("upscal", {}, "option"),
        ("upscale", {"model": "vangogh"}, "option"),
        ("upscale", {"model": "photo-x3"}, "unknown-model"),
        ("stylize", {"options": {"strenght": 1}}, "option"),
        ("stylize", {"options": {"strength": 7}}, "option"),
        ("stylize", {"options": {"keep_color": "perhaps"}}, "option"),
        ("upscale", {"options": {"scale": 10**9}}, "option"),
        ("upscale", {"options": {"scale": 10**400}}, "request"),
        ("upscale", {"options": {"scale": ["4"]}}, "option"),
        ("colorize", {"options": {"hint": 4}}, "option"),
        ("heal", {"options": {"x\ny": ""}}, "option"),
        ("inpaint", {}, "mask"),
        ("inpaint", {"mask": b"\xff" * WIDTH * HEIGHT}, "mask"),
        ("heal", {"mask": bytes(WIDTH * HEIGHT)}, "option"),
        ("stylize", {"layer": True}, "request"),
        ("colorize", {"options": {"hint": "99,1,#ffffff"}}, "size"),
        ("upscale", {"model": "liar"}, "contract"),
    ],
)
def test_invalid_requests_get_a_one_line_error(
    service: Service, filter: str, request_fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(ServiceError) as caught:
        apply(service, filter, samples(3, 8), **request_fields)
    assert caught.value.code == code
    assert "\n" not in caught.value.message
    assert service.process.poll() is None


@pytest.mark.parametrize(("model", "scale"), [("vangogh", 1), ("photo-x4", 4)])
def test_the_overhead_for_a_megapixel_is_small(
    service: Service, models: Path, monkeypatch: pytest.MonkeyPatch, model: str, scale: int
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(models))
    filter = "upscale" if scale > 1 else "stylize"
    raw = samples(3, 8, 1000, 1000)
    chain = pipeline.Chain((pipeline.load_filter(filter, {}, model=model, engine=CPU),))
    pipeline_s, service_s = [], []
    for _ in range(3):
        started = time.perf_counter()
        for piece in chain.stream(picture(raw)):
            del piece
        pipeline_s.append(time.perf_counter() - started)
        started = time.perf_counter()
        result = apply(service, filter, raw)
        service_s.append(time.perf_counter() - started)
    assert result.shape == (1000 * scale, 1000 * scale, 3)
    overhead = min(service_s) - min(pipeline_s)
    print(f"1 megapixel, x{scale}: {min(pipeline_s):.3f} s in the pipeline, {overhead:+.3f} s around it")
    # Generous: the machine may be busy.
    assert overhead < 1.5


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"scale": 1.5}, (35, 26)),
        ({"scale": "3", "width": ""}, (69, 51)),
        ({"fit": "100x60"}, (81, 60)),
        ({"print": "2x1in@50dpi"}, (68, 50)),
    ],
)
def test_a_size_is_asked_for_in_the_words_of_the_command(
    service: Service, options: dict[str, Any], size: tuple[int, int]
) -> None:
    result = apply(service, "upscale", samples(3, 8), options={"clean": 0, **options})
    assert result.shape == (size[1], size[0], 3)


def test_a_part_of_a_picture_becomes_as_large_as_its_share_of_the_whole(service: Service) -> None:
    pixels = Pixels(WIDTH, HEIGHT, 3, 8, samples(3, 8).tobytes())
    options = {"width": 300, "clean": 0}
    result = service.client.apply("upscale", pixels, lambda share: None, canvas=[100, 80], options=options)
    assert (result.canvas, result.width, result.height) == ((300, 240), 3 * WIDTH, 3 * HEIGHT)


def test_a_result_that_the_client_cannot_hold_is_refused_before_it_is_made(service: Service) -> None:
    pixels = Pixels(WIDTH, HEIGHT, 3, 8, samples(3, 8).tobytes())
    with pytest.raises(ServiceError, match="too large"):
        service.client.apply("upscale", pixels, lambda share: None, most_bytes=1000, options={"scale": 4})


@pytest.mark.parametrize("options", [{"width": 0}, {"scale": 0.3}, {"width": 50, "megapixels": 1}, {"fit": "x"}])
def test_sizes_that_cannot_be_are_refused(service: Service, options: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match=r"(?i)width|scale|fit"):
        apply(service, "upscale", samples(3, 8), options=options)
