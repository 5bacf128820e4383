"""What every filter promises: a light declaration, whose functions are there when they are called."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from ganfx import filters
from ganfx.errors import OptionError
from ganfx.filters import Filter, Option, all_filters, clean, upscale
from ganfx.filters.deferred import DeferredFunction
from ganfx.imaging import fidelity

# What each function of a declaration is called with.
ARGUMENTS = {
    "prepare": ("picture", "values", "spec"),
    "finish": ("output", "strip", "values", "spec"),
    "reduction": ("size", "values"),
    "study": ("picture", "size", "values", "spec", "infer"),
    "mask": ("mask", "values"),
    "regions": ("mask", "values"),
    "choices": ("mask", "region"),
    "fill": ("picture", "mask", "values", "spec", "infer"),
}


def test_declarations_import_no_array_libraries() -> None:
    script = "import sys; from ganfx.filters import all_filters; all_filters(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"numpy", "cv2", "onnxruntime", "pyvips"} & set(done.stdout.split())


def test_every_folder_is_a_filter() -> None:
    folders = {path.parent.name for path in Path(filters.__path__[0]).glob("*/__init__.py")}
    assert folders == set(all_filters())


@pytest.mark.parametrize("filter_", all_filters().values(), ids=list(all_filters()))
def test_the_functions_of_a_declaration_take_what_they_are_given(filter_: Filter) -> None:
    parts = [part for part in (filter_.flow, filter_.overview, filter_.retouch, filter_.finder) if part]
    fields = [(field.name, getattr(part, field.name)) for part in parts for field in dataclasses.fields(part)]
    hooks = [(name, hook) for name, hook in fields if isinstance(hook, DeferredFunction)]
    assert hooks
    for name, hook in hooks:
        inspect.signature(hook.function).bind(*ARGUMENTS[name])


def test_strips_reach_as_far_as_the_corrections_of_their_rows() -> None:
    """Declarations import no arrays, so they say the reach of what works on them by themselves."""
    assert upscale.CONTEXT >= fidelity.LIGHT_REACH
    assert clean.CONTEXT >= fidelity.REACH


def test_a_bool_may_be_said_in_words() -> None:
    option = Option("keep_color", bool, False, "Keep it.")
    assert [option.check(value) for value in (True, "yes", "On", "1", 1)] == [True] * 5
    assert [option.check(value) for value in (False, "no", "off", "FALSE", 0)] == [False] * 5
    for value in ("maybe", "", None, 2):
        with pytest.raises(OptionError, match=r"keep_color: .* is neither true nor false"):
            option.check(value)
