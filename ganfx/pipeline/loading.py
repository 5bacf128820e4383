"""Filters bound to options and models: options are checked, models chosen, and networks opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganfx.engine import Engine, EngineOptions, open_engine
from ganfx.errors import ModelError, OptionError
from ganfx.filters import AUTO, Estimator, Filter, TargetSize, find_filter
from ganfx.hub import find_model
from ganfx.pipeline.bound_filter import BoundFilter, fed_controls
from ganfx.pipeline.enlarging import open_enlargers
from ganfx.spec import ModelSpec


def load_filter(
    name: str,
    options: Mapping[str, Any],
    *,
    model: str | None = None,
    finder: str | None = None,
    engine: EngineOptions,
) -> BoundFilter:
    """Check `options` of the filter `name`, choose its model (and its finder's), and open them.

    `model` and `finder` are a name or a path; None: the default one that fits. Raises OptionError, ModelError or
    EngineError.
    """
    filter_ = find_filter(name)
    values, selectors, target = _checked(filter_, options)
    enlargers = open_enlargers(filter_, model, target, engine) if target else {}
    opened = enlargers[max(enlargers)] if enlargers else _opened(model, filter_.model_task, selectors, engine)
    for one in enlargers.values() or [opened]:
        filter_.check_model(one.spec)
        _check_controls(filter_, values, one.spec)
    if len(enlargers) == 1 and target and target.times == opened.spec.scale:
        target, enlargers = None, {}
    if filter_.finder is None:
        if finder is not None:
            raise OptionError(f"{name} does not look for anything", hint="leave out the finder")
        estimators = _estimators(filter_, values, opened.spec, engine)
        first, unusual = _first(filter_, values, engine), _unusual((opened, model, filter_.model_task))
        return BoundFilter(filter_, values, opened, None, target, enlargers, first, estimators, unusual=unusual)
    looking = _opened(finder, filter_.finder.models, {}, engine)
    filter_.finder.check_model(looking.spec)
    unusual = _unusual((opened, model, filter_.model_task), (looking, finder, filter_.finder.models))
    return BoundFilter(filter_, values, opened, looking, unusual=unusual)


def _unusual(*networks: tuple[Engine, str | None, str]) -> tuple[str, ...]:
    """The names of those networks, given with what the user named and their tasks, that are not the default ones."""
    return tuple(
        network.spec.name
        for network, named, task in networks
        if named is not None and not _is_default(named, task, network.spec.scale)
    )


def _is_default(model: str, task: str, scale: int) -> bool:
    """Whether `model` is what is taken where none is named and `scale` is asked for."""
    try:
        return find_model(None, task=task, selectors={"scale": scale}) == find_model(model, task=task, selectors={})
    except (OptionError, ModelError):
        return False


def _first(filter_: Filter, values: Mapping[str, Any], engine: EngineOptions) -> BoundFilter | None:
    step = filter_.first
    if step is None or values[step.option] == 0:
        return None
    return load_filter(step.filter, {step.target: values[step.option]}, engine=engine)


def check_filter(name: str, options: Mapping[str, Any], *, model: str | None = None) -> Mapping[str, Any]:
    """All options of the filter `name`, checked, with defaults for those not given; opens nothing.

    Raises OptionError for options that are not allowed, and ModelError where no model fits or `model` does not.
    """
    filter_ = find_filter(name)
    _, selectors, _ = _checked(filter_, options)
    find_model(model, task=filter_.model_task, selectors=selectors)
    return filter_.check(options)


def _checked(filter_: Filter, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], TargetSize | None]:
    """The checked values for the filter's functions, those that choose its model, and the size wanted."""
    values = filter_.check(options)
    selectors = {option.name: values.pop(option.name) for option in filter_.options if option.selects_model}
    sizes = {option.name: values.pop(option.name) for option in filter_.options if option.sizes}
    return values, selectors, TargetSize.of(sizes)


def _opened(model: str | None, task: str, selectors: Mapping[str, Any], options: EngineOptions) -> Engine:
    opened = open_engine(find_model(model, task=task, selectors=selectors), options)
    for key, wanted in {"task": task, **selectors}.items():
        found = getattr(opened.spec, key)
        if wanted is not None and found != wanted:
            raise OptionError(f"{opened.spec.name} has {key} {found}, not {wanted}", hint="choose another model")
    return opened


def _check_controls(filter_: Filter, values: Mapping[str, Any], spec: ModelSpec) -> None:
    """Raises OptionError for values outside a control's range, or given for a control that the model lacks."""
    given = {
        option.name: values[option.name]
        for option in filter_.options
        if option.control and values[option.name] not in (AUTO, option.default)
    }
    spec.control_values({**given, **fed_controls(filter_, values, spec)})


def _estimators(
    filter_: Filter, values: Mapping[str, Any], spec: ModelSpec, options: EngineOptions
) -> dict[str, Engine]:
    """The networks that choose values for the controls that are AUTO, by the controls' names."""
    automatic = {option.name for option in filter_.options if option.control and values[option.name] == AUTO}
    wanted = {
        control.name: filter_.estimators.get(control.estimator or "")
        for control in spec.controls
        if control.name in automatic
    }
    opened: dict[str, Engine] = {}
    for name, estimator in wanted.items():
        if isinstance(estimator, Estimator):
            opened[name] = _opened(None, estimator.models, {}, options)
            estimator.check_model(opened[name].spec)
    return opened
