"""The docker: what to do, how far it is, and what came of it."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

from krita import DockWidget

from .canvas import QtCore, QtWidgets, is_open, put, take
from .client import Engine, GanfxError, Progress

_WIDGETS = {"bool": "QCheckBox", "choice": "QComboBox", "float": "QDoubleSpinBox", "int": "QSpinBox"}


class Work(futures.Future):  # type: ignore[type-arg]
    """What comes of a task beside the canvas, of which `share` is done. Cancelled, it ends when it next reports."""

    share = 0.0

    def __init__(self, task: Callable[[Progress], Any]) -> None:
        super().__init__()
        # Its own thread, for those of a pool would keep Krita from quitting.
        threading.Thread(target=self._run, args=[task], daemon=True).start()

    def _run(self, task: Callable[[Progress], Any]) -> None:
        with contextlib.suppress(futures.InvalidStateError):
            try:
                self.set_result(task(self._told))
            except Exception as error:
                self.set_exception(error)

    def _told(self, share: float) -> None:
        self.share = share
        if self.cancelled():
            raise GanfxError("Cancelled")


def guarded(slot: Callable[[FilterDocker], None]) -> Callable[..., None]:
    """`slot` with its errors told in the docker: Krita would open a window that blocks everything."""

    @functools.wraps(slot)
    def safe(docker: FilterDocker, *_: object) -> None:
        try:
            slot(docker)
        except Exception as error:
            docker.said.setText(str(error) or type(error).__name__)

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
        self.layers.addItems(["All visible layers", "The active layer"])
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

    @guarded
    def refresh(self) -> None:
        """Ask beside the canvas what can be chosen, for the answer may take a process."""
        if self._listing is None:
            self._listing = Work(lambda told: Engine.beside(__file__).filters())
            self._timer.start()

    # The pointer comes: perhaps the engine can do more by now.
    enterEvent = refresh

    @guarded
    def apply(self) -> None:
        """Begin with what is chosen."""
        if self._work is not None or not self._known:
            return
        described, fields = self._known[self.filter.currentIndex()], self._fields[self.filter.currentIndex()]
        values = {name: _value(field) for name, field in fields.items()}
        chosen, as_image = values.pop("model"), values.pop("result", "") == "new"
        model = next(known for known in described["models"] if known["name"] == chosen)
        engine, merged = Engine.beside(__file__), self.layers.currentIndex() == 0
        source = take(merged, model["scale"], as_image)
        self._document, name = source.document, f"{described['title']}: {model['title']}"
        self._put = functools.partial(put, source, name=name, as_image=as_image)
        asked = {"model": chosen, "options": values, **source.asked}
        self._attend(Work(lambda told: engine.apply(described["name"], source.pixels, told, **asked)))

    @guarded
    def cancel(self) -> None:
        """Wait no longer for what is being done; the engine hears of it when next it tells how far it is."""
        if self._work is not None:
            self._work.cancel()
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
            if self._listing is not None and self._listing.done():
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
        elif not work.done():
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
            for control in described["controls"]:
                self._fields[-1][control["name"]] = field = _field(control)
                form.addRow(control["title"], field)
            self.filter.addItem(described["title"])
        self.filter.setCurrentText(before)


def _field(control: dict[str, Any]) -> Any:
    """A widget for a value."""
    choices, kind = control.get("choices", {}), control["kind"]
    field = getattr(QtWidgets, _WIDGETS.get(kind, "QLineEdit"))(toolTip=control["help"])
    for name, title in choices.items():
        field.addItem(title, name)
    if "low" in control:
        field.setRange(control["low"], control["high"])
        field.setSingleStep({"int": 1, "float": 0.05}[kind])
    field.metaObject().userProperty().write(field, choices.get(control["default"], control["default"]))
    return field


def _value(field: Any) -> Any:
    """Where it is not chosen, what Qt calls a widget's user property."""
    return field.currentData() if hasattr(field, "currentData") else field.metaObject().userProperty().read(field)
