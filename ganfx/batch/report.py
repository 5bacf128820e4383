"""A self-contained HTML page on a batch: each picture before and after under a slider."""

from __future__ import annotations

import base64
import datetime
import html
import shutil
import string
import tempfile
import time
from collections import Counter
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import IO

from ganfx import __version__
from ganfx.atomic import AtomicFile
from ganfx.batch.process import DONE, UP_TO_DATE, Outcome
from ganfx.errors import ItemError, OptionError
from ganfx.files import Preview, open_regular, preview, writing
from ganfx.incidents import unexpected
from ganfx.text import printable

_GENERATOR = "ganfx"
# Longest side of previews in pixels: of up to _MANY pictures, and of more.
_SIDE, _SMALL_SIDE, _MANY = 1000, 640, 100

_SLIDER = string.Template("""\
<div class="slider" style="max-width: ${width}px; aspect-ratio: $width / $height">
<img src="data:image/jpeg;base64,$after" alt="after" width="$width" height="$height">
<img class="before" src="data:image/jpeg;base64,$before" alt="before">
<span class="tag left" aria-hidden="true">before</span><span class="tag right" aria-hidden="true">after</span>
<span class="edge" aria-hidden="true"></span>
<input type="range" min="0" max="100" value="50" aria-label="$label">
</div>
""")


class HtmlReport:
    """The page at `path` on `total` pictures; a context manager that puts the page in place at the end, also on errors.

    Pictures are written to disk as they are added, and none is kept in memory; failures are listed at the top. Raises
    OptionError where `path` does not end with .html or .htm, OutputError where it cannot be written, or where a file
    other than an older report exists there (unless `overwrite`).
    """

    def __init__(self, path: Path, total: int, device: str, *, overwrite: bool = False) -> None:
        if path.suffix.lower() not in (".html", ".htm"):
            raise OptionError(f"{path}: a report is a web page", hint="call it report.html")
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._target = AtomicFile(path, overwrite=overwrite or _is_report(path))
        with writing(self._target.folder):
            self._body = _unnamed_file(self._target.folder)
        self._side = _SIDE if total <= _MANY else _SMALL_SIDE
        self._device = device
        self._counts: Counter[str] = Counter()
        self._failures: list[str] = []
        self._megapixels = 0.0
        self._started = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        """Add the outcome of one picture. Raises OutputError."""
        self._counts[outcome.status] += 1
        self._megapixels += outcome.megapixels
        if outcome.error:
            self._failures.append(_line(" \u2014 ".join(filter(None, (str(outcome.error), outcome.error.hint))), "bad"))
            return
        with writing(self._target.folder):
            self._body.write(_section(outcome, self._side))

    def _page(self) -> tuple[str, str]:
        """The parts of the page before and after the pictures."""
        seconds = time.monotonic() - self._started
        now = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
        counts = ", ".join(f"{count} {status}" for status, count in self._counts.most_common())
        speed = f", {self._megapixels / seconds:.2f} MP/s" if self._megapixels else ""
        template = resources.files("ganfx.batch").joinpath("report.html").read_text(encoding="utf-8")
        head, tail = template.split("$pictures\n")
        filled = string.Template(head).substitute(
            generator=f"{_GENERATOR} {__version__}",
            title="Before and after",
            summary=_text(f"{counts} in {seconds:.1f} s{speed}"),
            about=_text(f"{now}, ganfx {__version__} on {self._device}"),
            failures="\n".join(self._failures),
        )
        return filled, tail

    def __enter__(self) -> HtmlReport:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        before, after = self._page()
        try:
            with writing(self._target.folder), self._body, self._target.open("w", encoding="utf-8") as page:
                page.write(before)
                self._body.seek(0)
                shutil.copyfileobj(self._body, page)
                page.write(after)
            self._target.commit()
        finally:
            self._target.discard()


def _unnamed_file(folder: Path) -> IO[str]:
    return tempfile.TemporaryFile("w+", dir=folder, encoding="utf-8")


def _is_report(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            return f'<meta name="generator" content="{_GENERATOR} '.encode() in file.read(500)
    except (OSError, ItemError):
        return False


def _section(outcome: Outcome, side: int) -> str:
    item = outcome.item
    lines = [f"<h2>{_text(item.source.name)}</h2>"]
    if outcome.status in (DONE, UP_TO_DATE):
        lines += [*_pictures(outcome, side), _line(f"{item.source} \u2192 {item.target}", "quiet"), *_figures(outcome)]
    else:
        lines.append(_line(outcome.status))
    if outcome.notes:
        lines.append("".join(["<ul>", *(f"<li>{_text(note)}</li>" for note in outcome.notes), "</ul>"]))
    return "\n".join(['<article class="picture">', *lines, "</article>\n"])


def _pictures(outcome: Outcome, side: int) -> list[str]:
    item = outcome.item
    try:
        shown = preview(item.source, item.target, side)
    except ItemError as error:
        return [_line(f"cannot be shown: {error}", "bad")]
    except Exception as error:
        found = unexpected(error, item.target)
        return [_line(f"cannot be shown: {found.message} ({found.hint})", "bad")]
    slider = _slider(shown, f"{item.source.name}: percent of it, from the left, as it was before")
    return [slider, _line("A piece of it, at full size.", "quiet")] if shown.is_crop else [slider]


def _slider(shown: Preview, label: str) -> str:
    before, after = (base64.b64encode(data).decode() for data in (shown.before, shown.after))
    width, height = shown.size
    return _SLIDER.substitute(width=width, height=height, before=before, after=after, label=_text(label))


def _figures(outcome: Outcome) -> list[str]:
    if outcome.input_size is None or outcome.output_size is None:
        return [_line(outcome.status)]
    sizes = " \u2192 ".join(f"{width}\u00d7{height}" for width, height in (outcome.input_size, outcome.output_size))
    figures = _line(f"{sizes}, {outcome.seconds:.1f} s, {outcome.megapixels_per_s:.2f} MP/s")
    return [figures, f"<p><code>{_text(outcome.steps)}</code></p>"] if outcome.steps else [figures]


def _text(text: str) -> str:
    return html.escape(printable(text))


def _line(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{_text(text)}</p>' if kind else f"<p>{_text(text)}</p>"
