"""What goes wrong around a store: it is busy, workers are killed, two runs meet, and users err."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganfx.batch import BatchOptions, run_folder
from ganfx.cli import main
from ganfx.stores import audit, listing, plan_stores
from ganfx.stores.store import Store
from tests import graphs
from tests.batch.batches import ROOT, command, photos, results
from tests.cluster.conftest import Place
from tests.cluster.test_store_batch import filled, made, statuses

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
WORKERS = 2


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return graphs.nearest(tmp_path / "model.onnx", 2)


def worker(place: Place, model: Path, *more: object) -> subprocess.Popen[bytes]:
    """A run in a process of its own."""
    line = ["upscale", f"{place.url}/in", "-o", f"{place.url}/out", "-n", model, "--clean", "off", "-q", *more]
    return subprocess.Popen(command(*line), cwd=ROOT, env=dict(os.environ))


def expected(folder: Path, model: Path, tmp_path: Path) -> dict[str, bytes]:
    """The results that one computer makes."""
    list(run_folder(folder, f"upscale:{model}:clean=off", BatchOptions(output=tmp_path / "expected")))
    return {f"out/{name}": content for name, content in results(tmp_path / "expected").items()}


def check(place: Place, wanted: dict[str, bytes]) -> None:
    """Nothing is lost, nothing doubled, nothing half-written."""
    found = {name: place.read(name) for name in place.names(hidden=True) if name.startswith("out/")}
    assert {name: content for name, content in found.items() if "/.ganfx/" not in name} == wanted
    assert {finding.status for finding in audit(f"{place.url}/out")} == {"right"}


@pytest.mark.parametrize(
    ("pictures", "kills", "longest"),
    [(60, 6, 6.0), pytest.param(400, 20, 15.0, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])],
)
def test_workers_that_are_killed_lose_nothing(
    s3: Place, model: Path, tmp_path: Path, pictures: int, kills: int, longest: float
) -> None:
    folder = photos(tmp_path / "local", pictures)
    filled(s3, folder)
    chance = random.Random(1)
    running = {index: worker(s3, model, "--shard", f"{index}/{WORKERS}") for index in range(WORKERS)}
    for _ in range(kills):
        time.sleep(chance.uniform(2, longest))
        index = chance.randrange(WORKERS)
        running[index].kill()
        running[index].wait()
        running[index] = worker(s3, model, "--shard", f"{index}/{WORKERS}")
    assert [process.wait() for process in running.values()] == [0] * WORKERS
    check(s3, expected(folder, model, tmp_path))


def test_two_runs_at_once_make_each_result_once(s3: Place, model: Path, tmp_path: Path) -> None:
    folder = photos(tmp_path / "local", 12)
    filled(s3, folder)
    running = [worker(s3, model) for _ in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    check(s3, expected(folder, model, tmp_path))


def test_a_store_that_is_busy_and_slow_is_asked_again(s3: Place, model: Path, tmp_path: Path) -> None:
    folder = photos(tmp_path / "local", 10)
    source = filled(s3, folder)
    assert s3.faults
    s3.faults.busy, s3.faults.slow_s = 0.2, 0.05
    done = made(source, f"{s3.url}/out", f"upscale:{model}:clean=off")
    s3.faults.busy = s3.faults.slow_s = 0.0
    assert statuses(done) == ["done"] * 10
    check(s3, expected(folder, model, tmp_path))


def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(
    s3: Place, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganfx.atomic import disk_full

    source, steps = filled(s3, photos(tmp_path / "local", 4)), f"upscale:{model}:clean=off"
    fetch = Store.fetch

    def full(store: Store, name: str, path: Path) -> None:
        raise disk_full(path.parent)

    monkeypatch.setattr(Store, "fetch", full)
    assert "done" not in statuses(made(source, f"{s3.url}/out", steps))
    monkeypatch.setattr(Store, "fetch", fetch)
    assert statuses(made(source, f"{s3.url}/out", steps)) == ["done"] * 4


def test_pictures_are_made_before_the_last_one_is_listed(s3: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        s3.write(f"in/{number:03}.jpg", b"-")
    store = Store(f"{s3.url}/in")
    store.fs.req_kw = {"MaxKeys": 5}
    monkeypatch.setattr(listing, "_AT_ONCE", 5)
    assert s3.faults
    s3.faults.requests.clear()
    files = store.files(recursive=True)
    assert next(files).name == "000.jpg"
    assert len(s3.faults.requests) <= 2
    assert len(list(files)) == 39
    assert len(s3.faults.requests) >= 8


@pytest.mark.parametrize(
    ("change", "source", "said", "hint"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "", "AWS_ACCESS_KEY_ID": ""}, "{url}/in", "cannot be used", "AWS_ACCESS_KEY_ID"),
        ({}, "s3://no-such-bucket-here/in", "there is nothing", "written as it is called"),
        ({}, "{url}/none", "there is nothing", "written as it is called"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "{url}/in", "", "later"),
    ],
    ids=["no credentials", "no bucket", "no folder", "no server"],
)
def test_what_a_user_gets_wrong_is_one_line_and_what_to_do(
    s3: Place,
    model: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    source: str,
    said: str,
    hint: str,
) -> None:
    s3.write("in/a.jpg", b"-")
    for name, value in change.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SystemExit) as ended:
        main(["upscale", source.format(url=s3.url), "-o", f"{s3.url}/out", "-n", str(model), "--clean", "off"])
    lines = capsys.readouterr().err.splitlines()
    assert ended.value.code in (1, 2, 3), lines
    errors = [line for line in lines if line.startswith("error: ")]
    assert len(errors) == 1, lines
    assert said in errors[0]
    assert any(line.startswith("hint: ") and hint in line for line in lines), lines


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setattr("ganfx.stores.addresses.StoreKind.is_installed", False)
    from ganfx.errors import OptionError

    with pytest.raises(OptionError, match="needs s3fs") as caught:
        plan_stores(["s3://a/b"], "s3://a/c", f"upscale:{model}")
    assert "ganfx[s3]" in str(caught.value.hint)
