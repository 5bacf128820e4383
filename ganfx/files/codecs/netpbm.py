"""PBM, PGM, PPM, PAM and PFM (https://netpbm.sourceforge.net/doc/, https://www.pauldebevec.com/Research/HDR/PFM/)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganfx.files.codecs.parts import Admit, CodecError, Decoded, Parts, spread
from ganfx.files.regular import open_regular

_WHITE = b" \t\r\n\v\f"
_LONGEST_WORD = 24
_LONGEST_HEADER = 2**16
_PLAIN = (b"P1", b"P2", b"P3")
_BANDS = {b"P1": 1, b"P2": 1, b"P3": 3, b"P4": 1, b"P5": 1, b"P6": 3, b"Pf": 1, b"PF": 3}
# Memory that a plain sample takes while it is read, and bytes of the file: digits, white space, comments.
_PLAIN_BYTES, _PLAIN_TEXT = 100, 64


class _Header(NamedTuple):
    kind: bytes
    width: int
    height: int
    bands: int
    most: int
    order: str = ">"


def decode(path: Path, admit: Admit) -> Decoded:
    """A picture of the family. Raises CodecError."""
    with open_regular(path) as file:
        head = _header(file)
        sample = 4 if head.kind in (b"Pf", b"PF") else 2 if head.most > 255 else 1
        admit(head.width, head.height, head.bands * (_PLAIN_BYTES if head.kind in _PLAIN else 3 * sample))
        samples = _samples(file, head)
    return Decoded(samples, "grey" if head.bands < 3 else "rgb")


def encode(samples: NDArray[Any], parts: Parts) -> bytes:
    """PGM, PPM, PAM (where there is alpha), or PFM (where samples are floats)."""
    height, width, bands = samples.shape
    if samples.dtype.kind == "f":
        kind = "Pf" if bands == 1 else "PF"
        return f"{kind}\n{width} {height}\n-1.0\n".encode() + samples[::-1].astype("<f4").tobytes()
    most = 255 if samples.dtype.itemsize == 1 else 65535
    data = samples.astype(">u2" if most > 255 else np.uint8).tobytes()
    if bands in (1, 3):
        return f"P{5 if bands == 1 else 6}\n{width} {height}\n{most}\n".encode() + data
    kind = "GRAYSCALE_ALPHA" if bands == 2 else "RGB_ALPHA"
    head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {bands}\nMAXVAL {most}\nTUPLTYPE {kind}\nENDHDR\n"
    return head.encode() + data


def _header(file: IO[bytes]) -> _Header:
    kind = file.read(2)
    if kind == b"P7":
        return _arbitrary_header(file)
    width, height = _number(file), _number(file)
    if kind in (b"Pf", b"PF"):
        scale = float(_word(file))
        return _Header(kind, width, height, _BANDS[kind], 1, ">" if scale > 0 else "<")
    most = 1 if kind in (b"P1", b"P4") else _number(file)
    return _checked(_Header(kind, width, height, _BANDS[kind], most))


def _arbitrary_header(file: IO[bytes]) -> _Header:
    numbers: dict[bytes, int] = {}
    file.readline(_LONGEST_HEADER)
    while (words := file.readline(_LONGEST_HEADER).split()) != [b"ENDHDR"]:
        if len(words) == 2 and words[0] in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"):
            numbers[words[0]] = _whole(words[1])
        if file.tell() > _LONGEST_HEADER or file.tell() >= os.fstat(file.fileno()).st_size:
            raise CodecError("the header does not end")
    if len(numbers) < 4 or not 1 <= numbers[b"DEPTH"] <= 4:
        raise CodecError("the header lacks a size, or has too many channels")
    return _checked(_Header(b"P7", numbers[b"WIDTH"], numbers[b"HEIGHT"], numbers[b"DEPTH"], numbers[b"MAXVAL"]))


def _checked(head: _Header) -> _Header:
    if not 1 <= head.most <= 65535:
        raise CodecError(f"{head.most} is no greatest sample")
    return head


def _word(file: IO[bytes]) -> bytes:
    """The next word of the header; comments run from # to the end of the line."""
    word = b""
    while char := file.read(1):
        if char == b"#" and not word:
            while char not in (b"\n", b"\r", b""):
                char = file.read(1)
        elif char not in _WHITE:
            word += char
        elif word:
            break
        if len(word) > _LONGEST_WORD or file.tell() > _LONGEST_HEADER:
            raise CodecError("the header does not end")
    return word


def _number(file: IO[bytes]) -> int:
    return _whole(_word(file))


def _whole(word: bytes) -> int:
    if not word.isdigit():
        raise CodecError("the header lacks a number")
    return int(word)


def _samples(file: IO[bytes], head: _Header) -> NDArray[Any]:
    shape = (head.height, head.width, head.bands)
    count = head.height * head.width * head.bands
    if head.kind in _PLAIN:
        return _spread(_plain(file, head, count).reshape(shape), head)
    if head.kind == b"P4":
        row_bytes = (head.width + 7) // 8
        rows = _raw(file, head.height * row_bytes, np.dtype(np.uint8)).reshape(head.height, row_bytes)
        bits = np.unpackbits(rows, axis=1)[:, : head.width]
        return np.where(bits, np.uint8(0), np.uint8(255))[..., None]
    if head.kind in (b"Pf", b"PF"):
        return _raw(file, count, np.dtype(f"{head.order}f4")).reshape(shape)[::-1].astype(np.float32)
    return _spread(_raw(file, count, np.dtype(">u2" if head.most > 255 else np.uint8)).reshape(shape), head)


def _spread(samples: NDArray[Any], head: _Header) -> NDArray[Any]:
    return spread(1 - np.minimum(samples, 1) if head.kind == b"P1" else samples, head.most)


def _raw(file: IO[bytes], count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    size = count * dtype.itemsize
    left = os.fstat(file.fileno()).st_size - file.tell()
    if left < size:
        raise CodecError(f"it ends {size - left} bytes too early")
    return np.frombuffer(file.read(size), dtype)


def _plain(file: IO[bytes], head: _Header, count: int) -> NDArray[Any]:
    """Samples that are written as text."""
    text = file.read(count * _PLAIN_TEXT + _LONGEST_HEADER)
    text = b"\n".join(line.partition(b"#")[0] for line in text.splitlines())
    if head.kind == b"P1":
        found = np.frombuffer(text.translate(None, _WHITE), np.uint8)[:count] - ord("0")
    else:
        words = text.split(maxsplit=count)[:count]
        if any(len(word) > 5 or not word.isdigit() for word in words):
            raise CodecError("there is something else than numbers")
        found = np.array(words).astype(np.uint32) if words else np.empty(0, np.uint32)
    if len(found) < count:
        raise CodecError(f"it ends {count - len(found)} samples too early")
    if found.max(initial=0) > head.most:
        raise CodecError("a sample is larger than the greatest")
    return found
