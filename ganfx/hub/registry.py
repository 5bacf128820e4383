"""The registry of models: listing them, finding one by name or path, and registering a file under a name."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganfx.atomic import replacing
from ganfx.errors import ContractError, ModelError, OptionError, UnknownModelError
from ganfx.hub.catalogue import is_good_name
from ganfx.hub.entry import ModelEntry
from ganfx.hub.known_models import called, catalogue, known_downloads, suggestion
from ganfx.paths import models_dir
from ganfx.spec import ModelSpec
from ganfx.spec.model_file import read_spec
from ganfx.weights import FOLDER

WEIGHTS = FOLDER

_MODEL_SUFFIXES = (".onnx", ".pth", ".pt", ".pkl", ".ckpt", ".bin", ".tar", ".model", ".safetensors", ".param")
# Sentences for selectors in messages, by field of the contract; the others read `has FIELD VALUE`.
_PHRASES = {"scale": "enlarges {} times"}


def bundled_names(task: str) -> list[str]:
    """The names of the bundled models for `task`, the default first."""
    own = [entry for entry in catalogue() if entry.file and entry.task == task]
    return [entry.name for entry in sorted(own, key=lambda entry: not entry.default)]


def list_models(task: str | None = None) -> list[ModelEntry]:
    """Bundled models, then the user's, then those to download; of `task` only, where it is given.

    A user's model hides a bundled one of the same name, where it can be used. Only the metadata of the files is read.
    Raises ModelError where a catalogue is damaged.
    """
    entries = installed_models()
    usable = {entry.name for entry in entries if not entry.problem}
    entries += [entry for entry in known_downloads() if entry.name not in usable]
    return [entry for entry in entries if task in (None, entry.task)]


def installed_models(task: str | None = None) -> list[ModelEntry]:
    """The same without those to download: no catalogue of the user's is read."""
    user = [_as_known(_described(ModelEntry(path.stem), path)) for path in _own_files()]
    bundled = [
        _described(entry, path) for entry in catalogue() if entry.file and (path := WEIGHTS / entry.file).exists()
    ]
    mine = {entry.name for entry in user if not entry.problem}
    entries = [entry for entry in bundled if entry.name not in mine] + user
    return [entry for entry in entries if task in (None, entry.task)]


def _own_files() -> list[Path]:
    """What is called a model in the user's folder, whatever it is."""
    try:
        names = sorted(os.listdir(models_dir()))
    except OSError:
        return []
    return [models_dir() / name for name in names if name.endswith(".onnx") and not name.startswith(".")]


def _described(entry: ModelEntry, path: Path) -> ModelEntry:
    """`entry` completed from the contract in the file at `path`, or with the reason why it cannot be used."""
    entry = dataclasses.replace(entry, path=path)
    try:
        spec = read_spec(path)
        entry = dataclasses.replace(entry, size_bytes=path.stat().st_size)
    except ModelError as error:
        return dataclasses.replace(entry, problem=error.message.removeprefix(f"{path}: "))
    except OSError as error:
        return dataclasses.replace(entry, problem=f"cannot be read: {error.strerror}")
    if spec is None:
        return entry
    return dataclasses.replace(
        entry, spec=spec, task=spec.task, scale=spec.scale, license=spec.license, description=spec.description
    )


def _as_known(entry: ModelEntry) -> ModelEntry:
    """`entry` with what ganfx's catalogue has for its name, and files do not say."""
    known = next((block for block in catalogue() if block.name == entry.name), None)
    if known is None:
        return entry
    return dataclasses.replace(
        entry,
        default=known.default,
        urls=known.urls,
        aliases=known.aliases,
        sets=known.sets,
        architecture=known.architecture,
        author=known.author,
    )


def find_model(
    name_or_path: str | os.PathLike[str] | None = None,
    *,
    task: str | None = None,
    selectors: Mapping[str, Any] | None = None,
) -> Path:
    """The ONNX file of the model `name_or_path`, which must serve `task` where that is given.

    A path is taken as it is, a name is looked up, and None means the default among the installed models whose
    contract has the values of `selectors`, such as {"scale": 2}; values of None select nothing. Raises
    UnknownModelError, ContractError, OptionError where selectors fit no model or contradict the one named, and
    ModelError where it is not downloaded yet.
    """
    wanted = {key: value for key, value in (selectors or {}).items() if value is not None}
    if name_or_path is None:
        return _default(task, wanted)
    path = Path(name_or_path) if is_path(name_or_path) else _installed_path(str(name_or_path))
    spec = read_spec(path)
    if spec:
        _check_matches(str(name_or_path), spec, task, wanted)
    return path


def model_scales(task: str) -> list[int]:
    """How many times the installed models for `task` enlarge, each number once, from the smallest up."""
    return sorted({entry.spec.scale for entry in list_models(task) if entry.spec})


