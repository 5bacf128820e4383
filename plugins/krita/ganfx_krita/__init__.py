"""The Krita plug-in: a docker, and two actions in the Filter menu."""

from __future__ import annotations

import functools
from typing import Any

from krita import DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from .canvas import QtWidgets
from .docker import FilterDocker


class Actions(Extension):  # type: ignore[misc]
    """Menu actions that show the docker and apply its filter again."""

    def setup(self) -> None:
        """Required by Krita; nothing to do."""

    def createActions(self, window: Any) -> None:
        """Add the actions to `window`, which Krita deletes before they are triggered."""
        for name, text in (("show", "GANFX Filters"), ("apply", "Apply GANFX Filter Again")):
            action = window.createAction("ganfx_" + name, text, "filter")
            action.triggered.connect(functools.partial(_on_docker, name))


def _on_docker(name: str, *_: object) -> None:
    docker = Krita.instance().activeWindow().qwindow().findChild(QtWidgets.QDockWidget, "ganfx")
    if docker:
        docker.show()
        docker.raise_()
    if docker and name == "apply":
        docker.apply()


Krita.instance().addExtension(Actions(Krita.instance()))
Krita.instance().addDockWidgetFactory(DockWidgetFactory("ganfx", DockWidgetFactoryBase.DockRight, FilterDocker))
