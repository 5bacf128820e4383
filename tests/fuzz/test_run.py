"""The fuzzer finds what it is for, and every target is at peace with its own seeds."""

from __future__ import annotations

import importlib
import itertools
import os
import random
import textwrap
from pathlib import Path

import pytest

from tests.fuzz.mutation import mutations
from tests.fuzz.run import Result, fuzz_target, main, module_of, target_names
from tests.fuzz.worker import seeds_of

# Nothing but a hang takes so long, even on a busy machine.
_PATIENCE_S = 10


def fuzzed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, hang_s: float = _PATIENCE_S) -> Result:
    """The result of a target with this body of `one_input`, which defects on its seed b"seed"."""
    source = f"""
        import os
        def seeds():
            yield b"seed"
        def one_input(data):
            if data == b"seed":
                {body}
    """
    (tmp_path / "toy_target.py").write_text(textwrap.dedent(source))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return fuzz_target("toy_target", tmp_path / "out", seconds=1, hang_s=hang_s, megabytes=256)


@pytest.mark.parametrize(
    ("body", "kind"),
    [("raise KeyError", "crash"), ("bytearray(2**29)", "crash"), ("os.abort()", "dead"), ("while True: pass", "hang")],
)
def test_a_defect_is_found_and_its_input_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, kind: str
) -> None:
    result = fuzzed(tmp_path, monkeypatch, body, 0.5 if kind == "hang" else _PATIENCE_S)
    assert not result.is_clean
    assert b"seed" in [path.read_bytes() for path in (tmp_path / "out").glob(f"{kind}-*")]


def test_no_defect_is_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = fuzzed(tmp_path, monkeypatch, "pass")
    assert result.is_clean
    assert result.inputs > 100


def test_without_atheris_seeds_come_first_and_then_their_variations() -> None:
    tried = list(itertools.islice(mutations([b"one", b"two" * 9], random.Random(0), 20), 500))
    assert tried[:2] == [b"one", (b"two" * 9)[:20]]
    assert max(map(len, tried)) == 20
    assert len(set(tried)) > 400


def test_an_unknown_target_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["absent"])
    assert "no such target: absent" in capsys.readouterr().err


@pytest.mark.parametrize("name", target_names())
def test_a_target_takes_its_seeds(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = importlib.import_module(module_of(name))
    seeds = seeds_of(target)
    assert seeds != [b""], "a target begins with something"
    assert all(len(seed) < 2**17 for seed in seeds)
    monkeypatch.setenv("TMPDIR", os.fspath(tmp_path))
    for seed in seeds:
        target.one_input(seed)
