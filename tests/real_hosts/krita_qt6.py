"""Runs the docker with Qt 6, which Krita 6 uses, and a fake Krita and client: fills in its form and applies a filter.

python3 krita_qt6.py FOLDER     FOLDER holds the plug-in's package; prints what happened as JSON
"""

import json
import sys
import time
from types import ModuleType

from PyQt6 import QtCore, QtGui, QtWidgets

# Kind or name of the control, its default, and the value that is filled in (None: left alone).
FIELDS = [
    ("bool", False, True),
    ("int", 2, 5),
    ("float", 0.5, 0.25),
    ("choice", "a", "B"),
    ("text", "", "words"),
    ("auto_float", "auto", None),
    ("auto_int", "auto", 0),
    ("not_auto", 0.5, None),
]


class Layer:
    def __getattr__(self, name):
        values = {"colorModel": "RGBA", "colorDepth": "U8", "colorProfile": "sRGB-elle-V2-srgbtrc.icc"}
        return lambda *_: values.get(name)

    def type(self):
        return "paintlayer"

    def bounds(self):
        return QtCore.QRect(0, 0, 4, 3)

    def projectionPixelData(self, *rect):
        return QtCore.QByteArray(bytes(range(1, 49)))

    def setPixelData(self, data, *rect):
        self.data = bytes(data)

    def parentNode(self):
        return document

    def addChildNode(self, node, above):
        layers.append(node)


class Document(Layer):
    def width(self):
        return 4

    def height(self):
        return 3

    def waitForDone(self):
        """Process events meanwhile, as Krita does, with the pointer entering the docker."""
        docker.refresh()
        end = time.monotonic() + 0.3
        wait_until(lambda: time.monotonic() > end)

    def topLevelNodes(self):
        return layers

    def rootNode(self):
        return self

    def createNode(self, name, kind):
        return Layer()


class Krita(QtCore.QObject):
    def instance(self=None):
        return krita

    def documents(self):
        return [document]

    def activeDocument(self):
        return document

    def addExtension(self, extension):
        pass

    addDockWidgetFactory = addExtension


class FakeClient:
    slow = False

    @classmethod
    def from_settings(cls, file):
        return cls()

    def filters(self):
        bounds = {"low": 0, "high": 9}
        auto = {**bounds, "auto": "auto"}
        more = {"choice": {"choices": {"a": "A", "b": "B"}}, "int": bounds, "float": bounds}
        more |= {"auto_float": {**auto, "kind": "float"}, "auto_int": {**auto, "kind": "int"}}
        more |= {"not_auto": {**auto, "kind": "float"}}
        controls = [{"name": "model", "kind": "choice", "default": "one", "choices": {"one": "One"}}]
        controls += [{"name": name, "kind": name, "default": value, **more.get(name, {})} for name, value, _ in FIELDS]
        controls = [{"title": control["name"], "help": "", **control} for control in controls]
        models = [{"name": "one", "title": "One", "scale": 1}]
        return [{"name": "it", "title": "It", "help": "", "mask": "none", "models": models, "controls": controls}]

    def apply(self, name, pixels, report, model, options, **more):
        requests.append([name, model, options])
        while self.slow:
            report(0.5)
            time.sleep(0.01)
        return pixels


def wait_until(condition):
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        application.processEvents()
        time.sleep(0.01)


application = QtWidgets.QApplication([])
krita, document, layers, requests = Krita(), Document(), [Layer()], []
module = ModuleType("krita")
module.Krita, module.DockWidget, module.Extension = Krita, QtWidgets.QDockWidget, QtCore.QObject
module.DockWidgetFactory, module.DockWidgetFactoryBase = lambda *_: None, type("Base", (), {"DockRight": 0})
sys.modules["krita"] = module
sys.path.insert(0, sys.argv[1])
import ganfx_krita.docker as plug_in  # noqa: E402

plug_in.ServiceClient = FakeClient
docker = plug_in.FilterDocker()
docker.show()
wait_until(docker.filter_box.count)
point = QtCore.QPointF(1, 1)
application.sendEvent(docker, QtGui.QEnterEvent(point, point, point))
shown = docker._fields[0]["auto_float"].text()
for name, _, value in FIELDS:
    field = docker._fields[0][name]
    if value is not None:
        field.metaObject().userProperty().write(field, value)
docker.apply_button.click()
wait_until(lambda: docker.message.text())
done, count = docker.message.text(), len(layers)
FakeClient.slow = True
docker.apply_button.click()
wait_until(lambda: docker.progress_bar.value() == 50)
share = docker.progress_bar.value()
docker.cancel_button.click()
print(
    json.dumps(
        {
            "done": done,
            "shown": shown,
            "requests": requests[0],
            "same": layers[1].data == bytes(range(1, 49)),
            "layers": count,
            "share": share,
            "cancelled": docker.message.text(),
            "binding": plug_in.QtWidgets.__name__,
        }
    )
)
