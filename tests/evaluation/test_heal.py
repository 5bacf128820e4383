"""Judging finders: drawn truth, figures with tolerance, reports; and what the shipped finder is held to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
from click.testing import CliRunner
from numpy.typing import NDArray

from ganfx.cli import cli
from ganfx.errors import OptionError
from ganfx.evaluation.drawn_truth import BORDER, DAMAGE, UNSURE, DrawnTruth, read_truth
from ganfx.evaluation.heal import TOLERANCE, evaluate_heal, figures_of, recall_and_precision
from ganfx.evaluation.report import EvaluationReport
from ganfx.filters import CERTAIN, DOUBTFUL
from tests import graphs

SCANS = Path(__file__).parent / "scans.txt"
# Drawn damage, and undamaged old prints, on which nothing was tuned.
OLD_PRINTS = Path(__file__).parent / "old_prints.txt"


def drawn(folder: Path, *lines: str) -> dict[str, DrawnTruth]:
    (folder / "drawn.txt").write_text("\n".join(lines))
    return read_truth(folder / "drawn.txt")


def test_lines_dots_and_areas_are_drawn_and_the_last_wins(tmp_path: Path) -> None:
    found = drawn(
        tmp_path,
        "# a remark",
        "picture a.png 60x40",
        "damage line 3 5,10 50,10",
        "unsure dots 2 50,10 30,30",
        "border area 0 0,0 60,0 60,4 0,4",
        "",
        "picture b.png 10x20",
    )
    labels = found["a.png"].labels
    assert labels.shape == (40, 60)
    assert (labels[9:12, 8:45] == DAMAGE).all()
    assert labels[10, 50] == labels[30, 30] == UNSURE
    assert (labels[:4] == BORDER).all()
    assert not found["b.png"].damage.any()


@pytest.mark.parametrize(
    "line", ["damage line 3 5,10", "picture a.png", "picture a.png 60x40\nrust line 3 1,1", "picture a.png 6x4\ndamage"]
)
def test_a_line_that_is_not_understood_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(OptionError, match="line"):
        drawn(tmp_path, line)
    with pytest.raises(OptionError, match="cannot be read"):
        read_truth(tmp_path / "missing.txt")


def truth_of(labels: NDArray[np.uint8]) -> DrawnTruth:
    return DrawnTruth(labels)


def test_what_lies_a_little_beside_counts_and_what_is_not_judged_does_not() -> None:
    labels = np.zeros((60, 80), np.uint8)
    labels[20, 10:70] = DAMAGE
    labels[50:] = BORDER
    found = np.zeros(labels.shape, bool)
    found[20 + TOLERANCE, 10:40] = True
    found[55, :] = True
    recall, precision = recall_and_precision(found, truth_of(labels))
    assert recall == pytest.approx(0.5, abs=0.04)
    assert precision == 1
    found[35, 10:40] = True
    assert recall_and_precision(found, truth_of(labels))[1] == pytest.approx(0.5, abs=0.04)
    assert recall_and_precision(np.zeros_like(found), truth_of(labels)) == (0, 1)


def test_of_a_sound_picture_each_place_counts_and_doubts_apart() -> None:
    levels = np.zeros((100, 100), np.float32)
    levels[10:12, 10:15] = levels[50, 50] = CERTAIN
    levels[80, :10] = DOUBTFUL
    figures = figures_of(levels, None)
    assert figures["touched"] == 1
    assert figures["changed"] == pytest.approx(0.11)
    assert figures["false"] == pytest.approx(200)
    assert figures["doubtful"] == pytest.approx(0.1)
    assert np.isnan(figures["recall"])


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Folders `sound` and `scans`: dark pictures, that of a scan with a white line."""
    pixels = np.full((90, 120, 3), 25, np.uint8)
    for name in ("sound", "scans"):
        (tmp_path / name).mkdir()
        pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(tmp_path / name / "a.png"))
        pixels[40:44, 10:100] = 230
    (tmp_path / "drawn.txt").write_text("picture a.png 120x90\ndamage line 4 10,42 99,42\n")
    return tmp_path


