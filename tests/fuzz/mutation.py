"""Plain random mutation, for where atheris cannot be installed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

_INTERESTING = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_MOST_CHANGES = 8


def mutations(seeds: Sequence[bytes], source: random.Random, max_bytes: int) -> Iterator[bytes]:
    """Endless variations of `seeds`, which come first as they are; each at most `max_bytes` long."""
    yield from (seed[:max_bytes] for seed in seeds)
    while True:
        data = bytearray(source.choice(seeds))
        for _ in range(source.randint(1, _MOST_CHANGES)):
            _change(data, seeds, source)
        yield bytes(data[:max_bytes])


def _change(data: bytearray, seeds: Sequence[bytes], source: random.Random) -> None:
    at = source.randrange(len(data) + 1)
    length = source.choice((1, 2, 4, 8, 16, 64, 256))
    kind = source.randrange(6)
    if kind == 0 and at < len(data):
        data[at] = source.randrange(256)
    elif kind == 1 and at < len(data):
        data[at] ^= 1 << source.randrange(8)
    elif kind == 2:
        width = source.choice((1, 2, 4, 8))
        number = source.choice(_INTERESTING) % 256**width
        data[at : at + width] = number.to_bytes(width, source.choice(("little", "big")))
    elif kind == 3:
        del data[at : at + length]
    elif kind == 4:
        data[at:at] = data[at : at + length] or source.randbytes(length)
    else:
        other = source.choice(seeds)
        begin = source.randrange(len(other) + 1)
        data[at : at + length] = other[begin : begin + length]
