"""Animations in a batch: all frames or one, each like a picture of its own, whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganfx import pipeline
from ganfx.batch import BatchOptions, run_folder
from ganfx.batch.items import Item
from ganfx.engine import EngineOptions
from ganfx.files import open_picture
from ganfx.imaging.picture import Picture
from tests.batch.batches import ROOT, Upscale, photo, results, run
from tests.files.animations import HEIGHT, MILLISECONDS, WIDTH, moving, save, save_whole, seen, timing


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".avif"])
def test_all_frames_are_made_with_their_times(tmp_path: Path, upscale: Upscale, suffix: str) -> None:
    source = save(tmp_path / f"a{suffix}", moving(alpha=True))
    told = upscale(source, "-o", tmp_path / "out", "--quality", 100)
    assert told.statuses == {source.name: "done"}
    made = tmp_path / "out" / source.name
    assert timing(made)[0] == MILLISECONDS
    assert told.json[source.name]["frames"] == 5
    assert told.json[source.name]["output_size"] == [2 * WIDTH, 2 * HEIGHT]
    for index, (frame, given) in enumerate(zip(seen(made), seen(source), strict=True)):
        inside = (slice(14, 26), slice(8 + 7 * index, 16 + 7 * index))
        assert frame[0, 0, 3] == 0
        few = 3 if suffix == ".avif" else 0
        assert np.abs(frame[::2, ::2][inside].astype(int) - given[inside]).max() <= few
    assert upscale(source, "-o", tmp_path / "out", "--quality", 100).statuses == {source.name: "up to date"}


def test_a_gif_becomes_a_webp_with_alpha(tmp_path: Path, upscale: Upscale) -> None:
    source = save(tmp_path / "a.gif", moving(alpha=True))
    assert upscale(source, "-f", "webp", "--quality", 100).statuses == {"a.gif": "done"}
    (made,) = tmp_path.glob("*.webp")
    assert [frame[0, 0, 3] for frame in seen(made)] == [0] * 5
    assert timing(made) == (MILLISECONDS, 0)


def test_each_frame_is_what_it_is_as_a_picture_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = [Image.fromarray(np.roll(_scene(), 9 * index, axis=1)) for index in range(3)]
    frames.insert(2, frames[1])
    source = save_whole(tmp_path / "a.png", frames)
    settings = ("--clean", "off", "-s", "2")
    assert run(capsys, "upscale", "--json", *settings, source, "-o", tmp_path / "all").statuses == {"a.png": "done"}
    shown = seen(tmp_path / "all" / "a.png")
    for number in range(1, len(shown) + 1):
        out = tmp_path / "one"
        run(capsys, "upscale", *settings, source, "--frame", number, "-o", out)
        still = np.rint(open_picture(out / f"a_frame{number}.png").rgb * 255)
        assert np.array_equal(still, shown[number - 1][..., :3])
    assert np.array_equal(shown[1], shown[2])


def _scene() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8).repeat(4, 0).repeat(4, 1)


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["-f", "jpg"], "it has 5 frames, and JPEG holds one picture", "--frame 1"),
        (["--frame", "6"], "there is no frame 6: it has 5", "--frame 5"),
    ],
)
@pytest.mark.parametrize("dry", [False, True])
def test_what_cannot_be_made_is_said_in_one_line(
    tmp_path: Path, upscale: Upscale, arguments: list[str], message: str, hint: str, dry: bool
) -> None:
    source = save(tmp_path / "a.gif", moving())
    told = upscale(source, *arguments, *(["--dry-run"] if dry else []))
    assert told.errors == [f"error: {source}: {message}"]
    assert hint in told.json["a.gif"]["error"]["hint"]
    assert set(results(tmp_path)) == {"a.gif"}


def test_one_frame_has_a_name_and_a_record_of_its_own(tmp_path: Path, upscale: Upscale) -> None:
    source, out = save(tmp_path / "a.gif", moving()), tmp_path / "out"
    for arguments in ([], ["--frame", 2, "-f", "jpg"], ["--frame", 3, "-f", "jpg"]):
        assert upscale(source, "-o", out, *arguments).statuses == {"a.gif": "done"}
    assert set(results(out)) == {"a.gif", "a_frame2.jpg", "a_frame3.jpg"}
    assert upscale(source, "-o", out, "--frame", 3, "-f", "jpg").statuses == {"a.gif": "up to date"}


def test_a_broken_frame_fails_alone_and_leaves_nothing(
    tmp_path: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    photo(folder / "b.png")
    frames = [Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 60, 3), np.uint8)) for seed in range(4)]
    broken = save(folder / "a.png", frames, duration=100)
    data = bytearray(broken.read_bytes())
    data[len(data) * 6 // 10] ^= 255
    broken.write_bytes(data)
    streamed, stream = list[Any](), pipeline.Chain.stream
    monkeypatch.setattr(pipeline.Chain, "stream", lambda *given, **more: streamed.append(1) or stream(*given, **more))
    told = upscale(folder, "-o", tmp_path / "out")
    assert told.statuses == {"a.png": "failed", "b.png": "done"}
    # It is found before a network runs, and not after the frames in front of it.
    assert len(streamed) == 1
    assert told.errors[0].startswith(f"error: {broken}: frame 3 of 4: ")
    assert set(results(tmp_path / "out")) == {"b.png"}


def test_progress_counts_all_frames(tmp_path: Path) -> None:
    source = save(tmp_path / "a.webp", moving())
    shares = list[float]()

    def progress(item: Item, share: float, megapixels: float, frames: int) -> None:
        shares.append(share)

    options = BatchOptions(output=tmp_path / "out")
    (outcome,) = run_folder(source, "stylize", options, progress=progress)
    assert outcome.status == "done"
    assert shares == sorted(shares)
    assert {0.2, 0.4, 0.6, 0.8, 1.0} <= {round(share, 9) for share in shares}
    assert outcome.megapixels == WIDTH * HEIGHT * 5 / 1e6


def test_equal_frames_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = moving(2)
    source = save_whole(tmp_path / "a.png", [one, other, other, other, one])
    streamed, stream = list[Any](), pipeline.Chain.stream

    def spy(*arguments: Any, **options: Any) -> Iterator[Any]:
        streamed.append(arguments)
        return stream(*arguments, **options)

    monkeypatch.setattr(pipeline.Chain, "stream", spy)
    (outcome,) = run_folder(source, "stylize", BatchOptions(output=tmp_path / "out"))
    assert (outcome.status, outcome.frames, len(streamed)) == ("done", 5, 3)
    shown = seen(outcome.item.target)
    assert np.array_equal(shown[0], shown[4])
    assert np.array_equal(shown[1], shown[3])


@pytest.mark.weights
def test_how_much_is_cleaned_is_decided_once_for_all_frames() -> None:
    rng = np.random.default_rng(0)
    scene = np.kron(rng.random((4, 4, 3)), np.ones((40, 40, 1)))
    noisy = [np.clip(scene + rng.normal(0, level, scene.shape), 0, 1).astype(np.float32) for level in (0.05, 0.09, 0)]
    sources = [Picture(rgb) for rgb in noisy]
    for steps in ("clean", "upscale:2", "stylize,clean"):
        chain = pipeline.load_chain(pipeline.parse_steps(steps), EngineOptions())
        settled = chain.settled(sources, lambda pixels: None)
        assert not any(bound.is_automatic for bound in settled.filters)
        alone = [chain.settled([source], lambda pixels: None).filters[-1] for source in sources]
        found = [(bound.first or bound).values["strength"] for bound in (*alone, settled.filters[-1])]
        assert found[-1] == sorted(found[:3])[1]


def test_a_mask_is_for_all_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = save(tmp_path / "a.png", moving())
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[2:6, 2:6] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    told = run(capsys, "inpaint", "--json", source, "--mask", tmp_path / "mask.png", "-o", tmp_path / "out")
    assert told.statuses == {"a.png": "done"}
    changed = [
        (frame != given).any(-1) for frame, given in zip(seen(tmp_path / "out" / "a.png"), seen(source), strict=True)
    ]
    assert all(not one[mask == 0].any() for one in changed)


def test_an_animation_goes_through_pipes(tmp_path: Path) -> None:
    source = save(tmp_path / "a.gif", moving())
    command = [sys.executable, "-m", "ganfx", "stylize", "-", "-f", "webp"]
    with source.open("rb") as given, (tmp_path / "out.webp").open("wb") as made:
        subprocess.run(command, stdin=given, stdout=made, check=True, cwd=ROOT)
    assert timing(tmp_path / "out.webp") == (MILLISECONDS, 0)


@pytest.mark.weights
def test_what_needs_nothing_is_copied_byte_for_byte_but_for_single_frames(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ramp = np.mgrid[0:60, 0:1700][1][..., None] // [7, 9, 11]
    frames = [Image.fromarray((ramp + 9 * index).astype(np.uint8)) for index in range(3)]
    source, out = save(tmp_path / "a.webp", frames, quality=80, lossless=False), tmp_path / "out"
    assert run(capsys, "enhance", "--json", source, "-o", out).json["a.webp"]["steps"] == ""
    assert (out / "a.webp").read_bytes() == source.read_bytes()
    run(capsys, "enhance", "--json", source, "-o", out, "--frame", 2)
    assert len(seen(out / "a_frame2.webp")) == 1
    assert np.abs(seen(out / "a_frame2.webp")[0].astype(int) - seen(source)[1]).max() < 12
    run(capsys, "enhance", "--json", source, "-o", out, "-f", "png")
    assert all(np.array_equal(one, other) for one, other in zip(seen(out / "a.png"), seen(source), strict=True))
