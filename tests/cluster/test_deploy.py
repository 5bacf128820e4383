"""The files in deploy/: each is what its system reads, and the command in it makes each picture once."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from ganfx.cli import main
from tests.batch.batches import ROOT, photos, results

DEPLOY = ROOT / "deploy"


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Where pictures are, and where results shall go."""
    return {"IN": str(photos(tmp_path / "in", 3)), "OUT": str(tmp_path / "out")}


def filled(arguments: Sequence[str], values: dict[str, str], form: str) -> list[str]:
    """`arguments` with `values` where their names stand as `form`."""
    for name, value in values.items():
        arguments = [argument.replace(form.format(name), value) for argument in arguments]
    return list(arguments)


def run(arguments: Sequence[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert not ended.value.code, arguments


def check(places: dict[str, str]) -> None:
    assert set(results(Path(places["OUT"]))) == {"000.jpg", "001.png", "002.jpg"}


@pytest.mark.cluster
def test_the_jobs_of_kubernetes_are_all_parts(places: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((DEPLOY / "kubernetes-job.yaml").read_text())
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (job["apiVersion"], job["kind"], spec["completionMode"]) == ("batch/v1", "Job", "Indexed")
    assert pod["restartPolicy"] == "Never", "which podFailurePolicy asks for"
    assert {variable["name"] for variable in container["env"]} == places.keys()
    assert spec["podFailurePolicy"]["rules"][1]["onExitCodes"]["containerName"] == container["name"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    for index in range(spec["completions"]):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(index))
        run(filled(container["args"], places, "$({})"))
    check(places)


def test_the_jobs_of_aws_batch_are_all_parts(places: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    job = json.loads((DEPLOY / "aws-batch.json").read_text())
    values = {name.lower(): value for name, value in places.items()}
    assert job["parameters"].keys() == values.keys()
    for index in range(2):
        monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_INDEX", str(index))
        monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_SIZE", "2")
        run(filled(job["containerProperties"]["command"], values, "Ref::{}"))
    check(places)


def test_the_units_of_systemd_are_all_parts(places: dict[str, str]) -> None:
    path = DEPLOY / "ganfx-batch@.service"
    unit = configparser.RawConfigParser()
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(path)
    words = shlex.split(unit["Service"]["ExecStart"])
    assert words[:2] == ["/usr/bin/env", "ganfx"]
    for index in range(2):
        values = places | {"PARTS": "2"}
        run([word.replace("%i", str(index)) for word in filled(words[2:], values, "${{{}}}")])
    check(places)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="without systemd")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    copy = shutil.copy(DEPLOY / "ganfx-batch@.service", tmp_path / "ganfx-batch@0.service")
    found = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    assert "ganfx-batch" not in found.stderr, found.stderr


@pytest.mark.skipif(not shutil.which("sh"), reason="without a shell")
def test_the_jobs_of_slurm_are_all_parts(places: dict[str, str], tmp_path: Path) -> None:
    script = DEPLOY / "slurm.sh"
    (parts,) = re.findall(r"^#SBATCH --array=0-(\d+)$", script.read_text(), re.MULTILINE)
    assert int(parts) == 15
    program = tmp_path / "bin" / "ganfx"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ganfx "$@"\n')
    program.chmod(0o755)
    environment = os.environ | places | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    for index in (0, 1):
        array = {"SLURM_ARRAY_TASK_ID": str(index), "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_MIN": "0"}
        subprocess.run(["sh", str(script)], env=environment | array, cwd=ROOT, check=True)
    check(places)
    without = {name: value for name, value in environment.items() if name != "IN"}
    assert subprocess.run(["sh", str(script)], env=without, capture_output=True, check=False).returncode != 0


def test_the_image_has_what_the_jobs_use() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    said = {word: rest for word, rest in lines if word in ("ENTRYPOINT", "CMD", "USER", "ARG")}
    assert (json.loads(said["ENTRYPOINT"]), json.loads(said["CMD"])) == (["ganfx"], ["--help"])
    assert said["USER"] != "root"
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    used = {extra for found in re.findall(r"EXTRAS=([\w,]+)", text) for extra in found.split(",")}
    assert used
    assert used <= extras.keys()
