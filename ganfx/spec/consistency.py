"""What the fields of a contract must be to one another, so that the network can be fed at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ganfx.spec.reading import FieldError

if TYPE_CHECKING:
    from ganfx.spec.model import ModelSpec

# Values of a tensor: 2 GiB of float32 for the smallest tile that the network takes, 64 MiB for its tests.
_LARGEST_TILE = 1 << 29
_LARGEST_TEST = 1 << 24
# A self-test that allows more than this share of the output's range tests nothing.
_LARGEST_TOLERANCE = 0.1


def check_consistency(spec: ModelSpec) -> None:
    """Raises FieldError where names are no names, sizes fit neither one another nor memory, or a test tests nothing."""
    for field in ("name", "task"):
        if is_unfit_for_files(getattr(spec, field)):
            raise FieldError(field, "must not begin with a dot, or have a slash or a colon in it")
    if spec.input_noise_channels and spec.input_noise_channels >= spec.in_channels:
        raise FieldError("input_noise_channels", "must leave channels for the picture")
    side = spec.tiling.side
    if side is not None:
        _check_side(spec, side, "tiling")
    least = side or -(-spec.min_size // spec.multiple_of) * spec.multiple_of
    if max(_values(spec, least, least)) > _LARGEST_TILE:
        raise FieldError("tiling" if side else "min_size", f"needs tiles of {least} pixels, too large for any memory")
    _check_tests(spec)


def is_unfit_for_files(name: str) -> bool:
    """Whether `name` would be a path, a hidden file, or no file on some system."""
    return name.startswith(".") or any(character in name for character in "/\\:")


def _check_tests(spec: ModelSpec) -> None:
    if test := spec.self_test:
        _check_side(spec, test.size, "self_test")
        _check_memory(spec, test.size, test.size, "self_test")
        low, high = spec.outputs[0].value_range
        if test.tolerance > _LARGEST_TOLERANCE * (high - low):
            raise FieldError("self_test", f"has a tolerance of {test.tolerance:g}, with which it would always hold")
    for pair in spec.pairs:
        for length in (pair.height, pair.width):
            _check_side(spec, length, "pairs")
        _check_memory(spec, pair.height, pair.width, "pairs")


def _check_side(spec: ModelSpec, length: int, field: str) -> None:
    side = spec.tiling.side
    if length % spec.multiple_of or length < spec.min_size or (side is not None and length != side):
        raise FieldError(field, f"has a size of {length}, which the network does not take by its own contract")


def _check_memory(spec: ModelSpec, height: int, width: int, field: str) -> None:
    if max(_values(spec, height, width)) > _LARGEST_TEST:
        raise FieldError(field, f"has {width}x{height} pixels, too many for a test")


def _values(spec: ModelSpec, height: int, width: int) -> Iterable[int]:
    """The numbers of values that go in and come out."""
    return spec.in_channels * height * width, spec.out_channels * height * width * spec.scale**2