@pytest.mark.slow
def test_the_command_reports_both_and_draws_the_scans(album: Path) -> None:
    find = graphs.brightness(album / "find.onnx")
    arguments = ["-n", str(find), "--set", str(album / "sound"), "--scans", str(album / "scans")]
    arguments += ["--truth", str(album / "drawn.txt"), "-o", str(album / "out")]
    done = CliRunner().invoke(cli, ["eval", "heal", *arguments])
    assert done.exit_code == 0, done.output
    sound, scans = (line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| find"))
    assert sound[3:6] == ["sound", "1", "**0**"]
    assert "**1.000**" in scans
    assert (album / "out" / "heal-damaged.png").is_file()


def test_a_scan_on_which_no_damage_was_drawn_counts_among_the_sound_pictures(album: Path) -> None:
    (album / "none.txt").write_text("picture a.png 120x90\n")
    find = graphs.brightness(album / "find.onnx")
    report = evaluate_heal([str(find)], [], scans=album / "scans", truth=album / "none.txt")
    figures = report.measurements[0].figures
    assert report.measurements[0].case == "sound"
    assert figures["touched"] == 1
    assert np.isnan(figures["recall"])


def test_scans_without_their_truth_are_refused(album: Path) -> None:
    with pytest.raises(OptionError, match="drawn damage"):
        evaluate_heal(["find"], [], scans=album / "scans")
    with pytest.raises(OptionError, match="no pictures"):
        evaluate_heal(["find"], [])


def test_the_drawn_scans_are_read_and_each_has_damage() -> None:
    found = read_truth(SCANS)
    assert len(found) == 4
    assert all(0.005 < truth.damage.mean() < 0.2 for truth in found.values())


# Undamaged photographs that have fooled finders: a pole, twigs, leaves, wires, stones in the sand and under water.
TRAPS = (2, 8, 10, 27, 49, 54, 56, 70, 97)


def touched_and_changed(report: EvaluationReport) -> tuple[int, float]:
    """(how many sound pictures are touched, the mean share of their pixels that is changed, in percent)."""
    figures = [one.figures for one in report.measurements if one.case == "sound"]
    return sum(one["touched"] > 0 for one in figures), float(np.mean([one["changed"] for one in figures]))


def scan_figures(report: EvaluationReport, name: str) -> list[float]:
    """The figure `name` of each scan."""
    return [one.figures[name] for one in report.measurements if one.case == "damaged"]


def keeps_the_promise(finder: str, sample: Path, shared_data: Path) -> bool:
    """Whether it leaves the traps alone, and finds cracks of the two scans that have most."""
    scans = shared_data / "real" / "photos_scratched"
    report = evaluate_heal([finder], [sample], scans=scans, truth=sample.parent / "two.txt")
    found = zip(scan_figures(report, "recall"), scan_figures(report, "precision"), strict=True)
    return touched_and_changed(report)[0] == 0 and all(recall > 0.75 and right > 0.8 for recall, right in found)


@pytest.fixture
def sample(tmp_path: Path, shared_data: Path) -> Path:
    """A folder of the traps, and beside it `two.txt`, the truth of two scans."""
    folder = tmp_path / "traps"
    folder.mkdir()
    for number in TRAPS:
        name = f"img_{number:03d}_SRF_4_HR.png"
        (folder / name).symlink_to(shared_data / "eval" / "BSD100" / name)
    blocks = SCANS.read_text().split("\npicture ")[1:]
    (tmp_path / "two.txt").write_text("".join(f"picture {one}\n" for one in blocks if one.split(".")[0][-1] in "bd"))
    return folder


@pytest.mark.weights
def test_traps_are_left_alone_and_cracks_are_found(sample: Path, shared_data: Path) -> None:
    assert keeps_the_promise("photo-scratches", sample, shared_data)


@pytest.mark.parametrize("probability", [0.0, 0.6, 1.0])
def test_a_finder_that_says_the_same_of_all_pictures_does_not_pass(
    sample: Path, shared_data: Path, probability: float
) -> None:
    blind = graphs.always(sample.parent / "blind.onnx", probability)
    assert not keeps_the_promise(str(blind), sample, shared_data)


def test_a_finder_of_what_is_bright_does_not_pass(sample: Path, shared_data: Path) -> None:
    assert not keeps_the_promise(str(graphs.brightness(sample.parent / "bright.onnx")), sample, shared_data)


@pytest.mark.weights
@pytest.mark.slow
def test_of_a_hundred_sound_photographs_hardly_one_is_changed(shared_data: Path) -> None:
    report = evaluate_heal(["photo-scratches"], [shared_data / "eval" / "BSD100"], limit=100)
    touched, changed = touched_and_changed(report)
    assert len(report.measurements) == 100
    assert touched <= 3
    assert changed <= 0.01


@pytest.mark.weights
def test_old_prints_without_damage_stay_as_they_are(shared_data: Path) -> None:
    report = evaluate_heal(["photo-scratches"], [], scans=shared_data / "real" / "photos_bw", truth=OLD_PRINTS)
    assert touched_and_changed(report) == (0, 0)
    assert min(scan_figures(report, "precision")) > 0.8


@pytest.mark.weights
def test_cracks_of_real_scans_are_found_and_faces_are_left(shared_data: Path) -> None:
    report = evaluate_heal(["photo-scratches"], [], scans=shared_data / "real" / "photos_scratched", truth=SCANS)
    # Half a percent below the promise of 0.85, for processors round otherwise.
    assert np.mean(scan_figures(report, "recall")) > 0.845
    assert min(scan_figures(report, "recall")) > 0.65
    assert min(scan_figures(report, "precision")) > 0.8
