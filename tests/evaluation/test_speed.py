"""`ganfx eval speed`: the time of the bare network, at the size that its filter hands it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ganfx.cli import cli
from ganfx.evaluation.speed import benchmark_speed
from tests import graphs


@pytest.fixture
def one_color(tmp_path: Path) -> Path:
    return graphs.one_color(tmp_path / "one-color.onnx", (12, 30))


def test_speed_is_that_of_the_size_at_which_colors_are_found(one_color: Path) -> None:
    (speed,) = benchmark_speed([one_color], repeats=2)
    assert speed.mp_per_s == pytest.approx(384 * 256 / 1e6 / speed.median_s)


@pytest.mark.parametrize(("size", "pixels"), [((64, 48), 64 * 48), ((80, 16), 80 * 16)])
def test_speed_is_measured_at_width_by_height(one_color: Path, size: tuple[int, int], pixels: int) -> None:
    (speed,) = benchmark_speed([one_color], size=size, repeats=2)
    assert speed.mp_per_s == pytest.approx(pixels / 1e6 / speed.median_s)


@pytest.mark.parametrize("size", ["64x48", "80"])
def test_the_command_takes_one_side_or_two(one_color: Path, size: str) -> None:
    done = CliRunner().invoke(cli, ["eval", "speed", "-n", str(one_color), "--size", size, "--repeats", "1"])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[2].startswith("| one-color |")


@pytest.mark.parametrize("size", ["15", "64x8", "64x", "large", "-64"])
def test_a_size_that_is_none_is_refused(one_color: Path, size: str) -> None:
    done = CliRunner().invoke(cli, ["eval", "speed", "-n", str(one_color), "--size", size])
    assert done.exit_code == 2
    assert "WIDTHxHEIGHT" in done.stderr
