"""The docker in Qt 6, which Krita 6 brings: built, filled in and pressed, beside a Krita and an engine that only nod.

python3 krita_qt6.py FOLDER     FOLDER holds the plug-in's package; says as JSON what it did
"""

import json
import sys
import time
from types import ModuleType

from PyQt6 import QtCore, QtGui, QtWidgets

FIELDS = [("bool", False, True), ("int", 2, 5), ("float", 0.5, 0.25), ("choice", "a", "B"), ("text", "", "words")]


class Layer:
    def __getattr__(self, name):
        said = {"colorModel": "RGBA", "colorDepth": "U8", "colorProfile": "sRGB-elle-V2-srgbtrc.icc"}
        return lambda *_: said.get(name)

    def type(self):
        return "paintlayer"

    def bounds(self):
        return QtCore.QRect(0, 0, 4, 3)

    def projectionPixelData(self, *place):
        return QtCore.QByteArray(bytes(range(1, 49)))

    def setPixelData(self, data, *place):
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
        """Let events through meanwhile, as Krita does, and the pointer come into the docker."""
        docker.refresh()
        end = time.monotonic() + 0.3
        until(lambda: time.monotonic() > end)

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


class Engine:
    slow = False

    @classmethod
    def beside(cls, file):
        return cls()

    def filters(self):
        bounds = {"low": 0, "high": 9}
        more = {"choice": {"choices": {"a": "A", "b": "B"}}, "int": bounds, "float": bounds}
        controls = [{"name": "model", "kind": "choice", "default": "one", "choices": {"one": "One"}}]
        controls += [{"name": kind, "kind": kind, "default": value, **more.get(kind, {})} for kind, value, _ in FIELDS]
        controls = [{"title": control["name"], "help": "", **control} for control in controls]
        models = [{"name": "one", "title": "One", "scale": 1}]
        return [{"name": "it", "title": "It", "help": "", "mask": "none", "models": models, "controls": controls}]

    def apply(self, name, pixels, told, model, options, **more):
        asked.append([name, model, options])
        while self.slow:
            told(0.5)
            time.sleep(0.01)
        return pixels


def until(what):
    end = time.monotonic() + 10
    while not what() and time.monotonic() < end:
        application.processEvents()
        time.sleep(0.01)


application = QtWidgets.QApplication([])
krita, document, layers, asked = Krita(), Document(), [Layer()], []
module = ModuleType("krita")
module.Krita, module.DockWidget, module.Extension = Krita, QtWidgets.QDockWidget, QtCore.QObject
module.DockWidgetFactory, module.DockWidgetFactoryBase = lambda *_: None, type("Base", (), {"DockRight": 0})
sys.modules["krita"] = module
sys.path.insert(0, sys.argv[1])
import ganfx_krita.docker as plug_in  # noqa: E402

plug_in.Engine = Engine
docker = plug_in.FilterDocker()
docker.show()
until(docker.filter.count)
point = QtCore.QPointF(1, 1)
application.sendEvent(docker, QtGui.QEnterEvent(point, point, point))
for kind, _, value in FIELDS:
    field = docker._fields[0][kind]
    field.metaObject().userProperty().write(field, value)
docker.begin.click()
until(lambda: docker.said.text())
done, count = docker.said.text(), len(layers)
Engine.slow = True
docker.begin.click()
until(lambda: docker.bar.value() == 50)
share = docker.bar.value()
docker.end.click()
print(
    json.dumps(
        {
            "done": done,
            "asked": asked[0],
            "same": layers[1].data == bytes(range(1, 49)),
            "layers": count,
            "share": share,
            "cancelled": docker.said.text(),
            "binding": plug_in.QtWidgets.__name__,
        }
    )
)
