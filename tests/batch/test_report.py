"""The page on a batch: whole in one file, with a slider for each picture."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from ganfx.batch.items import Item
from ganfx.batch.process import Outcome
from ganfx.batch.report import HtmlReport
from ganfx.cli import main
from ganfx.errors import OptionError, OutputError
from ganfx.files import preview
from tests import graphs


class Page(HTMLParser):
    """What a browser would find."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def photo(path: Path, width: int = 60, height: int = 40, seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(path))
    return path


def ganfx(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.nearest(tmp_path_factory.mktemp("models") / "double.onnx", scale=2)


def test_each_picture_has_its_slider_and_what_failed_is_said(tmp_path: Path, model: Path) -> None:
    odd = "<b> & \"c\" 'd' $x é.png"
    good, other = photo(tmp_path / odd), photo(tmp_path / "b.jpg", 50, 50)
    (tmp_path / "broken.png").write_bytes(good.read_bytes()[:900])
    report = tmp_path / "made" / "report.html"
    arguments = [good, tmp_path / "broken.png", other, "-o", tmp_path / "made", "-n", model, "--report", report]
    assert ganfx("upscale", *arguments) == 3
    text = report.read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    sliders = [tag for tag in page.all("input") if tag["type"] == "range"]
    assert len(sliders) == 2
    assert [odd in str(slider["aria-label"]) for slider in sliders] == [True, False]
    assert all(str(image["src"]).startswith("data:image/jpeg;base64,") and image["alt"] for image in page.all("img"))
    assert len(page.all("img")) == 4
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<link", text)
    assert f"{tmp_path / 'broken.png'}: the file cannot be decoded" in page.words
    assert "60\u00d740 \u2192 120\u00d780" in page.words
    assert "upscale:" in page.words
    assert "2 done, 1 failed" in page.words


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_before_and_after_show_the_same_part(tmp_path: Path) -> None:
    small = np.zeros((300, 400, 3), np.uint8)
    small[200:280, 300:380] = np.random.default_rng(0).integers(0, 256, (5, 5, 3)).repeat(16, 0).repeat(16, 1)
    pyvips.Image.new_from_array(small).copy(interpretation="srgb").write_to_file(str(tmp_path / "a.png"))
    large = small.repeat(4, 0).repeat(4, 1)
    pyvips.Image.new_from_array(large).copy(interpretation="srgb").write_to_file(str(tmp_path / "b.png"))
    whole = preview(tmp_path / "a.png", tmp_path / "b.png", 1000)
    assert (whole.is_crop, whole.size, decoded(whole.before).size) == (False, (1000, 750), (400, 300))
    piece = preview(tmp_path / "a.png", tmp_path / "b.png", 400)
    assert (piece.is_crop, piece.size, decoded(piece.before).size) == (True, (400, 300), (100, 75))
    before = np.asarray(decoded(piece.before).resize((400, 300)), float)
    after = np.asarray(decoded(piece.after), float)
    assert np.abs(before - after).mean() < 12
    assert after.std() > 30


def test_previews_are_upright_and_in_srgb(shared_data: Path) -> None:
    profiled = shared_data / "real" / "colour_profiles" / "icc_profile_test.jpg"
    shown = decoded(preview(profiled, profiled, 300).after)
    assert max(shown.size) == 300
    assert "icc_profile" not in shown.info


@pytest.mark.slow
def test_a_page_takes_little_memory_however_many_pictures_it_has(tmp_path: Path) -> None:
    before, after = photo(tmp_path / "a.png", 400, 400), photo(tmp_path / "b.png", 400, 400, seed=1)
    outcome = Outcome(Item(before, after), 1.0, (400, 400), (400, 400), "negative")
    with HtmlReport(tmp_path / "report.html", 20, "CPU") as report:
        report.add(outcome)
        tracemalloc.start()
        for _ in range(19):
            report.add(outcome)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    size = (tmp_path / "report.html").stat().st_size
    assert peak < size / 3
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "b.png", "report.html"}


def test_a_page_that_is_cut_short_is_whole(tmp_path: Path) -> None:
    before = photo(tmp_path / "a.png")
    with pytest.raises(KeyboardInterrupt), HtmlReport(tmp_path / "report.html", 2, "CPU") as report:
        report.add(Outcome(Item(before, before), 1.0, (60, 40), (60, 40), "negative"))
        raise KeyboardInterrupt
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert len(page.all("img")) == 2


def test_only_reports_are_replaced(tmp_path: Path) -> None:
    place = tmp_path / "report.html"
    for device in ("first", "second"):
        with HtmlReport(place, 0, device):
            pass
    assert "second" in place.read_text(encoding="utf-8")
    place.write_text("<html>my page</html>")
    with pytest.raises(OutputError, match="exists already"):
        HtmlReport(place, 0, "CPU")
    assert place.read_text() == "<html>my page</html>"
    with pytest.raises(OptionError, match="web page"):
        HtmlReport(photo(tmp_path / "a.png"), 0, "CPU", overwrite=True)


def test_a_result_that_is_gone_is_said_and_no_more(tmp_path: Path) -> None:
    outcome = Outcome(Item(photo(tmp_path / "a.png"), tmp_path / "gone.png"), 1.0, (60, 40), (60, 40), "negative")
    with HtmlReport(tmp_path / "report.html", 2, "CPU") as report:
        report.add(outcome)
        report.add(dataclasses.replace(outcome, item=Item(tmp_path / "a.png", tmp_path / "a.png")))
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "cannot be shown" in page.words
    assert len(page.all("img")) == 2


def test_embedded_pictures_are_not_large(tmp_path: Path) -> None:
    source = photo(tmp_path / "a.jpg", 1800, 1400)
    with HtmlReport(tmp_path / "report.html", 1, "CPU") as report:
        report.add(Outcome(Item(source, source), 1.0, (1800, 1400), (1800, 1400), "negative"))
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    for image in page.all("img"):
        assert max(decoded(base64.b64decode(str(image["src"]).partition(",")[2])).size) <= 1000
