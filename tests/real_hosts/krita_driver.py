"""A plug-in for Krita that tests bring: does the Python that they lay into $GANFX_JOBS, file after file.

A piece of Python finds the functions below, and leaves what tests are to know in `answer`.
"""

import json
import os
import sys
import traceback
from pathlib import Path

from krita import InfoObject, Krita, Selection
from PyQt5 import QtCore, QtWidgets

app = Krita.instance()
uncaught = []
# Krita's own hook opens a window, and waits.
sys.excepthook = lambda *what: uncaught.append("".join(traceback.format_exception(*what)))


def load(path):
    """Open an image in the window, and make it the one that is worked on."""
    # Without that, some files make Krita ask, and wait.
    app.setBatchmode(True)
    document = app.openDocument(path)
    app.setBatchmode(False)
    app.activeWindow().addView(document)
    app.setActiveDocument(document)
    QtWidgets.QApplication.processEvents()
    document.waitForDone()
    return document


def close_all():
    for document in app.documents():
        document.setModified(False)
        document.close()
    QtWidgets.QApplication.processEvents()


def reset():
    """As after the start: no image, no work, and nothing chosen."""
    docker().cancel()
    known, docker()._known = docker()._known, []
    docker()._list(known)
    close_all()


def export(path, document=None):
    document = document or app.activeDocument()
    document.refreshProjection()
    document.waitForDone()
    document.setBatchmode(True)
    assert document.exportImage(path, InfoObject())


def layer(document, name, data, x, y, width, height, parent=None):
    """A paint layer on top, or in `parent`."""
    made = document.createNode(name, "paintlayer")
    made.setPixelData(QtCore.QByteArray(data), x, y, width, height)
    parent = parent or document.rootNode()
    parent.addChildNode(made, (parent.childNodes() or [None])[-1])
    document.waitForDone()
    return made


def select(document, mask):
    """Select by `mask`, one byte a pixel."""
    chosen = Selection()
    chosen.setPixelData(QtCore.QByteArray(mask), 0, 0, document.width(), document.height())
    document.setSelection(chosen)


def docker():
    return app.activeWindow().qwindow().findChild(QtWidgets.QDockWidget, "ganfx")


def choose(title, layers="All visible layers", **fields):
    """Choose a filter by its title, and fill in its form."""
    docker().filter.setCurrentText(title)
    assert docker().filter.currentText() == title
    docker().layers.setCurrentText(layers)
    for name, value in fields.items():
        widget = field(name)
        widget.metaObject().userProperty().write(widget, value)
        assert widget.metaObject().userProperty().read(widget) == value


def apply(*what, **fields):
    choose(*what, **fields)
    docker().begin.click()


def undo():
    app.action("edit_undo").trigger()
    QtWidgets.QApplication.processEvents()
    app.activeDocument().waitForDone()


def state():
    """What the docker shows: is it at work, and what does it say?"""
    return {"working": docker().begin.isHidden(), "said": docker().said.text()}


def field(name):
    """The widget for an option of the filter that is chosen."""
    return docker()._fields[docker().filter.currentIndex()][name]


def choices(name):
    return [field(name).itemText(at) for at in range(field(name).count())]


def dump(node, path):
    """Write a layer's pixels as they are; where they lie, and how they are coded."""
    box = node.bounds()
    Path(path).write_bytes(bytes(node.projectionPixelData(*box.getRect())))
    return {"place": box.getRect(), "space": [node.colorModel(), node.colorDepth(), node.colorProfile()]}


def top(document=None):
    return (document or app.activeDocument()).topLevelNodes()[-1]


def layers(document=None):
    return [node.name() for node in (document or app.activeDocument()).topLevelNodes()]


def look():
    for job in sorted(Path(os.environ["GANFX_JOBS"]).glob("*.py")):
        names, code = dict(globals()), job.read_text(encoding="utf-8")
        # First, for the code may let Krita's events come through, this timer's among them.
        job.unlink()
        try:
            exec(code, names)
            said = {"answer": names.get("answer")}
            assert not uncaught, uncaught[0]
        except BaseException:
            said = {"error": traceback.format_exc()}
        part = job.with_suffix(".part")
        part.write_text(json.dumps(said, default=str), encoding="utf-8")
        part.rename(job.with_suffix(".json"))


timer = QtCore.QTimer()
timer.timeout.connect(look)
timer.start(30)
