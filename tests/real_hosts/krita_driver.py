"""A Krita plug-in for tests: executes the Python files that tests write to $GANFX_JOBS.

The files can use the functions below, and return the variable `answer`.
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
# Krita's own hook opens a modal window.
sys.excepthook = lambda *error: uncaught.append("".join(traceback.format_exception(*error)))


def load(path):
    """Open an image in the window and make it the active one."""
    # Otherwise Krita opens a dialogue for some files.
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
    """Restore the state after the start: no image, no job, default options."""
    docker().cancel()
    filters, docker()._filters = docker()._filters, []
    docker()._build_forms(filters)
    close_all()


def export(path, document=None):
    document = document or app.activeDocument()
    document.refreshProjection()
    document.waitForDone()
    document.setBatchmode(True)
    assert document.exportImage(path, InfoObject())


def layer(document, name, data, x, y, width, height, parent=None):
    """Add a paint layer at the top of the document or of `parent`."""
    node = document.createNode(name, "paintlayer")
    node.setPixelData(QtCore.QByteArray(data), x, y, width, height)
    parent = parent or document.rootNode()
    parent.addChildNode(node, (parent.childNodes() or [None])[-1])
    document.waitForDone()
    return node


def select(document, mask):
    """Set the selection to `mask`, one byte per pixel."""
    selection = Selection()
    selection.setPixelData(QtCore.QByteArray(mask), 0, 0, document.width(), document.height())
    document.setSelection(selection)


def docker():
    return app.activeWindow().qwindow().findChild(QtWidgets.QDockWidget, "ganfx")


def choose(title, layers="All visible layers", **fields):
    """Choose a filter by its title and set its options."""
    docker().filter_box.setCurrentText(title)
    assert docker().filter_box.currentText() == title
    docker().layers_box.setCurrentText(layers)
    for name, value in fields.items():
        widget = field(name)
        widget.metaObject().userProperty().write(widget, value)
        assert widget.metaObject().userProperty().read(widget) == value


def apply(*choice, **fields):
    choose(*choice, **fields)
    docker().apply_button.click()


def undo():
    app.action("edit_undo").trigger()
    QtWidgets.QApplication.processEvents()
    app.activeDocument().waitForDone()


def state():
    """Whether the docker runs a job, and its message."""
    return {"busy": docker().apply_button.isHidden(), "message": docker().message.text()}


def field(name):
    """The widget of an option of the chosen filter."""
    return docker()._fields[docker().filter_box.currentIndex()][name]


def choices(name):
    return [field(name).itemText(at) for at in range(field(name).count())]


def dump(node, path):
    """Write the pixels of a layer to a file; returns their rectangle and color space."""
    box = node.bounds()
    Path(path).write_bytes(bytes(node.projectionPixelData(*box.getRect())))
    return {"rect": box.getRect(), "space": [node.colorModel(), node.colorDepth(), node.colorProfile()]}


def top(document=None):
    return (document or app.activeDocument()).topLevelNodes()[-1]


def layers(document=None):
    return [node.name() for node in (document or app.activeDocument()).topLevelNodes()]


def run_jobs():
    for job in sorted(Path(os.environ["GANFX_JOBS"]).glob("*.py")):
        names, code = dict(globals()), job.read_text(encoding="utf-8")
        # Before executing it, since the code may process events, this timer's among them.
        job.unlink()
        try:
            exec(code, names)
            reply = {"answer": names.get("answer")}
            assert not uncaught, uncaught[0]
        except BaseException:
            reply = {"error": traceback.format_exc()}
        part = job.with_suffix(".part")
        part.write_text(json.dumps(reply, default=str), encoding="utf-8")
        part.rename(job.with_suffix(".json"))


timer = QtCore.QTimer()
timer.timeout.connect(run_jobs)
timer.start(30)
