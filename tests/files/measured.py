"""What each format keeps on the way in and out, measured: `python -m tests.files.measured` writes it into the docs."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np

from ganfx import isolation
from ganfx.files import SaveOptions, format_for, open_animation, open_picture, save_picture
from ganfx.files.codecs import child
from ganfx.files.formats import FORMATS, Format
from ganfx.imaging.picture import Picture, PictureInfo
from tests.files import animations, foreign
from tests.files.foreign import Wanted

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "formats.md"
MARKED = re.compile(r"(<!-- measured: begin -->\n).*?(<!-- measured: end -->)", re.DOTALL)
_ANIMATED_BY_PILLOW = ("PNG", "WebP", "AVIF", "GIF")
FEATURES = {"deep": "16 bits", "alpha": "alpha", "icc": "ICC", "exif": "EXIF"}


def table() -> str:
    """The formats and what is read and written of them, as Markdown."""
    heads = ("format", "read", "write", *FEATURES.values(), "animation")
    rows = [heads, tuple("---" for _ in heads), *(_row(form) for form in FORMATS)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _row(form: Format) -> tuple[str, ...]:
    read = _read(form, Wanted())
    written = _written(form, Wanted())
    cells = []
    for name in FEATURES:
        wanted = Wanted(**{name: True})
        possible = name in foreign.POSSIBLE[form.name].split()
        ways = {"read": possible and _keeps(_read(form, wanted), wanted)}
        ways["write"] = written is not None and _keeps(_written(form, wanted), wanted)
        cells.append(" and ".join(way for way, is_kept in ways.items() if is_kept) or "-")
    return form.name, "yes" if read else "-", "yes" if written else "-", *cells, _animation(form)


def _animation(form: Format) -> str:
    """Whether several frames are read, and come back when they are written."""
    if form.name not in _ANIMATED_BY_PILLOW:
        return "-"
    with tempfile.TemporaryDirectory() as folder:
        source = animations.save(Path(folder) / f"in{form.suffixes[0]}", animations.moving(3))
        target = source.with_stem("out")
        if open_animation(source) is None or len(animations.read(source)) < 3:
            return "-"
        animations.copy(source, target)
        return "read and write" if len(animations.read(target)) == 3 else "read"


def _read(form: Format, wanted: Wanted) -> Picture | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"in{form.suffixes[0]}"
        path.write_bytes(foreign.MAKERS[form.name](wanted))
        return open_picture(path)


def _written(form: Format, wanted: Wanted) -> Picture | None:
    """A picture written in the format, and read again; None where it is not written."""
    if form.saver is None:
        return None
    samples = wanted.samples.astype(np.float32) / (65535 if wanted.deep else 255)
    kept = {"icc": foreign.P3} if wanted.icc else {}
    kept |= {"exif": foreign.exif()} if wanted.exif else {}
    info = PictureInfo(16 if wanted.deep else 8, metadata=kept)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"out{form.suffixes[0]}"
        assert format_for(path) is form
        picture = Picture(samples[..., :3], samples[..., 3] if wanted.alpha else None, info)
        save_picture(picture, path, options=SaveOptions(quality=100))
        return open_picture(path)


def _keeps(picture: Picture | None, wanted: Wanted) -> bool:
    """Whether the picture has what was wanted, and of 16 bits more than 8."""
    if picture is None:
        return False
    if wanted.deep:
        levels = len(np.unique(picture.rgb[..., 0]))
        return picture.info.bits > 8 and levels >= min(foreign.WIDTH, 60)
    if wanted.alpha:
        given = wanted.samples[..., 3] / 255
        return picture.alpha is not None and bool(np.abs(picture.alpha - given).max() < 0.02)
    if wanted.icc:
        return picture.info.metadata.get("icc") == foreign.P3
    return "exif" in picture.info.metadata


def _call_here(function: str, *arguments: object, **limits: object) -> object:
    assert function.endswith(":decode")
    return child.decode(*arguments)  # type: ignore[arg-type]


def main() -> None:
    with mock.patch.object(isolation, "call", _call_here):
        made = table()
    PAGE.write_text(MARKED.sub(lambda found: found[1] + made + found[2], PAGE.read_text()))


if __name__ == "__main__":
    main()
