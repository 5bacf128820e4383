"""Reads pictures from Krita, for tests to compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.real_hosts.krita_host import KritaHost
from tests.real_hosts.service import Service, wait_for

MODELS = {"upscale": "photo-x2"}
SRGB = "sRGB-elle-V2-srgbtrc.icc"


def mask_of(path: Path, mask: NDArray[np.uint8]) -> Path:
    Image.fromarray(mask).save(path)
    return path


def pixels(path: Path) -> NDArray[Any]:
    with Image.open(path) as picture:
        return np.asarray(picture)


def select(mask: NDArray[np.uint8]) -> str:
    return f"select(app.activeDocument(), bytes.fromhex({mask.tobytes().hex()!r}));"


def layer(krita: KritaHost, path: Path, node: str = "top()") -> NDArray[Any]:
    """The pixels of a layer, (H, W, channels) in RGBA order."""
    reply = krita.do(f"answer = dump({node}, {str(path)!r})")
    _, _, width, height = reply["rect"]
    code = {"U8": "u1", "U16": "<u2", "F32": "<f4"}[reply["space"][1]]
    found = np.frombuffer(path.read_bytes(), code).reshape(height, width, -1)
    return found[..., [2, 1, 0, 3]] if found.shape[2] == 4 and code != "<f4" else found


def as_srgb(krita: KritaHost, path: Path) -> NDArray[np.int64]:
    """The whole image in sRGB, (H, W, 3), converted by Krita."""
    krita.do(f"""
copy = app.activeDocument().clone()
copy.flatten()
copy.setColorSpace("RGBA", "U8", {SRGB!r})
copy.waitForDone()
export({str(path)!r}, copy)
copy.close()
""")
    return pixels(path)[..., :3].astype(np.int64)


def activate(krita: KritaHost, name: str) -> None:
    """Make a layer active; for a new layer Krita needs some time."""

    def is_active() -> bool:
        krita.do(f"d = app.activeDocument(); d.setActiveNode(d.nodeByName({name!r}))")
        return bool(krita.do("answer = app.activeDocument().activeNode().name()") == name)

    wait_for(is_active)


def command_line(service: Service, filter_name: str, source: Path, *options: str | Path) -> NDArray[Any]:
    """The result of the command line for `source`."""
    target = source.with_name(f"{source.stem}-{filter_name}-cli.png")
    model = ("--model", MODELS[filter_name]) if filter_name in MODELS else ()
    service.ganfx(filter_name, source, "--output", target, *model, *options)
    return pixels(target)
