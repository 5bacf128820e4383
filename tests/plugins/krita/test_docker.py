"""What the Krita plug-in's docker does around the engine: threads, and errors that stay inside."""

from __future__ import annotations

import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.plugins.krita.fake import load_plug_in


def test_work_tells_its_end_and_its_trouble(plug_in: ModuleType) -> None:
    work = plug_in.docker.Work(lambda told: told(0.5) or "done")
    assert (work.result(5), work.share) == ("done", 0.5)
    broken = plug_in.docker.Work(lambda told: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        broken.result(5)


def test_cancelled_work_ends_when_it_next_reports(plug_in: ModuleType) -> None:
    ended = threading.Event()

    def endless(told: Any) -> None:
        assert threading.current_thread().daemon
        try:
            while True:
                told(0.1)
        finally:
            ended.set()

    plug_in.docker.Work(endless).cancel()
    assert ended.wait(5)


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