def is_path(name: str | os.PathLike[str]) -> bool:
    """Whether `name` would be taken for the path of a file, and not for a model's name."""
    text = os.fspath(name)
    return isinstance(name, os.PathLike) or Path(text).name != text or text.lower().endswith(_MODEL_SUFFIXES)


def _default(task: str | None, wanted: Mapping[str, Any]) -> Path:
    entries = [entry for entry in installed_models(task) if entry.spec]
    what = f"{task} model" if task else "model"
    if not entries:
        raise ModelError(f"no {what} is installed", hint=_how_to_get(task))
    fitting = [e for e in entries if all(getattr(e.spec, key) == value for key, value in wanted.items())]
    if not fitting:
        key, value = next(iter(wanted.items()))
        there = sorted({getattr(entry.spec, key) for entry in entries})
        raise OptionError(f"no {what} {_phrase(key, value)}", hint=f"choose {' or '.join(map(str, there))}")
    chosen = next((entry for entry in fitting if entry.default), fitting[0])
    assert chosen.path is not None
    return chosen.path


def _how_to_get(task: str | None) -> str:
    """How to come by a model for `task`."""
    known = [entry.name for entry in catalogue() if entry.urls and entry.task == task and not entry.refused]
    if known:
        return f"fetch one: ganfx models pull {' or '.join(known)}; or import one: ganfx models import"
    return "import one: ganfx models import; or train one: ganfx train"


def _phrase(key: str, value: Any) -> str:
    return _PHRASES.get(key, f"has {key} {{}}").format(value)


def _installed_path(name: str) -> Path:
    path = find_entry(name).path
    if path is None:
        raise ModelError(f"{name} is not downloaded yet", hint=f"fetch it with: ganfx models pull {name}")
    return path


def suggested_model(task: str) -> ModelEntry | None:
    """What ganfx's catalogue has for `task` that people are told of, and is not installed yet; else None."""
    installed = {entry.name for entry in installed_models(task)}
    return next(
        (entry for entry in catalogue() if entry.suggested and entry.task == task and entry.name not in installed), None
    )


def find_entry(name: str) -> ModelEntry:
    """The model that `name` means, installed or to be downloaded: by its name, or by another that people know it by.

    Raises UnknownModelError, whose hint has similar names, and ModelError where a catalogue is damaged.
    """
    installed = installed_models()
    entry = called(name, installed)
    if entry:
        return entry
    downloads = known_downloads()
    known = called(name, downloads)
    if known:
        return next((entry for entry in installed if entry.name == known.name), known)
    hint = suggestion(name, [*installed, *downloads], "list them: ganfx models")
    raise UnknownModelError(f"no model named {name!r}", hint=hint)


def describe(name_or_path: str) -> ModelEntry:
    """All that is known of the model `name_or_path`, a name or the path of a file. Raises as `find_entry` does."""
    if not is_path(name_or_path):
        return find_entry(name_or_path)
    path = Path(name_or_path)
    if not path.exists():
        raise UnknownModelError(f"{path}: no such model file")
    return _described(ModelEntry(path.stem), path)


def _check_matches(name: str, spec: ModelSpec, task: str | None, wanted: Mapping[str, Any]) -> None:
    if task not in (None, spec.task):
        raise OptionError(f"{name} is a model for {spec.task}, not for {task}")
    for key, value in wanted.items():
        has = getattr(spec, key)
        if has != value:
            raise OptionError(f"{name} {_phrase(key, has)}, not {value}", hint=f"leave out the model or the {key}")


def register(path: Path, name: str | None = None, *, replace: bool = False) -> Path:
    """Copy an ONNX file that carries its contract into the user's models, where it is found by its name.

    `name` is the contract's own where it is not given. Returns the copy. Raises ContractError on other files, and
    OptionError on a name that is taken (unless `replace`) or not fit for a file.
    """
    spec = read_spec(path)
    if spec is None:
        raise ContractError(f"{path}: has no ganfx contract", hint=f"give it one with: ganfx models import {path}")
    name = name or spec.name
    check_name(name, replace=replace)
    target = models_dir() / f"{name}.onnx"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part:
            shutil.copyfile(path, part)
    except OSError as error:
        raise ModelError(f"{target}: cannot be written: {error.strerror}") from error
    return target


def check_name(name: str, *, replace: bool) -> None:
    """Raises OptionError where a model cannot be stored as `name`, or one is already (unless `replace`)."""
    if not is_good_name(name) or is_path(name):
        raise OptionError(f"{name!r} cannot be a model's name", hint="use letters, digits, and any of . _ + -")
    taken = {entry.name for entry in installed_models()}
    if name in taken and not replace:
        raise OptionError(f"a model named {name} exists already", hint="choose another name, or replace it")
