"""`ganfx eval texture`: figures that tell a good texture from tiles, mirrors and copies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ganfx.cli import cli
from ganfx.evaluation.copies import largest_copy, mirror_symmetry
from ganfx.evaluation.protocol import eight_bit
from ganfx.evaluation.quilting import BLOCK, OVERLAP, quilted
from ganfx.files import save_picture
from ganfx.imaging.picture import Picture
from tests.textures.examples import grains


def test_the_largest_copied_square_is_found() -> None:
    example = eight_bit(grains(120, 120))
    texture = eight_bit(np.random.default_rng(1).random((100, 100, 3), np.float32))
    assert largest_copy(texture, example) <= 3
    texture[20:57, 30:70] = example[50:87, 11:51]
    assert largest_copy(texture, example) == 37
    texture[40] += np.float32(1 / 255)
    assert largest_copy(texture, example) == 20


def test_only_a_mirror_is_symmetric() -> None:
    half = grains(100, 60)
    assert mirror_symmetry(np.concatenate([half, half[:, ::-1]], 1)) > 0.99
    assert mirror_symmetry(np.concatenate([half, half[::-1]], 0)) > 0.99
    assert mirror_symmetry(grains(100, 120)) < 0.3


def test_quilting_joins_blocks_of_the_example() -> None:
    example = eight_bit(grains(128, 128))
    texture = quilted(example, (150, 90), np.random.default_rng(0))
    assert texture.shape == (90, 150, 3)
    known = {bytes(pixel) for pixel in example.reshape(-1, 3)}
    assert all(bytes(pixel) in known for pixel in texture.reshape(-1, 3))
    assert BLOCK - 2 * OVERLAP <= largest_copy(texture, example) <= 2 * BLOCK


@pytest.mark.slow
def test_the_command_compares_with_quilting_and_tiling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    (tmp_path / "materials").mkdir()
    save_picture(Picture(grains(130, 140)), tmp_path / "materials" / "stone.png")
    done = CliRunner().invoke(
        cli, ["eval", "texture", "--set", str(tmp_path / "materials"), "-o", str(tmp_path / "figures")]
    )
    assert done.exit_code == 0, done.output
    rows = {line.split("|")[1].strip(): line for line in done.output.splitlines() if line.startswith("|")}
    assert {"tiling", "mirrored", "quilting", "ganfx"} <= set(rows)
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "texture.md",
        "texture.json",
        "texture-384x384.png",
    }
