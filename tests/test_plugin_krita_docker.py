"""What the Krita plug-in's docker does around the engine: threads, masks, and errors that stay inside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.krita_fake import as_array, as_pixels, load_plug_in


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    return load_plug_in(monkeypatch, tmp_path)[0]


class Engine:
    """Gives back what it is sent with one pixel blackened, or `scale` times as large; `asked` keeps the masks."""

    asked: ClassVar[list[bytes]] = []
    scale = 1

    def __init__(self, settings: object) -> None:
        """Any will do."""

    def apply(self, name: str, pixels: Any, told: Any, model: str, options: Any, mask: bytes) -> Any:
        self.asked.append(mask)
        values = as_array(pixels).repeat(self.scale, axis=0).repeat(self.scale, axis=1).copy()
        values[0, 0, :3] = 0
        return replace(pixels, width=values.shape[1], height=values.shape[0], data=values.tobytes())


@pytest.mark.parametrize(
    ("mask", "scale", "sent", "alpha"),
    [
        ("required", 1, True, [255, 255, 255, 0, 0, 0, 0, 0]),
        ("found", 1, False, [100, 100, 100, 0, 0, 0, 0, 0]),
        ("none", 1, False, [100] * 8),
        ("none", 2, False, [255] * 16),
    ],
)
def test_what_is_to_be_seen_of_a_result(
    plug_in: ModuleType, monkeypatch: pytest.MonkeyPatch, mask: str, scale: int, sent: bool, alpha: list[int]
) -> None:
    monkeypatch.setattr(plug_in.docker, "Engine", Engine)
    monkeypatch.setattr(plug_in.docker.Settings, "beside", lambda file: None)
    monkeypatch.setattr(Engine, "scale", scale)
    monkeypatch.setattr(Engine, "asked", [])
    pixels, chosen = as_pixels(plug_in, np.full((6, 8, 4), 255, np.uint8)), bytes([100] * 48)
    found = as_array(plug_in.docker._filtered({"name": "it", "mask": mask}, "", {}, pixels, chosen, None))
    assert Engine.asked == [chosen if sent else b""]
    assert found[0, :, 3].tolist() == alpha


def test_work_tells_its_end_and_its_trouble(plug_in: ModuleType) -> None:
    work = plug_in.docker.Work(lambda told: told(0.5) or "done")
    work.join(5)
    assert (work.share, work.result()) == (0.5, "done")
    broken = plug_in.docker.Work(lambda told: 1 / 0)
    broken.join(5)
    with pytest.raises(ZeroDivisionError):
        broken.result()


def test_unwanted_work_ends_when_it_next_reports(plug_in: ModuleType) -> None:
    def endless(told: Any) -> None:
        while True:
            told(0.1)

    work = plug_in.docker.Work(endless)
    assert work.daemon
    work.unwanted = True
    work.join(5)
    assert not work.is_alive()


def test_no_error_leaves_a_slot(plug_in: ModuleType) -> None:
    class Docker:
        said = type("Label", (), {"text": "", "setText": lambda self, text: setattr(Docker, "text", text)})()

        @plug_in.docker.guarded
        def slot(self) -> None:
            raise plug_in.client.GanfxError("inpaint needs a mask", "select what is to be filled")

    Docker().slot(True)
    assert Docker.text == "Inpaint needs a mask. Select what is to be filled"


@pytest.mark.parametrize("binding", ["PyQt5", "PyQt6"])
def test_qt_is_the_one_that_krita_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, binding: str) -> None:
    package, _ = load_plug_in(monkeypatch, tmp_path, binding)
    assert package.canvas.QtCore.__name__ == f"{binding}.QtCore"
    assert package.canvas.QtWidgets.__name__ == f"{binding}.QtWidgets"
