"""Healing: what is found, how sure one must be of it, and what comes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

import ganfx
from ganfx.cli import main
from ganfx.engine import EngineOptions
from ganfx.errors import OptionError
from ganfx.filters import CERTAIN, DOUBTFUL, find_filter
from ganfx.filters.heal.processing import damage_mask
from ganfx.imaging.picture import Picture
from ganfx.pipeline import find_mask, load_filter, parse_steps
from tests import graphs

COLOR = (0.2, 0.0, 1.0)
HEIGHT, WIDTH = 90, 110


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """(the one that fills, the one that finds)."""
    folder = tmp_path_factory.mktemp("models")
    return str(graphs.constant_fill(folder / "fill.onnx", COLOR)), str(graphs.brightness(folder / "find.onnx"))


def scratched() -> NDArray[np.float32]:
    """A dark picture with a bright line."""
    rgb = np.full((HEIGHT, WIDTH, 3), 0.1, np.float32)
    rgb[40:43, 10:100] = 0.9
    return rgb


def heal(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["heal", *map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def save(path: Path, rgb: NDArray[np.float32]) -> Path:
    samples = np.rint(rgb * 255).astype(np.uint8)
    pyvips.Image.new_from_array(samples).copy(interpretation="srgb").write_to_file(str(path))
    return path


def load(path: Path) -> NDArray[np.generic]:
    samples: NDArray[np.generic] = pyvips.Image.new_from_file(str(path)).numpy()
    return samples


def test_damage_is_found_and_filled_and_the_rest_stays(models: tuple[str, str]) -> None:
    picture = Picture(scratched())
    healed = ganfx.apply(picture, "heal", model=models[0], finder=models[1], grow=1)
    line = np.zeros((HEIGHT, WIDTH), bool)
    line[39:44, 10:100] = True
    assert np.array_equal(healed.rgb[38], picture.rgb[38])
    assert np.allclose(healed.rgb[40:43, 10:100], COLOR, atol=1e-3)
    assert (healed.rgb != picture.rgb).any(-1).sum() <= line.sum() + 2 * 5


def levels(likely: NDArray[np.float32], **options: object) -> NDArray[np.float32]:
    return damage_mask(likely, {"sensitivity": 0.5, "only": (), "edges": False, **options})


def cracked(height: int = 100, width: int = 160) -> NDArray[np.float32]:
    """Probabilities: a broad crack for certain, and apart from it a faint line and a possible one."""
    likely = np.zeros((height, width), np.float32)
    likely[50:54, 20:80] = 0.99
    likely[80, 20:120] = 0.3
    likely[20, 20:120] = 0.6
    return likely


def test_faint_damage_counts_where_it_goes_on_from_clear_damage() -> None:
    likely = cracked()
    likely[51:53, 80:120] = 0.45
    likely[51:53, 84:86] = 0
    found = levels(likely)
    assert (found[51, 20:84] == CERTAIN).all()
    assert (found[51, 86:120] == CERTAIN).all()
    assert not found[80].any()


def test_what_is_possible_is_listed_but_not_filled() -> None:
    found = levels(cracked())
    assert (found[20, 20:120] == DOUBTFUL).all()
    assert (levels(cracked(), sensitivity=1)[20, 20:120] == CERTAIN).all()


def test_a_picture_that_is_hardly_damaged_as_a_whole_is_left_alone() -> None:
    likely = np.zeros((400, 400), np.float32)
    likely[50, 50:60] = 0.99
    assert set(np.unique(levels(likely))) == {0, DOUBTFUL}
    likely[100:103, 50:200] = 0.99
    assert (levels(likely)[50, 50:60] == CERTAIN).all()


def test_one_thing_that_looks_like_damage_is_left_however_clear_it_is() -> None:
    leaf = np.zeros((320, 480), np.float32)
    cv2.ellipse(leaf, (300, 100), (15, 3), 60, 0, 360, 0.95, -1)
    assert set(np.unique(levels(leaf))) == {0, np.float32(DOUBTFUL)}
    for x in (40, 120, 200, 400):
        cv2.line(leaf, (x, 200), (x + 15, 230), 0.95, 3)
    assert (levels(leaf) == CERTAIN).any()


def test_a_single_long_crack_is_healed() -> None:
    likely = np.zeros((320, 480), np.float32)
    cv2.line(likely, (100, 60), (200, 130), 0.9, 3)
    assert (levels(likely)[likely > 0] == CERTAIN).all()


def test_where_the_network_hesitates_all_over_the_picture_nothing_is_filled() -> None:
    likely = np.zeros((320, 480), np.float32)
    for x in range(20, 470, 30):
        cv2.line(likely, (x, 40), (x + 12, 60), 0.9, 2)
    assert (levels(likely) == CERTAIN).any()
    likely[100::2] = 0.3
    assert not (levels(likely) == CERTAIN).any()


def crossing(likely: NDArray[np.float32], probability: float = 0.2) -> NDArray[np.float32]:
    """The same with a faint crack from the left edge to the right one, hidden in the middle."""
    height, width = likely.shape
    cv2.line(likely, (2, height // 4), (width // 4, height * 3 // 8), probability, 3)
    cv2.line(likely, (width * 3 // 4, height * 5 // 8), (width - 3, height * 3 // 4), probability, 3)
    return likely


@pytest.mark.parametrize("size", [(336, 256), (700, 900), (1500, 2200)])
def test_a_faint_crack_across_a_whole_print_is_healed_where_hardly_anything_else_is_marked(
    size: tuple[int, int],
) -> None:
    likely = crossing(np.zeros(size, np.float32))
    found = levels(likely)
    assert (found[likely > 0] == CERTAIN).mean() > 0.9
    assert not found[likely == 0].any() or (found > 0).sum() < 1.2 * (likely > 0).sum()
    assert not levels(likely, sensitivity=0.0).any()
    assert not levels(crossing(np.zeros(size, np.float32), 0.08)).any()


def test_the_frame_of_a_print_does_not_hide_its_crack() -> None:
    likely = crossing(np.zeros((336, 256), np.float32))
    crack = likely > 0
    likely[1] = likely[334] = 0.15
    assert (levels(likely)[crack] == CERTAIN).mean() > 0.9


def test_faint_lines_of_a_scene_are_left() -> None:
    fence = crossing(np.zeros((400, 600), np.float32))
    for x in range(40, 600, 60):
        cv2.line(fence, (x, 300), (x + 10, 380), 0.2, 3)
    assert not levels(fence).any()
    pole = np.zeros((400, 600), np.float32)
    cv2.line(pole, (150, 350), (300, 200), 0.4, 3)
    assert not levels(pole).any()
    frame = np.zeros((400, 600), np.float32)
    frame[6:9, 3:200] = frame[6:9, 400:597] = 0.2
    assert not levels(frame, edges=True).any()


@pytest.mark.parametrize("rim", [0.3, 0.55])
def test_of_a_thing_beside_a_crack_only_the_crack_is_filled(rim: float) -> None:
    likely = np.zeros((256, 256), np.float32)
    cv2.ellipse(likely, (80, 107), (4, 14), 0, 0, 360, 0.3, -1)
    cv2.ellipse(likely, (80, 107), (4, 14), 0, -25, 205, rim, 1)
    cv2.line(likely, (10, 100), (240, 80), 0.9, 4)
    found = levels(likely)
    assert (found[likely > 0.8] == CERTAIN).all()
    ear = (likely > 0) & (likely < 0.8)
    assert (found[ear] == CERTAIN).mean() < 0.1
    assert (found[ear] > 0).mean() > 0.9


def test_what_is_wider_than_a_crack_is_doubtful_and_the_cracks_beside_it_are_not() -> None:
    likely = np.zeros((400, 400), np.float32)
    likely[180:183, 20:380] = 0.99
    likely[160:200, 200:240] = 0.99
    found = levels(likely)
    assert (found[165:195, 205:235] == DOUBTFUL).all()
    assert (found[180:183, 20:180] == CERTAIN).all()
    assert (found[180:183, 260:380] == CERTAIN).all()


def test_a_button_is_doubtful_and_dust_beside_it_is_not() -> None:
    likely = cracked(height=160)
    cv2.circle(likely, (60, 120), 5, 0.99, -1)
    likely[118:121, 90:93] = 0.99
    found = levels(likely)
    assert (found[117:124, 57:64] == DOUBTFUL).all()
    assert (found[118:121, 90:93] == CERTAIN).all()


@pytest.mark.parametrize("level", [CERTAIN, DOUBTFUL])
def test_sensitivity_finds_more_step_by_step(level: float) -> None:
    likely = np.random.default_rng(0).random((50, 50), np.float32)
    likely[np.arange(50) % 5 > 0] = 0
    found = [levels(likely, sensitivity=value, edges=True) for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
    sizes = [int((one >= level).sum()) for one in found]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


PLACES = {
    "dust": [(slice(10, 13), slice(10, 14)), (slice(30, 32), slice(90, 92))],
    "scratches": [(slice(60, 62), slice(20, 180))],
    "cracks": [(slice(90, 97), slice(20, 180))],
    "stains": [(slice(130, 160), slice(60, 100))],
}


@pytest.mark.parametrize("kind", PLACES)
def test_kinds_are_told_by_their_shape(kind: str) -> None:
    likely = np.zeros((200, 200), np.float32)
    for places in PLACES.values():
        for place in places:
            likely[place] = 0.99
    found = levels(likely, only=(kind,))
    for name, places in PLACES.items():
        for place in places:
            assert (found[place] > 0).all() == (name == kind)
    both = levels(likely, only=(kind, "cracks"))
    assert (both[PLACES["cracks"][0]] > 0).all()


def test_a_line_with_branches_is_a_crack_however_thin() -> None:
    likely = np.zeros((200, 200), np.float32)
    likely[100:102, 20:180] = 0.99
    likely[40:160, 60:62] = likely[40:160, 120:122] = 0.99
    assert levels(likely, only=("cracks",)).any()
    assert not levels(likely, only=("scratches",)).any()


@pytest.mark.parametrize("turn", range(4))
def test_the_torn_border_of_a_print_stays_and_cracks_that_end_there_are_healed(turn: int) -> None:
    likely = np.zeros((200, 200), np.float32)
    likely[:5, 40:140] = 0.99
    likely[:120, 170:174] = 0.99
    turned = np.rot90(likely, turn)
    found = np.rot90(levels(turned), -turn)
    assert not found[:5, 40:140].any()
    assert (found[:120, 170:174] == CERTAIN).all()
    assert (levels(turned, edges=True)[turned > 0] == CERTAIN).all()


@pytest.mark.parametrize("text", ["fold", "crack", ""])
def test_an_unknown_kind_is_refused_with_the_names_there_are(text: str) -> None:
    with pytest.raises(OptionError, match="no kind of damage"):
        find_filter("heal").check({"only": text})
    assert find_filter("heal").check({"only": ["dust", " Cracks"]})["only"] == ("dust", "cracks")


def test_options_come_through_the_command_line_and_steps(tmp_path: Path, models: tuple[str, str]) -> None:
    photo = save(tmp_path / "old.png", scratched())
    line = (photo, "-n", models[0], "--finder", models[1])
    assert heal(*line, "--only", "dust", "-o", tmp_path / "dust.png") == 0
    assert (tmp_path / "dust.png").read_bytes() == photo.read_bytes()
    assert heal(*line, "--only", "dust", "--only", "cracks", "--only", "scratches", "-o", tmp_path / "both.png") == 0
    assert (load(tmp_path / "both.png") != load(photo)).any()
    step = parse_steps("heal:only=dust:only=cracks:edges")[0]
    assert step.options == {"only": ("dust", "cracks"), "edges": True}


def test_the_mask_can_be_kept_edited_and_given_to_inpaint(tmp_path: Path, models: tuple[str, str]) -> None:
    fill, find = models
    photo = save(tmp_path / "old.png", scratched())
    assert heal(photo, "-n", fill, "--finder", find, "--grow", 0, "--save-mask", tmp_path / "mask.png") == 0
    mask = load(tmp_path / "mask.png")
    assert mask.shape[:2] == (HEIGHT, WIDTH)
    assert (mask.squeeze() == 255).sum() == 3 * 90
    with pytest.raises(SystemExit) as ended:
        main(
            ["inpaint", str(photo), "--mask", str(tmp_path / "mask.png"), "-n", fill, "-o", str(tmp_path / "again.png")]
        )
    assert ended.value.code == 0
    assert np.array_equal(load(tmp_path / "again.png"), load(tmp_path / "old_healed_constant_brightness.png"))


def test_masks_of_several_pictures_get_their_names(tmp_path: Path, models: tuple[str, str]) -> None:
    for name in "ab":
        save(tmp_path / f"{name}.png", scratched())
    arguments = [tmp_path / "a.png", tmp_path / "b.png", "-n", models[0], "--finder", models[1], "-o", tmp_path / "out"]
    assert heal(*arguments, "--save-mask", tmp_path / "masks") == 0
    assert sorted(path.name for path in (tmp_path / "masks").glob("*.png")) == ["a.png", "b.png"]


def test_a_mask_never_replaces_a_picture(tmp_path: Path, models: tuple[str, str]) -> None:
    photo = save(tmp_path / "old.png", scratched())
    before = photo.read_bytes()
    assert heal(photo, "-n", models[0], "--finder", models[1], "--save-mask", photo, "--overwrite") == 2
    assert photo.read_bytes() == before


def test_an_undamaged_picture_is_copied_and_that_is_said(
    tmp_path: Path, models: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    photo = save(tmp_path / "clean.png", np.full((40, 50, 3), 0.1, np.float32))
    assert heal(photo, "-n", models[0], "--finder", models[1]) == 0
    assert (tmp_path / "clean_healed_constant_brightness.png").read_bytes() == photo.read_bytes()
    assert "nothing was found to fill" in capsys.readouterr().err


@pytest.mark.parametrize(("height", "factor"), [(1, 2), (312, 2), (313, 1)])
def test_thumbnails_are_looked_at_enlarged(models: tuple[str, str], height: int, factor: int) -> None:
    bound = load_filter("heal", {}, model=models[0], finder=models[1], engine=EngineOptions())
    assert bound.finder is not None
    width, seen, done = 400, [], []

    class Watched:
        """The finder, with the sizes of what it is shown."""

        def run(self, image: NDArray[np.float32], progress: Callable[[int], None]) -> NDArray[np.float32]:
            seen.append(image.shape[:2])
            progress(image.shape[0] * image.shape[1])
            return image[..., :1]

        def stream(
            self,
            read: Callable[[int, int], NDArray[np.float32]],
            height: int,
            width: int,
            progress: Callable[[int], None],
        ) -> Iterator[NDArray[np.float32]]:
            yield self.run(read(0, height), progress)

    rgb = np.zeros((height, width, 3), np.float32)
    found = find_mask(Picture(rgb), dataclasses.replace(bound, finder=Watched()), done.append)  # type: ignore[arg-type]
    assert found.shape == (height, width)
    assert seen == [(factor * height, factor * width)]
    assert done == [height * width]


def test_other_filters_have_no_finder(models: tuple[str, str]) -> None:
    with pytest.raises(OptionError, match="does not look for anything"):
        ganfx.apply(Picture(scratched()), "inpaint", model=models[0], finder=models[1])
