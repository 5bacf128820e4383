"""The blocks of GIF files, checked: decoders show what they have of a file that is cut off, and do not say so."""

from __future__ import annotations

from ganfx.errors import UnreadableError
from ganfx.files.directories import ByteBlock

_HEAD_BYTES, _DESCRIPTOR_BYTES = 13, 10
_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B


def count_frames(block: ByteBlock) -> int:
    """How many frames a GIF file has, all of whose blocks are there. Raises UnreadableError where they are not."""
    walk = _Walk(block)
    walk.skip(_HEAD_BYTES)
    walk.skip_table(walk.flags(_HEAD_BYTES - 3))
    frames = 0
    # Some programs leave the end out, and some write zeros behind it.
    while (kind := walk.next()) not in (None, _END):
        if kind == _EXTENSION:
            walk.skip(2)
        elif kind == _IMAGE:
            frames += 1
            at = walk.at
            walk.skip(_DESCRIPTOR_BYTES)
            walk.skip_table(walk.flags(at + _DESCRIPTOR_BYTES - 1))
            walk.skip(1)
        else:
            raise UnreadableError(f"frame {frames} is damaged", hint="copy or download it again")
        walk.skip_data()
    return frames


class _Walk:
    """A place in a GIF file, moving down."""

    def __init__(self, block: ByteBlock) -> None:
        self._block, self.at = block, 0

    def flags(self, at: int) -> int:
        return self._block[at : at + 1][0]

    def next(self) -> int | None:
        """The byte here; None at the end of the file."""
        found = self._block[self.at : self.at + 1]
        return found[0] if found else None

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self._block):
            raise UnreadableError("the file is cut off", hint="copy or download it again")

    def skip_table(self, flags: int) -> None:
        """Skip the colors that flags say follow."""
        if flags & 0x80:
            self.skip(3 * (2 << (flags & 7)))

    def skip_data(self) -> None:
        """Skip blocks of data, up to the empty one."""
        while (size := self.next()) != 0:
            self.skip(1 + (size or 0))
            if size is None:
                raise UnreadableError("the file is cut off", hint="copy or download it again")
        self.skip(1)
