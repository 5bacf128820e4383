"""Several fillings of the same hole, to choose from: which files there are, which seed made each, and on one sheet."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

from ganfx.batch import BatchOptions, run_folder
from ganfx.cli import main
from ganfx.errors import OptionError
from tests import graphs
from tests.batch.batches import results, save

HEIGHT, WIDTH = 90, 120
PHOTO = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
HOLE, SCRATCH = np.zeros((2, HEIGHT, WIDTH), bool)
HOLE[30:60, 40:80] = True
SCRATCH[40:43, 20:100] = True


class Told:
    """What a run said: exit status, lines on standard error, and the objects of --json in their order."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.err = status, err
        self.json = [json.loads(line) for line in out.splitlines()]

    @property
    def made(self) -> dict[str, str]:
        """What became of each output; of those that are skipped, the number."""
        found = {Path(line["output"]).name: str(line["status"]) for line in self.json if line["output"]}
        return dict(sorted(found.items()))


Inpaint = Callable[..., Told]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.constant_fill(tmp_path_factory.mktemp("models") / "constant.onnx", (1.0, 0.0, 0.2))


@pytest.fixture
def inpaint(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Inpaint:
    """`ganfx inpaint` in a folder with a.png and the masks hole.png and scratch.png."""
    monkeypatch.chdir(tmp_path)
    save(Path("a.png"), PHOTO)
    for name, hole in (("hole", HOLE), ("scratch", SCRATCH)):
        save(Path("masks") / f"{name}.png", np.dstack([hole.astype(np.uint8) * 255] * 3))
    return functools.partial(_inpaint, capsys, model)


def _inpaint(capsys: pytest.CaptureFixture[str], model: Path, *arguments: object, mask: str = "hole") -> Told:
    capsys.readouterr()
    given = ["inpaint", *map(str, arguments), "--mask", f"masks/{mask}.png", "-n", str(model), "--json"]
    with pytest.raises(SystemExit) as ended:
        main(given)
    said = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return Told(ended.value.code, said.out, said.err)


def load(path: str) -> NDArray[np.uint8]:
    samples: NDArray[np.uint8] = pyvips.Image.new_from_file(path).numpy()
    return samples


def test_each_candidate_is_a_file_of_its_own_with_another_filling(inpaint: Inpaint) -> None:
    assert inpaint("a.png", "--candidates", 3).made == dict.fromkeys(
        [f"a_inpaint_constant-{k}.png" for k in (1, 2, 3)], "done"
    )
    fillings = [load(f"a_inpaint_constant-{number}.png") for number in (1, 2, 3)]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert np.abs(fillings[one].astype(int) - fillings[other])[HOLE].mean() > 20
    for filled in fillings:
        assert np.array_equal(filled[~HOLE], PHOTO[~HOLE])


def test_a_candidate_is_the_same_bytes_as_its_seed_alone_and_the_first_those_without_any(inpaint: Inpaint) -> None:
    inpaint("a.png", "--candidates", 2, "-o", "several")
    inpaint("a.png", "-o", "plain")
    inpaint("a.png", "--seed", 1, "-o", "seeded")
    inpaint("a.png", "--seed", 0, "--candidates", 1, "-o", "zero")
    several = results(Path("several"))
    assert list(several) == ["a-1.png", "a-2.png"]
    assert several["a-1.png"] == results(Path("plain"))["a.png"] == results(Path("zero"))["a.png"]
    assert several["a-2.png"] == results(Path("seeded"))["a.png"]


def test_the_steps_that_are_told_have_the_seed(inpaint: Inpaint) -> None:
    told = inpaint("a.png", "--candidates", 2, "--seed", 7)
    assert [line["steps"] for line in told.json] == ["inpaint:constant:seed=7", "inpaint:constant:seed=8"]


def test_a_second_run_makes_only_what_is_missing(inpaint: Inpaint) -> None:
    inpaint("a.png", "--candidates", 2, "--sheet", "sheet.png")
    before = results(Path())
    told = inpaint("a.png", "--candidates", 2, "--sheet", "sheet.png")
    assert set(told.made.values()) == {"up to date"}
    assert results(Path()) == before
    Path("a_inpaint_constant-2.png").unlink()
    assert inpaint("a.png", "--candidates", 3).made == {
        "a_inpaint_constant-1.png": "up to date",
        "a_inpaint_constant-2.png": "done",
        "a_inpaint_constant-3.png": "done",
    }
    assert Path("a_inpaint_constant-2.png").read_bytes() == before["a_inpaint_constant-2.png"]


def test_other_seeds_replace_nothing_unasked(inpaint: Inpaint) -> None:
    inpaint("a.png", "--candidates", 2)
    before = results(Path())
    told = inpaint("a.png", "--candidates", 2, "--seed", 5)
    assert told.status == 3
    assert "exists already" in told.err
    assert results(Path()) == before
    assert inpaint("a.png", "--candidates", 2, "--seed", 5, "--overwrite").status == 0
    assert results(Path()) != before


def test_a_dry_run_names_every_file_and_makes_none(inpaint: Inpaint) -> None:
    told = inpaint("a.png", "--candidates", 2, "--sheet", "sheet.jpg", "--dry-run")
    assert told.made == dict.fromkeys(
        ["a_inpaint_constant-1.png", "a_inpaint_constant-2.png", "sheet.jpg"], "to be made"
    )
    assert set(results(Path())) == {"a.png", "masks/hole.png", "masks/scratch.png"}


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["-o", "out.png"], ["out-1.png", "out-2.png"]),
        (["--name", "{stem}.v{candidate}{ext}"], ["a.v1.png", "a.v2.png"]),
        (["--name", "{stem}_{model}{ext}"], ["a_constant-1.png", "a_constant-2.png"]),
        (["-f", "tif"], ["a_inpaint_constant-1.tif", "a_inpaint_constant-2.tif"]),
    ],
)
def test_numbers_go_where_the_name_says_or_before_its_suffix(
    inpaint: Inpaint, arguments: list[str], names: list[str]
) -> None:
    assert list(inpaint("a.png", "--candidates", 2, *arguments, "--dry-run").made) == names


