"""The docker: chooses a filter and its options, shows progress and messages."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

from krita import DockWidget

from .canvas import MOST_BYTES, QtCore, QtWidgets, insert_results, is_open, read_source
from .client import Progress, ServiceClient, ServiceError, candidates

_WIDGETS = {"bool": "QCheckBox", "choice": "QComboBox", "float": "QDoubleSpinBox", "int": "QSpinBox"}


class FilterJob(futures.Future):  # type: ignore[type-arg]
    """A task in a thread of its own; share is the fraction done. After cancel(), the task ends when it next reports."""

    share = 0.0

    def __init__(self, task: Callable[[Progress], Any]) -> None:
        super().__init__()
        # A daemon thread: those of a pool would keep Krita from quitting.
        threading.Thread(target=self._run, args=[task], daemon=True).start()

    def _run(self, task: Callable[[Progress], Any]) -> None:
        with contextlib.suppress(futures.InvalidStateError):
            try:
                self.set_result(task(self._report))
            except Exception as error:
                self.set_exception(error)

    def _report(self, share: float) -> None:
        self.share = share
        if self.cancelled():
            raise ServiceError("Cancelled")


def guarded(slot: Callable[[FilterDocker], None]) -> Callable[..., None]:
    """Decorator that shows a slot's errors in the docker: Krita would open a modal window."""

    @functools.wraps(slot)
    def wrapper(docker: FilterDocker, *_: object) -> None:
        try:
            slot(docker)
        except Exception as error:
            docker.message.setText(str(error) or type(error).__name__)

    return wrapper


class FilterDocker(DockWidget):  # type: ignore[misc]
    """The filters of the service, applied to the active document."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("GANFX Filters")
        self._filters: list[dict[str, Any]] = []
        self._fields: list[dict[str, Any]] = []
        self._filters_job: FilterJob | None = None
        self._timer, self.forms = QtCore.QTimer(self, interval=100, timeout=self._poll), QtWidgets.QStackedWidget()
        self.filter_box, self.layers_box = QtWidgets.QComboBox(), QtWidgets.QComboBox()
        self.progress_bar = QtWidgets.QProgressBar()
        self.apply_button = QtWidgets.QPushButton("Apply", clicked=self.apply)
        self.cancel_button = QtWidgets.QPushButton("Cancel", clicked=self.cancel)
        self.message = QtWidgets.QLabel(wordWrap=True)
        self.layers_box.addItems(["All visible layers", "The active layer"])
        self.filter_box.currentIndexChanged.connect(self.forms.setCurrentIndex)
        body = QtWidgets.QWidget()
        rows = QtWidgets.QVBoxLayout(body)
        choices, work = (self.filter_box, self.layers_box, self.forms), (self.apply_button, self.progress_bar)
        for widget in (*choices, *work, self.cancel_button, self.message):
            rows.addWidget(widget, int(widget is self.forms))
        self.setWidget(body)
        self._show_job(None)
        self.refresh()

    def canvasChanged(self, canvas: Any) -> None:
        """Required by Krita; the docker does not depend on the canvas."""

    @guarded
    def refresh(self) -> None:
        """Read the filters in the background, since that may start a process."""
        if self._filters_job is None:
            self._filters_job = FilterJob(lambda report: ServiceClient.from_settings(__file__).filters())
            self._timer.start()

    # Update when the pointer enters the docker.
    enterEvent = refresh

    @guarded
    def apply(self) -> None:
        """Start the chosen filter."""
        if self._job is not None or not self._filters:
            return
        filter_, fields = self._filters[self.filter_box.currentIndex()], self._fields[self.filter_box.currentIndex()]
        values = {name: _value(field) for name, field in fields.items()}
        count = values.pop("candidates", 1)
        model_name, as_image = values.pop("model"), values.pop("result", "") == "new"
        model = next(known for known in filter_["models"] if known["name"] == model_name)
        client, merged = ServiceClient.from_settings(__file__), self.layers_box.currentIndex() == 0
        source = read_source(merged, model["scale"] > 1, as_image)
        self._document, name = source.document, f"{filter_['title']}: {model['title']}"
        self._insert = functools.partial(insert_results, source, count, name=name, as_image=as_image)
        call = functools.partial(
            client.apply, filter_["name"], source.pixels, model=model_name, most_bytes=MOST_BYTES, **source.fields
        )
        self._show_job(FilterJob(lambda report: candidates(call, count, values, report)))

    @guarded
    def cancel(self) -> None:
        """Cancel the running job; the service is told at its next progress message."""
        if self._job is not None:
            self._job.cancel()
        self._show_job(None, "Cancelled")

    def _show_job(self, job: FilterJob | None, message: str = "") -> None:
        """Show the widgets for a running `job`, or for none, and a message."""
        self._job = job
        self.message.setText(message)
        self.progress_bar.setValue(0)
        for widget in (self.apply_button, self.progress_bar, self.cancel_button):
            widget.setVisible((job is None) == (widget is self.apply_button))
        self._timer.start()

    @guarded
    def _poll(self) -> None:
        """Check the background jobs. Not re-entrant: Krita processes events during calls of its API."""
        self._timer.blockSignals(True)
        try:
            if self._filters_job is not None and self._filters_job.done():
                job, self._filters_job = self._filters_job, None
                self._build_forms(job.result())
            if self._job is not None:
                self._update(self._job)
        finally:
            self._timer.blockSignals(False)
            if self._filters_job is None and self._job is None:
                self._timer.stop()

    def _update(self, job: FilterJob) -> None:
        if not is_open(self._document):
            self.cancel()
            self.message.setText("The image was closed, and the work with it")
        elif not job.done():
            self.progress_bar.setValue(int(100 * job.share))
        else:
            message = ""
            try:
                message = self._insert(job.result())
            finally:
                self._show_job(None, message)

    def _build_forms(self, filters: list[dict[str, Any]]) -> None:
        """Build a form for each filter, if the filters have changed."""
        if filters == self._filters:
            return
        chosen, self._filters, self._fields = self.filter_box.currentText(), filters, []
        self.filter_box.clear()
        while self.forms.count():
            self.forms.removeWidget(self.forms.widget(0))
        for filter_ in filters:
            self._fields.append({})
            form = QtWidgets.QFormLayout(self.forms.widget(self.forms.addWidget(QtWidgets.QWidget())))
            for control in filter_["controls"]:
                self._fields[-1][control["name"]] = field = _field(control)
                form.addRow(control["title"], field)
            self.filter_box.addItem(filter_["title"])
        self.filter_box.setCurrentText(chosen)


def _field(control: dict[str, Any]) -> Any:
    """The widget for a control. A number that may be automatic is so below its lowest value."""
    # What to show for a value.
    values, kind = control.get("choices", {}), control["kind"]
    field = getattr(QtWidgets, _WIDGETS.get(kind, "QLineEdit"))(toolTip=control["help"])
    for name, title in values.items():
        field.addItem(title, name)
    if "low" in control:
        step, low = {"int": 1, "float": 0.05}[kind], control["low"]
        if "auto" in control:
            low -= step
            field.setSpecialValueText("Automatic")
            field.setProperty("auto", control["auto"])
            values = {control["auto"]: low}
        field.setRange(low, control["high"])
        field.setSingleStep(step)
    field.metaObject().userProperty().write(field, values.get(control["default"], control["default"]))
    return field


def _value(field: Any) -> Any:
    """The value of a control's widget."""
    if field.property("auto") and field.value() == field.minimum():
        return field.property("auto")
    return field.currentData() if hasattr(field, "currentData") else field.metaObject().userProperty().read(field)
