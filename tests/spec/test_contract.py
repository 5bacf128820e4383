"""The contract comes back as it was stored, and whatever is wrong with one is told by the name of its field."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganfx.errors import ContractError
from ganfx.spec import Control, ModelSpec, Port, SelfTest, StoredPair, Tiling
from ganfx.spec.schema import contract_schema

FULL = ModelSpec(
    "everything",
    "colorize",
    2,
    inputs=(
        Port("photo", channels=3, color_order="BGR", value_range=(-1.0, 1.0), mean=(0.5,) * 3, std=(0.25,) * 3),
        Port("spots", "hints", channels=4),
        Port("style", "styles", channels=512, layout="NLC", length=14),
        Port("grain", "noise", channels=1, size=(32, 64)),
    ),
    outputs=(Port("result"), Port("sure", "mask", channels=1)),
    controls=(Control("strength", -1.0, 2.0, 0.5, "how much", "levels", "noise"), Control("age")),
    multiple_of=8,
    min_size=16,
    tiling=Tiling("fixed", 64),
    receptive_field=9,
    precisions=("fp32",),
    input_noise_std=0.1,
    license="MIT",
    description="größer",
    training={"photographs": 3, "stages": [1, 2]},
    self_test=SelfTest(1, 64, 0.5, 0.1),
    pairs=(StoredPair("ganfx.pair.0", 64, 64, 0.01, {"age": 1.0}),),
)

FORMAT_1 = """{"colour_order": "BGR", "description": "colours", "filter": "colorize", "fixed_size": 64, "format": 1,
"grain": 0.03, "in_channels": 1, "license": "MIT", "min_size": 16, "multiple_of": 16, "name": "photo-colour",
"out_channels": 2, "precisions": ["fp32", "fp16"], "receptive_field": 256, "scale": 1,
"self_test": {"mean": 0.49, "seed": 20, "size": 64, "std": 0.01, "tolerance": 0.002},
"training": {"steps": 5243}, "value_range": [-1.0, 1.0]}"""


@pytest.mark.parametrize("spec", [FULL, ModelSpec("a", "upscale"), ModelSpec.of_picture("b", "x", in_channels=4)])
def test_a_contract_comes_back_as_it_was_stored(spec: ModelSpec) -> None:
    assert ModelSpec.from_json(spec.to_json()) == spec


def test_three_keys_are_a_contract() -> None:
    assert ModelSpec.from_json('{"format": 2, "name": "a", "task": "stylize"}') == ModelSpec("a", "stylize")


def test_a_generator_needs_no_picture() -> None:
    latent = Port("z", "latent", channels=512, layout="NC")
    spec = ModelSpec("faces", "generate", kind="generator", inputs=(latent,))
    assert ModelSpec.from_json(spec.to_json()).picture is None


def test_format_1_is_still_read() -> None:
    spec = ModelSpec.from_json(FORMAT_1)
    assert (spec.name, spec.task, spec.in_channels, spec.out_channels) == ("photo-colour", "colorize", 1, 2)
    assert spec.inputs == (Port("", channels=1, color_order="BGR", value_range=(-1.0, 1.0)),)
    assert spec.tiling == Tiling("fixed", 64)
    assert spec.self_test == SelfTest(20, 64, 0.49, 0.01)
    assert (spec.input_noise_std, spec.multiple_of, spec.precisions) == (0.03, 16, ("fp32", "fp16"))
    assert ModelSpec.from_json(spec.to_json()) == spec


def test_a_newer_format_asks_for_a_newer_ganfx() -> None:
    stored = json.loads(FULL.to_json()) | {"format": 99, "unheard": "of"}
    with pytest.raises(ContractError, match="newer ganfx") as caught:
        ModelSpec.from_json(json.dumps(stored))
    assert caught.value.hint == "update ganfx"


# Path to the field, value, what is said.
WRONG: list[tuple[list[Any], Any, str]] = [
    (["scale"], "4", 'scale must be a whole number, not "4"'),
    (["scale"], True, "scale must be a whole number, not true"),
    (["scale"], 2.0, r"scale must be a whole number, not 2\.0"),
    (["scale"], 0, "scale is 0, less than 1"),
    (["scale"], 10**400, "scale is too large"),
    (["receptive_field"], -1, "receptive_field is -1, less than 0"),
    (["unheard"], 1, "unheard is not a known key"),
    (["inputs", 0, "chanels"], 3, r"inputs\[0\]\.chanels is not a known key"),
    (["inputs", 0, "channels"], 0, r"inputs\[0\]\.channels is 0, less than 1"),
    (["inputs", 0, "value_range"], [0, 1, 2], r"inputs\[0\]\.value_range must be a list of 2, not of 3"),
    (["inputs", 0, "value_range"], [1, 0], r"inputs\[0\]\.value_range must be a smaller and a larger"),
    (["inputs", 0, "mean"], [0.5], r"inputs\[0\]\.mean must have one value for each of 3"),
    (["inputs", 0, "std"], [1, 0, 1], r"inputs\[0\]\.std\[1\] is 0\.0, less than 1e-06"),
    (["inputs", 0, "role"], "photo", r'inputs\[0\]\.role must be one of picture, .* not "photo"'),
    (["inputs", 1, "role"], "picture", "inputs must have exactly one picture, not 2"),
    (["inputs", 1, "name"], "photo", "inputs must differ in name"),
    (["inputs", 1, "name"], "age", "inputs must differ in name, from controls too"),
    (["inputs", 2, "length"], None, r"inputs\[2\]\.length belongs to the layout NLC"),
    (["inputs"], [], "inputs has a length of 0, less than 1"),
    (["kind"], "generator", "inputs must have no picture, for a generator, not 1"),
    (["controls", 0, "default"], 3, r"controls\[0\]\.default must lie in -1 to 2"),
    (["controls", 0, "minimum"], 2, r"controls\[0\]\.maximum must be greater than minimum"),
    (["controls", 0, "name"], "How much?", r"controls\[0\]\.name must be of lower-case"),
    (["controls", 0, "help"], "x" * 3000, r"controls\[0\]\.help is longer than 2000"),
    (["tiling", "rule"], "free", r"tiling\.side belongs to the rule fixed"),
    (["tiling"], None, r"tiling must be an object, not null"),
    (["precisions"], "fp32", 'precisions must be a list, not "fp32"'),
    (["precisions"], ["fp8"], r"precisions\[0\] must be one of fp32"),
    (["self_test", "size"], 10**6, r"self_test\.size is 1000000, more than 1024"),
    (["pairs", 0, "controls"], {"weight": 1}, "pairs have a wrong control: weight: everything has no such"),
    (["pairs", 0, "controls"], {"age": 2}, "pairs have a wrong control: age: 2 is not within 0 to 1"),
    (["pairs", 0, "controls"], {"age": "old"}, r'pairs\[0\]\.controls\.age must be a number, not "old"'),
    (["training"], {"a": [[[[[[[[1]]]]]]]]}, "nested more than 8 levels"),
    (["training"], {"a": "x" * (64 << 10)}, "longer than 64 KiB"),
    (["format"], None, "format is missing"),
    (["format"], 1.5, "format must be a whole number"),
    (["name"], "", "name has a length of 0"),
]


@pytest.mark.parametrize(("path", "value", "said"), WRONG, ids=[said[:40] for *_, said in WRONG])
def test_whatever_is_wrong_is_named_in_one_line(path: list[Any], value: Any, said: str) -> None:
    stored = json.loads(FULL.to_json())
    place = stored
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ContractError, match=said) as caught:
        ModelSpec.from_json(json.dumps(stored))
    assert "damaged" in caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 250


@pytest.mark.parametrize("key", ["name", "task"])
def test_a_missing_key_is_named(key: str) -> None:
    stored = json.loads(FULL.to_json())
    del stored[key]
    with pytest.raises(ContractError, match=f"{key} is missing"):
        ModelSpec.from_json(json.dumps(stored))


NOT_OBJECTS = ["", "[]", "3", "{", '{"format": 2, "format": 2}', '{"format": NaN}', "[" * 10_000, '{"a":' * 9_000]


@pytest.mark.parametrize("text", NOT_OBJECTS, ids=[text[:20] for text in NOT_OBJECTS])
def test_what_is_no_json_object_is_damaged(text: str) -> None:
    with pytest.raises(ContractError, match="damaged: contract is") as caught:
        ModelSpec.from_json(text)
    assert "\n" not in caught.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(key=st.sampled_from(sorted(contract_schema()["properties"])), value=JSON, format_=st.sampled_from([1, 2]))
def test_nothing_but_a_contract_error_comes_of_any_value(key: str, value: Any, format_: int) -> None:
    stored = json.loads(FORMAT_1 if format_ == 1 else FULL.to_json())
    with contextlib.suppress(ContractError):
        spec = ModelSpec.from_json(json.dumps(stored | {key: value}))
        assert ModelSpec.from_json(spec.to_json()) == spec


def test_a_contract_that_could_not_be_read_is_not_written() -> None:
    with pytest.raises(ContractError, match="scale is 0"):
        ModelSpec("a", "upscale", 0).to_json()


def test_the_schema_in_the_documentation_is_that_of_the_code() -> None:
    """If this fails: python -m ganfx.spec.schema > docs/reference/model-contract.schema.json"""
    path = Path(__file__).parents[2] / "docs" / "reference" / "model-contract.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == contract_schema()


def test_every_field_is_described() -> None:
    schema = contract_schema()
    for part in (schema, *schema["$defs"].values()):
        assert all(field["description"].endswith((".", "...")) for field in part["properties"].values())


def test_the_examples_of_the_documentation_are_contracts() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "model-contract.md").read_text(encoding="utf-8")
    examples = page.split("```json\n")[1:]
    assert len(examples) == 2
    for example in examples:
        ModelSpec.from_json(example.partition("```")[0])
