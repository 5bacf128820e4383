"""What the documentation promises: links lead somewhere, and the examples of the architecture page work."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
import textwrap
import tomllib
import types
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import torch

import ganfx
from ganfx.cli import cli
from ganfx.engine.providers import PROVIDERS, Provider
from ganfx.files.formats import FORMATS, Format
from ganfx.filters import Strip, find_filter
from ganfx.imaging.picture import Picture
from ganfx.training.adversarial import Adversarial

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = runpy.run_path(str(ROOT / "docs" / "hooks" / "repository.py"))
PAGES = [
    "README.md",
    *(path for path in REPOSITORY["outside_docs"]() if path.endswith(".md")),
    *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))),
]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def _anchors(markdown: str) -> set[str]:
    """The anchors of all headings, as GitHub and MkDocs make them."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings_that_exist(page: str) -> None:
    for target in REPOSITORY["links"]((ROOT / page).read_text(encoding="utf-8")):
        path, anchor = REPOSITORY["target_of"](page, target)
        assert (ROOT / path).exists(), target
        assert not anchor or anchor in _anchors((ROOT / path).read_text(encoding="utf-8")), target


def test_a_link_to_nothing_is_told() -> None:
    said: list[str] = []
    REPOSITORY["for_site"]("see [this](gone.md)", "docs/index.md", said.append)
    assert said == ["docs/index.md: gone.md does not exist"]


def test_links_to_code_become_paths_and_links_to_cards_stay_links() -> None:
    text = "[the card](../ganfx/weights/STYLES.md#how-good) of [stylize.py](../ganfx/training/stylize.py)"
    shown = REPOSITORY["for_site"](text, "docs/gallery.md", pytest.fail)
    assert shown == "[the card](models/STYLES.md#how-good) of `ganfx/training/stylize.py`"


def _examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", ARCHITECTURE, re.MULTILINE | re.DOTALL)


def _run(word: str) -> dict[str, Any]:
    """The names that the example with `word` in it leaves behind; `row` is its last expression, if it ends with one."""
    (code,) = [example for example in _examples("python") if word in example]
    names: dict[str, Any] = {"__name__": "example"}
    exec(re.sub(r"^(?=(Provider|Format|Adversarial)\()", "row = ", code, flags=re.MULTILINE), names)
    return names


def test_the_example_of_a_filter_is_a_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    processing = types.SimpleNamespace(**_run("def finish"))
    monkeypatch.setitem(sys.modules, "ganfx.filters.denoise.processing", processing)
    filter_ = _run("FILTER = ")["FILTER"]
    picture = Picture(np.full((6, 5, 3), 0.5, np.float32))
    options = filter_.check({"strength": 0.5})
    given = filter_.flow.prepare(picture, options, None)
    result = filter_.flow.finish(given + np.float32(0.2), Strip(picture), options, None)
    np.testing.assert_allclose(result.rgb, 0.6, atol=1e-6)
    assert type(filter_) is type(find_filter("upscale"))


def test_the_examples_of_rows_are_rows_and_not_there_yet() -> None:
    provider, form = _run("MIGraphX")["row"], _run("qoi")["row"]
    assert isinstance(provider, Provider)
    assert provider.name not in {row.name for row in PROVIDERS}
    assert isinstance(form, Format)
    assert form.name not in {row.name for row in FORMATS}


def test_the_example_of_a_gan_loss_is_one_that_training_takes() -> None:
    row = _run("Pearson")["row"]
    assert isinstance(row, Adversarial)
    logits = torch.tensor([-1.0, 0.0, 1.0])
    assert [part(logits).argmin().item() for part in (row.fake, row.generator, row.real)] == [0, 1, 2]


def test_the_toml_examples_have_the_keys_of_the_real_ones() -> None:
    models = [tomllib.loads(text)["model"][0] for text in _examples("toml") if "[[model]]" in text]
    assert len(models) > 1
    with (ROOT / "ganfx" / "hub" / "catalogue.toml").open("rb") as file:
        real = tomllib.load(file)["model"]
    for model in models:
        assert any(set(model) == set(entry) for entry in real)


@pytest.mark.weights
def test_the_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "holiday").mkdir()
    picture = Picture(np.random.default_rng(0).random((24, 32, 3), np.float32))
    for name in ("holiday/beach.png", "in.tif", "mask.png"):
        ganfx.save_picture(picture, tmp_path / name)
    guide = (ROOT / "docs" / "guides" / "engineer.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    (lines,) = re.findall(r"^( {4}import ganfx\n(?: {4}.*\n)+)", readme, re.MULTILINE)
    for code in (block, textwrap.dedent(lines)):
        exec(code, {})
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert {"beach-large.png", "large/beach.png", "out.tif", "filled.tif"} <= written


def _command_lines() -> list[str]:
    """Every line of an example, on any page, that calls ganfx; without its comment."""
    text = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    return sorted(set(re.findall(r"^ {4}(ganfx [a-z-].*?)(?: +#.*)?$", text, re.MULTILINE)))


@pytest.mark.parametrize("line", _command_lines())
def test_commands_of_the_pages_are_understood(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in a job array, for `--shard auto`.
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "16")
    command, context = cli, click.Context(cli, info_name="ganfx")
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found, f"no command {name}"
        command, context = found, click.Context(found, info_name=name, parent=context)
    command.make_context(context.info_name, words, parent=context.parent)