def test_several_pictures_keep_their_candidates_and_sheets_apart(inpaint: Inpaint) -> None:
    for name in ("a-1.png", "b.png"):
        save(Path("in") / name, PHOTO)
    save(Path("in") / "a.png", PHOTO[::-1].copy())
    told = inpaint("in", "--candidates", 2, "-o", "out", "--sheet", "sheets")
    assert told.status == 0
    assert list(results(Path("out"))) == ["a-1-1.png", "a-1-2.png", "a-1.png", "a-2.png", "b-1.png", "b-2.png"]
    assert list(results(Path("sheets"))) == ["a-1.jpg", "a.jpg", "b.jpg"]
    assert set(inpaint("in", "--candidates", 2, "-o", "out", "--sheet", "sheets").made.values()) == {"up to date"}


def test_candidates_and_sheets_are_not_taken_for_pictures_by_the_next_run(inpaint: Inpaint) -> None:
    inpaint("a.png", "--candidates", 2, "--sheet", "sheet.png")
    told = inpaint(".", "--candidates", 2, "-o", "out", "--dry-run")
    assert list(told.made) == ["a-1.png", "a-2.png"]
    assert "3 results of earlier runs are left out" in told.err


def test_a_thin_hole_has_one_result_and_that_is_said(inpaint: Inpaint) -> None:
    told = inpaint("a.png", "--candidates", 3, "--sheet", "sheet.png", mask="scratch")
    assert told.status == 0
    assert told.made == {"a_inpaint_constant-1.png": "done", "sheet.png": "done"}
    assert "2 skipped (one result only: the hole is thin, or empty)" in told.err
    again = inpaint("a.png", "--candidates", 3, "--sheet", "sheet.png", mask="scratch")
    assert again.made == {"a_inpaint_constant-1.png": "up to date", "sheet.png": "up to date"}


