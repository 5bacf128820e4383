"""Where results go is decided before anything runs, and no two results share a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganfx.batch.plan import assign_targets, find_sources
from ganfx.errors import OptionError

NAMES = st.sampled_from(["a.jpg", "a.png", "a_x4.jpg", "b.jpg", "sub/a.jpg", "sub/b.webp"])


def same_suffix(path: Path) -> str:
    return path.suffix


def is_picture(path: Path) -> bool:
    return path.suffix in {".jpg", ".png"}


def test_by_default_the_result_stands_beside_its_source() -> None:
    (item,) = assign_targets([Path("holiday/a.jpg")], None, "_x4", same_suffix, into_folder=False)
    assert item.target == Path("holiday/a_x4.jpg")


def test_in_a_folder_of_their_own_results_keep_their_names(tmp_path: Path) -> None:
    (item,) = assign_targets([tmp_path / "a.jpg"], tmp_path / "out", "_x4", same_suffix, into_folder=True)
    assert item.target == tmp_path / "out" / "a.jpg"


def test_in_the_sources_folder_they_do_not(tmp_path: Path) -> None:
    (item,) = assign_targets([tmp_path / "a.jpg"], tmp_path, "_x4", same_suffix, into_folder=True)
    assert item.target == tmp_path / "a_x4.jpg"


def test_an_output_that_is_its_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="would replace an input"):
        assign_targets([tmp_path / "a.jpg"], tmp_path / "a.jpg", "", same_suffix, into_folder=False)


def test_an_output_that_is_another_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="would replace an input"):
        assign_targets([tmp_path / "a.jpg", tmp_path / "a_x4.jpg"], None, "_x4", same_suffix, into_folder=False)


@given(st.lists(NAMES, unique=True, min_size=1), st.sampled_from([None, Path("out"), Path("sub")]))
def test_targets_are_injective_and_never_a_source(names: list[str], output: Path | None) -> None:
    sources = [Path(name) for name in names]
    try:
        items = assign_targets(sources, output, "_x4", same_suffix, into_folder=output is not None)
    except OptionError:
        return
    targets = [item.target for item in items]
    assert len(set(targets)) == len(sources)
    assert not set(targets) & set(sources)


def test_folders_give_their_pictures_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.png", ".hidden.jpg", "Thumbs.db"):
        (tmp_path / name).touch()
    assert find_sources([str(tmp_path)], is_picture) == [tmp_path / "a.png", tmp_path / "b.jpg"]


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no pictures in this folder"):
        find_sources([str(tmp_path)], is_picture)


def test_patterns_are_expanded_where_the_shell_did_not(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert find_sources([str(tmp_path / "*.jpg")], is_picture) == [tmp_path / "a.jpg"]


def test_what_is_missing_keeps_its_turn_and_doubles_go() -> None:
    missing = Path("absent.jpg")
    assert find_sources(["absent.jpg", "absent.jpg"], is_picture) == [missing]
