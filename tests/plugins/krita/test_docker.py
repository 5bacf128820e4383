"""The docker's background jobs and error handling."""

from __future__ import annotations

import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.plugins.krita.fake import load_plug_in


def test_a_job_passes_on_its_result_or_exception(plug_in: ModuleType) -> None:
    job = plug_in.docker.FilterJob(lambda report: report(0.5) or "done")
    assert (job.result(5), job.share) == ("done", 0.5)
    broken = plug_in.docker.FilterJob(lambda report: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        broken.result(5)


def test_a_cancelled_job_ends_when_it_next_reports(plug_in: ModuleType) -> None:
    ended = threading.Event()

    def endless(report: Any) -> None:
        assert threading.current_thread().daemon
        try:
            while True:
                report(0.1)
        finally:
            ended.set()

    plug_in.docker.FilterJob(endless).cancel()
    assert ended.wait(5)


def test_errors_in_a_slot_are_shown_in_the_docker(plug_in: ModuleType) -> None:
    class Docker:
        message = type("Label", (), {"text": "", "setText": lambda self, text: setattr(Docker, "text", text)})()

        @plug_in.docker.guarded
        def slot(self) -> None:
            raise plug_in.client.ServiceError("inpaint needs a mask", "select what is to be filled")

    Docker().slot(True)
    assert Docker.text == "Inpaint needs a mask. Select what is to be filled"


@pytest.mark.parametrize("binding", ["PyQt5", "PyQt6"])
def test_the_qt_binding_is_the_one_that_krita_uses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, binding: str
) -> None:
    package, _ = load_plug_in(monkeypatch, tmp_path, binding)
    assert package.canvas.QtCore.__name__ == f"{binding}.QtCore"
    assert package.canvas.QtWidgets.__name__ == f"{binding}.QtWidgets"
