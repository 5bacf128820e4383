"""Contracts that lie about a network: by type, by range, by shape, or by size. No model file with one may be used.

Each is the text to store in the graph of `tests.graphs.nearest` with a scale of 2: three channels in, three
out, any size.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx

from ganfx.spec import KEY
from tests import graphs

HONEST: dict[str, Any] = {"format": 2, "name": "two", "task": "upscale", "scale": 2, "receptive_field": 1}
SELF_TEST = {"seed": 1, "size": 16, "mean": 0.5, "std": 0.2887, "tolerance": 0.05}
PORT = {"name": "input"}
INFINITE, NOT_A_NUMBER = "@inf", "@nan"


def _text(**changes: Any) -> str:
    text = json.dumps({**HONEST, **changes})
    return text.replace(f'"{INFINITE}"', "1e999").replace(f'"{NOT_A_NUMBER}"', "NaN")


def _control(**changes: Any) -> str:
    return _text(controls=[{"name": "strength", **changes}])


def _input(**changes: Any) -> str:
    return _text(inputs=[PORT | changes])


def _output(**changes: Any) -> str:
    return _text(outputs=[{"name": "output", **changes}])


# What is wrong, and the contract.
LIES: dict[str, str] = {
    "no JSON": "scale: 2",
    "a list": "[]",
    "nothing": "",
    "a number": "7",
    "10,000 lists deep": "[" * 10_000 + "]" * 10_000,
    "10,000 objects deep": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "megabytes of text": _text(description="x" * (3 << 20)),
    "a key twice": _text()[:-1] + ', "scale": 2}',
    "a number of 100,000 digits": _text(scale=0).replace('"scale": 0', '"scale": ' + "9" * 100_000),
    "scale is text": _text(scale="2"),
    "scale is true": _text(scale=True),
    "scale is a fraction": _text(scale=2.5),
    "scale is 0": _text(scale=0),
    "scale is negative": _text(scale=-2),
    "scale is 10^9": _text(scale=10**9),
    "scale is another": _text(scale=4),
    "scale is infinite": _text(scale=INFINITE),
    "multiple_of is 0": _text(multiple_of=0),
    "multiple_of is 10^12": _text(multiple_of=10**12),
    "receptive_field is NaN": _text(receptive_field=NOT_A_NUMBER),
    "receptive_field is 10^300": _text(receptive_field=10**300),
    "min_size is huge": _text(min_size=10**9),
    "min_size needs gigabytes": _text(min_size=65536),
    "tiles without a side": _text(tiling={"rule": "fixed"}),
    "tiles of 1 pixel": _text(tiling={"rule": "fixed", "side": 1}),
    "tiles that are no multiple": _text(multiple_of=8, tiling={"rule": "fixed", "side": 63}),
    "tiles below the least size": _text(min_size=64, tiling={"rule": "fixed", "side": 32}),
    "tiles of 65,536 pixels": _text(tiling={"rule": "fixed", "side": 65536}),
    "a rule that is none": _text(tiling={"rule": "diagonal"}),
    "an input that is not there": _input(name="photo"),
    "an output that is not there": _output(name="result"),
    "a port that takes 65,536 channels": _input(channels=65536),
    "a result of 60,000 channels": _output(channels=60000),
    "a result of other channels": _output(channels=1),
    "an input of other channels": _input(channels=1),
    "a control that is not there": _control(),
    "a control with a NaN default": _control(default=NOT_A_NUMBER),
    "a control with an infinite maximum": _control(maximum=INFINITE),
    "a control with a text default": _control(default="0.5"),
    "33 controls": _text(controls=[{"name": f"c{n}"} for n in range(33)]),
    "a value range without a span": _input(value_range=[0.0, 1e-300]),
    "a value range beyond float32": _input(value_range=[-1e30, 1e30]),
    "a value range that is inverted": _input(value_range=[1.0, 0.0]),
    "a deviation close to 0": _output(std=[1e-300] * 3),
    "a deviation of NaN": _input(std=[NOT_A_NUMBER] * 3),
    "a mean beyond float32": _output(mean=[1e29] * 3),
    "a name with a newline": _text(name="two\nerror: all is lost"),
    "a name with a terminal escape": _text(name="\x1b]0;owned\x07two"),
    "a name that leaves the folder": _text(name="../../two"),
    "a name of half a character": _text(name="\ud800"),
    "a task with a newline": _text(task="upscale\nsudo"),
    "a license with a terminal escape": _text(license="\x1b[2JMIT"),
    "a description that writes from right to left": _text(description="photo\u202egpj.exe"),
    "help with a terminal escape": _control(help="\x1b[2J"),
    "an estimator of control characters": _control(estimator="\x00"),
    "infinity in what is for people": _text(training={"steps": INFINITE}),
    "a self-test of gigabytes": _text(scale=64, self_test=SELF_TEST | {"size": 1024}),
    "a self-test of no size that is taken": _text(multiple_of=16, self_test=SELF_TEST | {"size": 24}),
    "a self-test that fails": _text(self_test=SELF_TEST | {"mean": 0.9, "tolerance": 1e-3}),
    "a self-test that always holds": _text(self_test=SELF_TEST | {"tolerance": 1e9}),
    "a self-test of infinity": _text(self_test=SELF_TEST | {"mean": INFINITE}),
    "a stored picture that is not there": _text(pairs=[{"key": "ganfx.pair.0", "height": 8, "width": 8}]),
    "a stored picture of 4 gigabytes": _text(scale=64, pairs=[{"key": "ganfx.pair.0", "height": 256, "width": 256}]),
    "a format of the future": _text(format=10**6),
    "a format that is true": _text(format=True),
    "an unknown key": _text(command="rm -r"),
    "a precision that is none": _text(precisions=["fp4"]),
    "noise of NaN": _text(input_noise_std=NOT_A_NUMBER),
    "a generator with a picture": _text(kind="generator"),
    "two pictures": _text(inputs=[PORT, {"name": "other"}]),
}  # fmt: skip


def model(path: Path, contract: str) -> Path:
    """The model file at `path` whose contract is the text `contract`, with an honest graph."""
    graphs.nearest(path, 2)
    stored = onnx.load(path)
    stored.metadata_props.add(key=KEY, value=contract)
    onnx.save(stored, path)
    return path
