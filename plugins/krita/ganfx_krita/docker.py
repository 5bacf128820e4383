"""The docker: what to do, how far it is, and what came of it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from krita import DockWidget

from .canvas import QtCore, QtWidgets, changed, is_open, limited, put, take
from .client import Engine, GanfxError, Pixels, Progress, Settings

_LAYERS, _RESULTS = ["All visible layers", "The active layer"], ["This image, scaled", "A new image"]
_WIDGETS = {"bool": "QCheckBox", "choice": "QComboBox", "int": "QSpinBox", "float": "QDoubleSpinBox"}
_FAR = 1_000_000


class Work(threading.Thread):
    """A task beside the canvas, of which `share` is done; `result` gives, or raises, what came of it in the end."""

    def __init__(self, task: Callable[[Progress], Any]) -> None:
        super().__init__(daemon=True)
        self.share, self.unwanted, self._task = 0.0, False, task
        self.start()

    def run(self) -> None:
        try:
            self._outcome = self._task(self._told)
        except Exception as error:
            self._outcome = error

    def _told(self, share: float) -> None:
        self.share = share
        if self.unwanted:
            raise GanfxError("Cancelled")

    def result(self) -> Any:
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


def guarded(slot: Callable[[FilterDocker], None]) -> Callable[..., None]:
    """`slot` with its errors told in the docker: Krita would open a window that blocks everything."""

    @functools.wraps(slot)
    def safe(docker: FilterDocker, *_: object) -> None:
        try:
            slot(docker)
        except Exception as error:
            parts = (str(error) or type(error).__name__).split(". ")
            docker.said.setText(". ".join(part[:1].upper() + part[1:] for part in parts))

    return safe


class FilterDocker(DockWidget):  # type: ignore[misc]
    """The engine's filters, to be applied to what is open."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("GANFX Filters")
        self._known: list[dict[str, Any]] = []
        self._fields: list[dict[str, Any]] = []
        self._listing: Work | None = None
        self._timer, self.forms = QtCore.QTimer(self, interval=100, timeout=self._look), QtWidgets.QStackedWidget()
        self.filter, self.layers, self.bar = QtWidgets.QComboBox(), QtWidgets.QComboBox(), QtWidgets.QProgressBar()
        self.begin = QtWidgets.QPushButton("Apply", clicked=self.apply)
        self.end = QtWidgets.QPushButton("Cancel", clicked=self.cancel)
        self.said = QtWidgets.QLabel(wordWrap=True)
        self.layers.addItems(_LAYERS)
        self.filter.currentIndexChanged.connect(self.forms.setCurrentIndex)
        body = QtWidgets.QWidget()
        rows = QtWidgets.QVBoxLayout(body)
        for widget in (self.filter, self.layers, self.forms, self.begin, self.bar, self.end, self.said):
            rows.addWidget(widget, int(widget is self.forms))
        self.setWidget(body)
        self._attend(None)
        self.refresh()

    def canvasChanged(self, canvas: Any) -> None:
        """Krita asks for this method; what can be chosen is the same for every canvas."""

    def enterEvent(self, event: Any) -> None:
        """See whether the engine can do more by now."""
        self.refresh()

    def show(self) -> None:
        """Come to the front."""
        super().show()
        self.raise_()

    @guarded
    def refresh(self) -> None:
        """Ask beside the canvas what can be chosen, for the answer may take a process."""
        if self._listing is None:
            self._listing = Work(lambda told: Engine(Settings.beside(__file__)).filters())
            self._timer.start()

    @guarded
    def apply(self) -> None:
        """Begin with what is chosen."""
        if self._work is not None or not self._known:
            return
        described, fields = self._known[self.filter.currentIndex()], self._fields[self.filter.currentIndex()]
        values = {name: field.metaObject().userProperty().read(field) for name, field in fields.items()}
        title, as_image = values.pop("model", ""), values.pop("result", "") == _RESULTS[1]
        models: dict[str, dict[str, Any]] = {model["title"]: model for model in described["models"]}
        model = models.get(title, {"name": "", "scale": 1})
        source = take(self.layers.currentIndex() == 0, model["scale"], as_image)
        self._document, name = source.document, f"{described['title']}: {title}"
        self._put = functools.partial(put, source, name=name, as_image=as_image)
        options = {name: value for name, value in values.items() if value not in ("", None)}
        task = functools.partial(_filtered, described, model["name"], options, source.pixels, source.selection)
        self._attend(Work(task))

    @guarded
    def cancel(self) -> None:
        """Wait no longer for what is being done; the engine hears of it when next it tells how far it is."""
        if self._work is not None:
            self._work.unwanted = True
        self._attend(None, "Cancelled")

    def _attend(self, work: Work | None, said: str = "") -> None:
        """Show what there is to show for `work`, or for none."""
        self._work = work
        self.said.setText(said)
        self.bar.setValue(0)
        for widget in (self.begin, self.bar, self.end):
            widget.setVisible((work is None) == (widget is self.begin))
        self._timer.start()

    @guarded
    def _look(self) -> None:
        """See to what goes on beside the canvas, once at a time: Krita lets events through while it is asked things."""
        self._timer.blockSignals(True)
        try:
            if self._listing is not None and not self._listing.is_alive():
                listing, self._listing = self._listing, None
                self._list(listing.result())
            if self._work is not None:
                self._follow(self._work)
        finally:
            self._timer.blockSignals(False)
            if self._listing is None and self._work is None:
                self._timer.stop()

    def _follow(self, work: Work) -> None:
        if not is_open(self._document):
            self.cancel()
            self.said.setText("The image was closed, and the work with it")
        elif work.is_alive():
            self.bar.setValue(int(100 * work.share))
        else:
            said = ""
            try:
                said = self._put(work.result())
            finally:
                self._attend(None, said)

    def _list(self, known: list[dict[str, Any]]) -> None:
        """Make a form for each of the filters that are `known`."""
        if known == self._known:
            return
        before, self._known, self._fields = self.filter.currentText(), known, []
        self.filter.clear()
        while self.forms.count():
            self.forms.removeWidget(self.forms.widget(0))
        for described in known:
            self._fields.append({})
            form = QtWidgets.QFormLayout(self.forms.widget(self.forms.addWidget(QtWidgets.QWidget())))
            for option in _asked(described):
                self._fields[-1][option["name"]] = field = _field(option)
                form.addRow(option["title"], field)
            self.filter.addItem(described["title"])
        self.filter.setCurrentText(before)


