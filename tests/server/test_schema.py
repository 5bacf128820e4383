"""The schema agrees with the command line, and lists the models that fit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click
import pytest

from ganfx.cli import cli
from ganfx.filters import Option, all_filters
from ganfx.hub import bundled_names
from ganfx.server import schema
from ganfx.server.schema import describe, write_schema
from tests import graphs
from tests.server.services import Service

KINDS: dict[str, Any] = {
    "int": (click.types.IntParamType, int),
    "float": (click.types.FloatParamType, float),
    "bool": (click.types.BoolParamType, bool),
}

# Controls that are no options of the filter.
CLIENTS = ("model", "result", "candidates")


@pytest.mark.parametrize("name", all_filters())
def test_options_are_those_of_the_command(name: str) -> None:
    (described,) = [filter_ for filter_ in describe()["filters"] if filter_["name"] == name] or [None]
    if described is None:
        assert not bundled_names(all_filters()[name].model_task)  # a filter for imported networks alone
        return
    command = {parameter.name: parameter for parameter in cli.commands[name].params}
    told = [option for option in all_filters()[name].options if not option.selects_model and option.opens is not bool]
    own = [option.name for option in told]
    options = [control for control in described["controls"] if control["name"] not in CLIENTS]
    assert [option["name"] for option in options] == own
    assert ("mask" in command) == (described["mask"] in ("required", "optional"))
    assert ("finder" in command) == (described["mask"] == "found")
    for option in options:
        flag = command[option["name"]]
        assert isinstance(flag, click.Option)
        assert option["help"] == flag.help
        if flag.multiple or flag.default is None:
            assert (option["kind"], option["default"]) == ("text", "")
            continue
        assert option["default"] == flag.default
        if "auto" in option:
            assert option["low"] < option["high"]
            continue
        if isinstance(flag.type, click.Choice):
            assert (option["kind"], list(option["choices"])) == ("choice", list(flag.type.choices))
        else:
            assert isinstance(flag.type, KINDS[option["kind"]][0])
        bounds = (getattr(flag.type, "min", None), getattr(flag.type, "max", None))
        assert (option.get("low"), option.get("high")) == bounds


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (Option("strength", float, "auto", "Help.", bounds=(0, 1), auto=True), ("float", "auto", 0, 1)),
        (Option("strength", float, 0.5, "Help.", bounds=(0, 2), auto=True), ("float", 0.5, 0, 2)),
        (Option("grow", int, "auto", "Help.", bounds=(0, 9), auto=True), ("int", "auto", 0, 9)),
    ],
)
def test_a_number_that_may_be_automatic_says_so(
    monkeypatch: pytest.MonkeyPatch, option: Option, expected: tuple[Any, ...]
) -> None:
    filter_ = dataclasses.replace(all_filters()["stylize"], options=(option,))
    monkeypatch.setattr(schema, "all_filters", lambda: {"stylize": filter_})
    control = describe()["filters"][0]["controls"][-1]
    assert control["auto"] == "auto"
    assert (control["kind"], control["default"], control["low"], control["high"]) == expected
    assert "choices" not in control


def test_model_and_result_come_before_the_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path))
    for filter_ in describe()["filters"]:
        model, *others = filter_["controls"]
        assert (model["name"], model["default"]) == ("model", filter_["models"][0]["name"])
        assert model["choices"] == {known["name"]: known["title"] for known in filter_["models"]}
        results = [control["choices"] for control in others if control["name"] == "result"]
        assert [list(choices) for choices in results] == [["this", "new"]] * (filter_["name"] == "upscale")


def test_models_are_those_that_fit_with_the_default_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path))
    graphs.negative(tmp_path / "aaa.onnx")
    (tmp_path / "broken.onnx").write_text("no model")
    models = {filter_["name"]: filter_["models"] for filter_ in describe()["filters"]}
    assert models["upscale"][0] == {"name": "photo-x4", "title": "Photo x4", "scale": 4}
    assert models["stylize"][0]["name"] == "vangogh"
    assert "aaa" in [model["name"] for model in models["stylize"]]
    assert models["heal"] == models["inpaint"]
    assert "broken" not in json.dumps(models)


def test_a_new_model_makes_the_schema_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    written = json.loads(write_schema(tmp_path / "state").read_text())
    (watched,) = [Path(folder) for folder in written["watched"] if Path(folder) == tmp_path / "models"]
    graphs.negative(watched / "new.onnx")
    assert watched.stat().st_mtime > written["made"]


def test_the_service_returns_the_same_schema(service: Service, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(models))
    status, reply = service.request("GET", "/v1/filters")
    assert status == 200
    assert reply | {"made": 0} == json.loads(json.dumps(describe())) | {"made": 0}


def test_filters_with_a_seed_ask_how_many_candidates(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(models))
    asking = {}
    for filter_ in describe()["filters"]:
        controls = {control["name"]: control for control in filter_["controls"]}
        assert ("candidates" in controls) == ("seed" in controls)
        asking[filter_["name"]] = controls.get("candidates")
    assert {name for name, control in asking.items() if control} >= {"inpaint"}
    control = asking["inpaint"]
    assert (control["kind"], control["default"], control["low"], control["high"]) == ("int", 1, 1, 16)
