"""Reading and writing row by row, with memory that does not grow with the picture."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import pyvips
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ganfx.files import open_picture, open_reader, open_writer
from ganfx.files.formats import FORMATS
from ganfx.imaging.picture import PictureInfo

HEIGHT, WIDTH = 97, 61
NOISE = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)


@pytest.fixture(scope="module", params=[".jpg", ".png", ".tif", "turned.png", ".webp"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / f"in{request.param}"
    image = Image.fromarray(NOISE).convert("RGB" if path.suffix == ".jpg" else "RGBA")
    exif = Image.Exif()
    if "turned" in path.name:
        exif[0x0112] = 6
        image = image.transpose(Image.Transpose.ROTATE_90)
    image.save(path, exif=exif)
    return path


ranges = st.lists(st.tuples(st.integers(0, HEIGHT), st.integers(0, HEIGHT)), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ranges=ranges, chunk=st.sampled_from([1, 7 * WIDTH * 4, 2**20]), rising=st.booleans())
def test_any_ranges_of_rows_equal_the_whole(
    source: Path, ranges: list[tuple[int, int]], chunk: int, rising: bool
) -> None:
    whole = open_picture(source)
    with pytest.MonkeyPatch.context() as patch, open_reader(source) as reader:
        patch.setattr("ganfx.files.source._CHUNK_BYTES", chunk)
        for a, b in sorted(ranges) if rising else ranges:
            top, bottom = min(a, b), max(a, b)
            piece = reader.rows(top, bottom)
            assert np.array_equal(piece.rgb, whole.rgb[top:bottom])
            if whole.alpha is not None:
                assert piece.alpha is not None
                assert np.array_equal(piece.alpha, whole.alpha[top:bottom])


@pytest.mark.parametrize("form", [form for form in FORMATS if form.is_written], ids=lambda form: form.name)
def test_gathering_in_a_file_changes_nothing(tmp_path: Path, form: object, monkeypatch: pytest.MonkeyPatch) -> None:
    suffix = form.suffixes[0]  # type: ignore[attr-defined]
    picture = open_picture(_png(tmp_path / "in.png"))
    for name, limit in (("memory", 2**20), ("file", 0)):
        monkeypatch.setattr("ganfx.files.canvas.MEMORY_BYTES", limit)
        with open_writer(
            tmp_path / f"{name}{suffix}", width=WIDTH, height=HEIGHT, has_alpha=True, info=PictureInfo()
        ) as writer:
            for top in range(0, HEIGHT, 10):
                writer.write(picture.rows(top, min(top + 10, HEIGHT)))
    assert (tmp_path / f"memory{suffix}").read_bytes() == (tmp_path / f"file{suffix}").read_bytes()
    assert len(list(tmp_path.iterdir())) == 3


def _png(path: Path) -> Path:
    Image.fromarray(NOISE).save(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".tif", ".jpg"])
def test_large_pictures_pass_through_little_memory(tmp_path: Path, suffix: str) -> None:
    width, height = 12_000, 9_000
    pyvips.Image.black(width // 4, height // 4, bands=3).copy(interpretation="srgb").write_to_file(
        str(tmp_path / f"in{suffix}")
    )
    script = f"""
        from tests.memory import peak_megabytes
        import numpy as np
        from ganfx.files import open_reader, open_writer
        from ganfx.imaging.picture import Picture
        with open_reader({str(tmp_path / f"in{suffix}")!r}) as reader, open_writer(
            {str(tmp_path / f"out{suffix}")!r}, width={width}, height={height}, has_alpha=False, info=reader.info
        ) as writer:
            for top in range(0, reader.height, 50):
                rows = reader.rows(top, min(top + 50, reader.height))
                writer.write(Picture(np.resize(rows.rgb, (4 * rows.height, {width}, 3))))
        print(peak_megabytes())
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=200, check=True
    )
    assert int(result.stdout) < 300  # the samples alone are 309, as floats 1236
    image = pyvips.Image.new_from_file(str(tmp_path / f"out{suffix}"))
    assert (image.width, image.height) == (width, height)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "in.png"
    for value in (0, 255):
        Image.fromarray(np.full((8, 8, 3), value, np.uint8)).save(path)
        assert open_picture(path).rgb.max() == value / 255


def test_asking_for_formats_does_not_load_libvips() -> None:
    script = "import sys; from ganfx.files import WRITABLE, format_for; sys.exit('pyvips' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