def _asked(described: dict[str, Any]) -> list[dict[str, Any]]:
    """What is to be chosen for a filter: a model, what becomes of a larger result, and the filter's own options."""
    models = [model["title"] for model in described["models"]]
    asked = [_choice("model", described["help"], models)] if models else []
    if any(model["scale"] > 1 for model in described["models"]):
        asked.append(
            _choice("result", "The image is scaled as a whole; a new one shows the selection's box.", _RESULTS)
        )
    return [*asked, *described["options"]]


def _choice(name: str, tip: str, choices: list[str]) -> dict[str, Any]:
    title = name.capitalize()
    return {"name": name, "title": title, "help": tip, "kind": "choice", "choices": choices, "default": choices[0]}


def _field(option: dict[str, Any]) -> Any:
    """A widget for a value, which is what Qt calls its user property."""
    kind, low, high = "text" if option["default"] is None else option["kind"], option.get("low"), option.get("high")
    field = getattr(QtWidgets, _WIDGETS.get(kind, "QLineEdit"))(toolTip=option["help"])
    if kind == "choice":
        field.addItems(option["choices"])
    if kind in ("int", "float"):
        field.setRange(-_FAR if low is None else low, _FAR if high is None else high)
        field.setSingleStep({"int": 1, "float": 0.05}[kind])
    field.metaObject().userProperty().write(field, option["default"])
    return field


def _filtered(
    described: dict[str, Any], model: str, options: Any, pixels: Pixels, selection: bytes | None, told: Progress
) -> Pixels:
    """What is to lie above `pixels`: of something filled, what it changed; of other results, what is selected."""
    mask = selection if described["mask"] == "required" else None
    result = Engine(Settings.beside(__file__)).apply(described["name"], pixels, told, model, options, mask or b"")
    if described["mask"] != "none":
        seen = changed(result, pixels)
        if not any(seen):
            raise GanfxError("Nothing was found to be changed")
        result = limited(result, seen)
    if selection and not mask and result.width == pixels.width:
        result = limited(result, selection)
    return result
