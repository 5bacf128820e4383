"""A contract that lies is refused in one sentence, whatever the lie: nothing hangs, nothing fills the memory."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner

from ganfx.cli import cli
from ganfx.engine import EngineOptions, open_engine
from ganfx.errors import ContractError, ModelError
from ganfx.spec import KEY, ModelSpec
from ganfx.spec.model_file import read_spec
from tests import graphs
from tests.lying_contracts import HONEST, LIES, model


def test_the_honest_contract_is_accepted(tmp_path: Path) -> None:
    engine = open_engine(model(tmp_path / "two.onnx", json.dumps(HONEST)), EngineOptions("cpu"))
    assert (engine.spec.name, engine.spec.scale) == ("two", 2)


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_one_sentence(lie: str, tmp_path: Path) -> None:
    path = model(tmp_path / "two.onnx", LIES[lie])
    with pytest.raises(ModelError) as caught:
        open_engine(path, EngineOptions("cpu"))
    assert caught.value.message.startswith(f"{path}: ")
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_in_the_folder_breaks_no_list(lie: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path))
    model(tmp_path / "liar.onnx", LIES[lie])
    done = CliRunner().invoke(cli, ["models"])
    assert done.exit_code == 0, done.output
    assert all(line.isprintable() for line in done.stdout.splitlines())
    assert "photo-x4 " in done.stdout
    assert json.loads(CliRunner().invoke(cli, ["models", "list", "--json"]).stdout)


def test_two_contracts_are_none(tmp_path: Path) -> None:
    path = graphs.nearest(tmp_path / "two.onnx", 2, ModelSpec("two", "upscale", 2))
    stored = onnx.load(path)
    stored.metadata_props.add(key=KEY, value=ModelSpec("other", "upscale", 2).to_json())
    onnx.save(stored, path)
    with pytest.raises(ContractError, match=r"two\.onnx: has two contracts"):
        read_spec(path)


def test_an_unknown_key_is_told_in_one_line() -> None:
    with pytest.raises(ContractError, match=r"a\\nb\\x1b is not a known key") as caught:
        ModelSpec.from_json(json.dumps({**HONEST, "a\nb\x1b": 1}))
    assert caught.value.message.isprintable()


def test_millions_of_parts_are_not_walked(tmp_path: Path) -> None:
    path = tmp_path / "parts.onnx"
    path.write_bytes(b"\x08\x08" * (20 << 20))
    with pytest.raises(ContractError, match="more parts than any model needs"):
        read_spec(path)
