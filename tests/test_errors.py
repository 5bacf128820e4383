"""The tree of errors."""

from __future__ import annotations

import pytest

from ganfx import errors
from ganfx.errors import GanfxError, ItemError, OutputError, nearest

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, GanfxError)]


@pytest.mark.parametrize("class_", CLASSES)
def test_every_class_says_when_it_is_raised(class_: type[GanfxError]) -> None:
    assert "__doc__" in vars(class_)
    assert len(class_.__doc__ or "") > 30


def test_front_ends_can_tell_all_classes_apart() -> None:
    assert len({class_.code for class_ in CLASSES}) == len(CLASSES)
    assert {class_.exit_status for class_ in CLASSES} == {1, 2, 3, 4}
    assert all(400 <= class_.http_status < 600 for class_ in CLASSES)


def test_an_item_error_names_the_file_that_failed_first() -> None:
    with pytest.raises(OutputError) as caught, ItemError.about("outer.png"), ItemError.about("inner.png"):
        raise OutputError("no", hint="yes")
    assert str(caught.value) == "inner.png: no"
    assert (caught.value.message, caught.value.hint) == ("no", "yes")


def test_a_misspelt_name_suggests_similar_ones() -> None:
    assert nearest("upscal", ["upscale", "inpaint"]) == "did you mean upscale?"
    assert nearest("xyz", ["upscale", "heal"]) == "known: upscale, heal"
    assert nearest("xyz", ["upscale"], "list them") == "list them"