def test_the_sheet_shows_the_picture_and_then_each_candidate(inpaint: Inpaint) -> None:
    inpaint("a.png", "--candidates", 3, "--sheet", "sheet.png")
    sheet = load("sheet.png")
    shown = [PHOTO, *(load(f"a_inpaint_constant-{number}.png") for number in (1, 2, 3))]
    corners = [(top, left) for top in (22, 22 + WIDTH + 22) for left in (4, 8 + WIDTH)]
    for picture, (top, left) in zip(shown, corners, strict=True):
        assert np.array_equal(sheet[top : top + HEIGHT, left : left + WIDTH], picture)


def test_where_a_candidate_fails_there_is_no_sheet_that_lacks_it(inpaint: Inpaint) -> None:
    Path("a_inpaint_constant-2.png").write_bytes(b"somebody else's")
    told = inpaint("a.png", "--candidates", 2, "--sheet", "sheet.png")
    assert told.status == 3
    assert "1 skipped (not all candidates are there)" in told.err
    assert not Path("sheet.png").exists()
    Path("a_inpaint_constant-2.png").unlink()
    assert inpaint("a.png", "--candidates", 2, "--sheet", "sheet.png").made["sheet.png"] == "done"


def test_a_sheet_that_somebody_else_made_is_not_replaced(inpaint: Inpaint) -> None:
    Path("sheet.png").write_bytes(b"my own")
    told = inpaint("a.png", "--sheet", "sheet.png")
    assert told.status == 3
    assert "sheet.png exists already" in told.err
    assert Path("sheet.png").read_bytes() == b"my own"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--candidates", 0], "0 is not in the range 1<=x<=16"),
        (["--candidates", 17], "17 is not in the range 1<=x<=16"),
        (["--seed", -1], "-1 is not in the range 0<=x<=999999"),
        (["--seed", 999_999, "--candidates", 2], "seed: 1000000 is not between 0 and 999999"),
        (["--sheet", "a.png"], "a contact sheet would replace another file"),
        (["--sheet", "masks/hole.png"], "a contact sheet would replace another file"),
        (["--sheet", "sheet.txt"], "cannot write .txt files"),
        (["-o", "a", "--name", "x{candidate}.png", "b.png"], "would both become"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_before_anything_is_done(
    inpaint: Inpaint, arguments: list[object], words: str
) -> None:
    save(Path("b.png"), PHOTO)
    before = results(Path())
    told = inpaint("a.png", *arguments)
    assert told.status == 2
    assert len([line for line in told.err.splitlines() if words in line]) == 1
    assert results(Path()) == before


def test_steps_without_a_seed_have_one_result(model: Path, tmp_path: Path) -> None:
    save(tmp_path / "a.png", PHOTO)
    for steps in ("stylize", "auto"):
        with pytest.raises(OptionError, match="no step has a seed"):
            run_folder(tmp_path / "a.png", steps, BatchOptions(candidates=2))
    with pytest.raises(OptionError, match="candidates: 17 is not between 1 and 16"):
        run_folder(tmp_path / "a.png", "stylize", BatchOptions(candidates=17))


def test_what_fails_for_all_candidates_is_said_once(inpaint: Inpaint) -> None:
    save(Path("in/a.png"), PHOTO)
    Path("in/b.png").write_bytes(Path("a.png").read_bytes()[:300])
    told = inpaint("in", "--candidates", 4, "-o", "out", "--sheet", "sheets", "--lanes", "1:2:1")
    assert told.status == 3
    assert len([line for line in told.err.splitlines() if line.startswith("error")]) == 1
    statuses = [line["status"] for line in told.json if line["input"] == "in/b.png"]
    assert sorted(statuses) == ["failed", *["skipped"] * 4]
    assert len(told.json) == 10
    assert list(results(Path("sheets"))) == ["a.jpg"]


def test_a_report_shows_each_candidate_and_no_sheet(inpaint: Inpaint) -> None:
    assert inpaint("a.png", "--candidates", 3, "--sheet", "sheet.png", "--report", "report.html").status == 0
    assert Path("report.html").read_text(encoding="utf-8").count('<article class="picture">') == 3
