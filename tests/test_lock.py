"""The locks: enough for every Python and platform, no file without its hash, and what `make audit` says of them."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
UNLOCKED = {"torch", "torchvision"}
# What each lock has to satisfy, as extras of the project.
EXTRAS = {"requirements.lock": (), "requirements-dev.lock": ("train", "import", "eval", "docs", "dev")}
PLATFORMS = (
    {"sys_platform": "linux", "platform_machine": "x86_64", "os_name": "posix", "platform_system": "Linux"},
    {"sys_platform": "linux", "platform_machine": "aarch64", "os_name": "posix", "platform_system": "Linux"},
    {"sys_platform": "darwin", "platform_machine": "arm64", "os_name": "posix", "platform_system": "Darwin"},
    {"sys_platform": "win32", "platform_machine": "AMD64", "os_name": "nt", "platform_system": "Windows"},
)
ENVIRONMENTS = [
    {"python_version": python, "python_full_version": f"{python}.7", **platform}
    for python, platform in itertools.product(("3.11", "3.12", "3.13"), PLATFORMS)
]


def entries(name: str) -> Iterator[tuple[Requirement, list[str]]]:
    """The requirements of a lock with their hashes."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for entry in re.sub(r"\s*#.*", "", text).replace("\\\n", " ").splitlines():
        if entry.strip():
            words = entry.split("--hash=")
            yield Requirement(words[0].strip()), [word.strip() for word in words[1:]]


def wanted(name: str) -> Iterator[Requirement]:
    project = PROJECT["project"]
    lines = [*PROJECT["build-system"]["requires"], *project["dependencies"]]
    for extra in EXTRAS[name]:
        lines += project["optional-dependencies"][extra]
    yield from (one for one in map(Requirement, lines) if one.name not in UNLOCKED)


def applies(requirement: Requirement, environment: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.mark.parametrize("name", EXTRAS)
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: "-".join(map(one.get, list(one)[1:4])))
def test_the_lock_satisfies_the_project_everywhere(name: str, environment: dict[str, str]) -> None:
    locked: dict[str, str] = {}
    for requirement, _ in entries(name):
        if applies(requirement, environment):
            assert canonicalize_name(requirement.name) not in locked, "two versions at once"
            (pin,) = requirement.specifier
            assert pin.operator == "=="
            locked[canonicalize_name(requirement.name)] = pin.version
    for requirement in wanted(name):
        if applies(requirement, environment):
            version = locked.get(canonicalize_name(requirement.name))
            assert version is not None, f"make lock: {requirement.name} is missing"
            assert requirement.specifier.contains(version), f"make lock: {requirement} is not {version}"


@pytest.mark.parametrize("name", EXTRAS)
def test_every_file_has_its_hash_and_comes_from_any_index(name: str) -> None:
    for requirement, hashes in entries(name):
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes)
        assert requirement.url is None
        assert canonicalize_name(requirement.name) not in UNLOCKED
        assert not requirement.name.startswith("nvidia")
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "-url" not in text


def test_both_locks_name_the_same_versions() -> None:
    dev = {str(requirement) for requirement, _ in entries("requirements-dev.lock")}
    assert {str(requirement) for requirement, _ in entries("requirements.lock")} <= dev


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SAFE = {"name": "click", "version": "8.1", "vulns": []}
BROKEN = {"name": "rich", "version": "13.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["13.1"]}]}
SKIPPED = {"name": "onnx", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ("", 2, "the vulnerability service cannot be reached: nothing was audited"),
        ([SKIPPED], 2, "the vulnerability service cannot be reached: nothing was audited"),
        ([SAFE], 0, "1 versions audited, 0 with known vulnerabilities"),
        ([SAFE, SKIPPED], 2, "does not know onnx"),
        ([SAFE, BROKEN], 1, "rich 13.0: PYSEC-1, mended in 13.1"),
    ],
)
def test_an_audit_that_could_not_be_made_is_not_taken_for_a_good_one(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: Any, answer: Any, status: int, said: str
) -> None:
    output = json.dumps({"dependencies": answer}) if answer else "no network"
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess((), 1, output.encode(), b""))
    assert audit.main() == status
    assert said in capsys.readouterr().out
    assert {"torch", "click", "ruff"} <= set(audit.pins())
