"""Which pictures are meant and where results go is decided before anything runs, and no two results share a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganfx.batch.homes import Home
from ganfx.batch.inputs import Input, find_inputs
from ganfx.batch.items import Item, Naming, assign_targets
from ganfx.batch.name_template import FIELDS, NameTemplate
from ganfx.errors import OptionError

NAMES = st.sampled_from(["a.jpg", "a.png", "a_x4.jpg", "b.jpg", "sub/a.jpg", "sub/b.webp"])
VALUES = {"filter": "upscale", "model": "photo-x4", "scale": "4", "suffix": "x4"}
NAMING = Naming(VALUES)


def is_picture(path: Path) -> bool:
    return path.suffix in {".jpg", ".png"}


def targets(
    *sources: Path, output: Path | None = None, file: Path | None = None, template: str | None = None
) -> list[Item]:
    inputs = [Input(source) for source in sources]
    return assign_targets(
        inputs, file or output, Naming(VALUES, template and NameTemplate(template)), into_folder=output is not None
    )


def found(*names: Path | str, **options: bool | Path) -> list[Path]:
    return [one.path for one in find_inputs([str(name) for name in names], is_picture, **options)]  # type: ignore[arg-type]


def test_by_default_the_result_stands_beside_its_source() -> None:
    (item,) = targets(Path("holiday/a.jpg"))
    assert item.target == Path("holiday/a_x4.jpg")


def test_in_a_folder_of_their_own_results_keep_their_names(tmp_path: Path) -> None:
    (item,) = targets(tmp_path / "a.jpg", output=tmp_path / "out")
    assert item.target == tmp_path / "out" / "a.jpg"


def test_in_the_sources_folder_they_do_not(tmp_path: Path) -> None:
    (item,) = targets(tmp_path / "a.jpg", output=tmp_path)
    assert item.target == tmp_path / "a_x4.jpg"


def test_a_template_names_them(tmp_path: Path) -> None:
    template = "{stem}-{filter}-{model}-{scale}-{suffix}{ext}"
    (item,) = targets(tmp_path / "a.jpg", output=tmp_path / "out", template=template)
    assert item.target.name == "a-upscale-photo-x4-4-x4.jpg"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{name}{ext}", "no field {name}"),
        ("{}{ext}", "no field {}"),
        ("{stem", "no template"),
        ("{stem.foo}{ext}", "no "),
        ("sub/{stem}{ext}", "a path, not a name"),
        ("{stem}", "end it with {ext}"),
        ("{stem}.doc", "end it with {ext}"),
        ("{ext}", "end it with {ext}"),
        ("../{stem}{ext}", "a path, not a name"),
        ("..\\{stem}{ext}", "a path, not a name"),
        ("..{stem}{ext}", "no picture's name"),
        ("a\n{stem}{ext}", "characters"),
        ("\x1b[2J{stem}{ext}", "characters"),
        ("\u202e{stem}{ext}", "characters"),
        ("a\udcff{stem}{ext}", "characters"),
        ("C:{stem}{ext}", "characters"),
        ("a.png:{stem}{ext}", "characters"),
        ("con{ext}", "a device"),
        ("LPT1.x{ext}", "a device"),
        ("a" * 300 + "{ext}", "longer than"),
        ("{stem:>1000000000}{ext}", "no field"),
        ("{stem!r}{ext}", "no field"),
        ("{stem.__class__.__mro__}{ext}", "no field"),
        ("{{stem}}{ext}", "no template"),
        ("", "end it with {ext}"),
    ],
)
def test_a_template_that_names_nothing_is_one_line(template: str, words: str) -> None:
    with pytest.raises(OptionError) as caught:
        NameTemplate(template)
    assert words in f"{caught.value.message} {caught.value.hint}"
    assert "\n" not in caught.value.message


@given(st.text(st.characters(codec=None)), st.dictionaries(st.sampled_from(FIELDS), st.text()))
def test_whatever_is_filled_in_a_name_stays_a_name(text: str, values: dict[str, str]) -> None:
    given = dict.fromkeys(FIELDS, "x") | values | {"stem": "photo", "ext": ".png"}
    for template in (text, f"{{stem}}_{text}{{ext}}", "{model}{suffix}{ext}"):
        try:
            name = NameTemplate(template).fill(given)
        except OptionError:
            continue
        assert Path(name).name == name
        assert not name.startswith(".")
        assert not set(name) & set("/\\\0\n")


def test_a_template_by_which_two_results_share_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="would both become"):
        targets(tmp_path / "a.jpg", tmp_path / "b.jpg", output=tmp_path / "out", template="{model}{ext}")


def test_an_output_that_is_its_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="would replace an input"):
        targets(tmp_path / "a.jpg", file=tmp_path / "a.jpg")


def test_an_output_that_is_another_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="would replace an input"):
        targets(tmp_path / "a.jpg", tmp_path / "a_x4.jpg")


@given(st.lists(NAMES, unique=True, min_size=1), st.sampled_from([None, Path("out"), Path("sub")]))
def test_targets_are_injective_and_never_a_source(names: list[str], output: Path | None) -> None:
    sources = [Path(name) for name in names]
    try:
        items = targets(*sources, output=output)
    except OptionError:
        return
    places = [item.target for item in items]
    assert len(set(places)) == len(sources)
    assert not set(places) & set(sources)


def test_folders_give_their_pictures_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.png", ".hidden.jpg", "Thumbs.db"):
        (tmp_path / name).touch()
    assert found(tmp_path) == [tmp_path / "a.png", tmp_path / "b.jpg"]


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no pictures in this folder"):
        found(tmp_path)


def test_patterns_are_expanded_where_the_shell_did_not(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert found(tmp_path / "*.jpg") == [tmp_path / "a.jpg"]


def test_what_is_missing_keeps_its_turn_and_doubles_go() -> None:
    missing = Path("absent.jpg")
    assert found("absent.jpg", "absent.jpg") == [missing]


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_folders_in_folders_are_looked_into_when_asked_and_mirrored(tmp_path: Path) -> None:
    folder = tree(
        tmp_path / "in", "a.jpg", "x/a.jpg", "x/y/b.png", ".git/c.jpg", "x/.d.jpg", "x/notes.txt", "out/e.jpg"
    )
    inputs = find_inputs([str(folder)], is_picture, recursive=True, leave_out=folder / "out")
    items = assign_targets(inputs, folder / "out", NAMING, into_folder=True)
    assert {item.target.relative_to(folder / "out").as_posix() for item in items} == {"a.jpg", "x/a.jpg", "x/y/b.png"}
    assert {item.home for item in items} == {Home(folder / "out")}
    assert found(folder) == [folder / "a.jpg"]


def test_pictures_that_lie_deeper_are_hinted_at(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        found(tree(tmp_path / "in", "x/a.jpg"))
    assert "-r" in str(caught.value.hint)
