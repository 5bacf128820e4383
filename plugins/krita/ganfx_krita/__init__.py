"""ganfx in Krita: a docker, and two actions at the end of the Filter menu."""

from __future__ import annotations

import functools
from typing import Any

from krita import DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from .canvas import QtWidgets
from .docker import FilterDocker


class Actions(Extension):  # type: ignore[misc]
    """The menu's way to the docker."""

    def setup(self) -> None:
        """Nothing is done once for all windows."""

    def createActions(self, window: Any) -> None:
        """Add to the menu of `window`, which is gone when the actions are used."""
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
