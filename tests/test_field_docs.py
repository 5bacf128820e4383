"""Every field of the classes that callers meet is documented in the class's docstring."""

from __future__ import annotations

import dataclasses
import re

import pytest

from ganfx.files import Format, MaskSource, Preview, SaveOptions
from ganfx.filters import Filter, Finder, Flow, Option, Overview, Region, Retouch, Strip
from ganfx.hosts.doctor import Finding
from ganfx.hosts.machine import Machine
from ganfx.hosts.programs import Program, RunResult
from ganfx.hosts.table import Host, Installation
from ganfx.imaging.picture import Box, Patch, Picture, PictureInfo
from ganfx.pipeline import BoundFilter, Chain, MaskedRegions, Step
from ganfx.pipeline.auto import Auto, Tone
from ganfx.server.lifetime import ServerSettings

CLASSES = [
    *(Filter, Finder, Flow, Option, Overview, Region, Retouch, Strip),
    *(Box, Patch, Picture, PictureInfo),
    *(Format, MaskSource, Preview, SaveOptions),
    *(Finding, Host, Installation, Machine, Program, RunResult, ServerSettings),
    *(Auto, BoundFilter, Chain, MaskedRegions, Step, Tone),
]


@pytest.mark.parametrize("class_", CLASSES)
def test_every_field_is_documented(class_: type) -> None:
    if dataclasses.is_dataclass(class_):
        fields = {field.name for field in dataclasses.fields(class_)}
    else:
        fields = set(class_._fields)  # type: ignore[attr-defined]
    lists = re.findall(r"^ {4}((?:\w+, )*\w+)\s{2,}\S", class_.__doc__ or "", re.MULTILINE)
    documented = {name for names in lists for name in names.split(", ")}
    assert documented == fields
