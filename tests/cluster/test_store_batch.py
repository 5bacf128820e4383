"""Batches over stores: the same bytes as on one computer, nothing twice, and errors in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ganfx.batch import BatchOptions, run_folder
from ganfx.batch.process import Outcome
from ganfx.batch.shards import Shard
from ganfx.cli import main
from ganfx.errors import OptionError
from ganfx.stores import audit, plan_stores, summary
from ganfx.stores.ledger import FOLDER
from tests import graphs
from tests.batch.batches import photo, photos, results
from tests.cluster.conftest import Place


@pytest.fixture
def steps(tmp_path: Path) -> str:
    return f"upscale:{graphs.nearest(tmp_path / 'model.onnx', 2)}:clean=off"


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """Seven pictures, one of them in a folder below."""
    folder = photos(tmp_path / "local", 6)
    photo(folder / "below" / "x.png", seed=9)
    return folder


def filled(place: Place, folder: Path) -> str:
    """The address of the pictures of `folder` in the store."""
    for name, content in results(folder).items():
        place.write(f"in/{name}", content)
    return f"{place.url}/in"


def made(names: str | list[str], output: str, steps: str, **options: Any) -> list[Outcome]:
    names = [names] if isinstance(names, str) else names
    return list(plan_stores(names, output, steps, BatchOptions(recursive=True, **options)).run())


def statuses(outcomes: list[Outcome]) -> list[str]:
    return sorted(outcome.status for outcome in outcomes)


def test_results_are_those_of_one_computer_and_the_ledger_knows_them(
    place: Place, local: Path, tmp_path: Path, steps: str
) -> None:
    source, output = filled(place, local), f"{place.url}/out"
    assert statuses(made(source, output, steps)) == ["done"] * 7
    list(run_folder(local, steps, BatchOptions(output=tmp_path / "out", recursive=True)))
    expected = results(tmp_path / "out")
    assert {name: place.read(f"out/{name}") for name in expected} == expected
    assert [name for name in place.names() if name.startswith("out/")] == [f"out/{name}" for name in expected]
    assert {finding.status for finding in audit(output)} == {"right"}
    found = summary(output)
    assert (found["done"], found["failed"]) == (7, 0)


def test_what_is_up_to_date_is_not_read_again(place: Place, local: Path, steps: str) -> None:
    source, output = filled(place, local), f"{place.url}/out"
    made(source, output, steps)
    if place.faults:
        place.faults.requests.clear()
    assert statuses(made(source, output, steps)) == ["up to date"] * 7
    if place.faults:
        read = [path for method, path in place.faults.requests if method == "GET" and path.endswith((".jpg", ".png"))]
        assert not read
    place.write("in/000.jpg", photo(local / "new.jpg", seed=77).read_bytes())
    changed = made(source, output, steps)
    assert statuses(changed) == ["failed", *["up to date"] * 6]
    (failed,) = (outcome for outcome in changed if outcome.error)
    assert "exists already, made by other settings or from another picture" in str(failed.error)
    assert str(failed.error).startswith(f"{source}/000.jpg: ")
    assert statuses(made(source, output, steps, overwrite=True)) == ["done", *["up to date"] * 6]


def test_any_number_of_shards_is_the_whole_batch(place: Place, local: Path, steps: str) -> None:
    source, output = filled(place, local), f"{place.url}/out"
    done = [outcome for index in range(3) for outcome in made(source, output, steps, shard=Shard(index, 3))]
    assert statuses(done) == ["done"] * 7
    assert statuses(made(source, output, steps)) == ["up to date"] * 7
    assert set(summary(output)["workers"]) <= {"0/3", "1/3", "2/3"}


def test_what_a_crash_left_without_a_ledger_is_known_by_its_contents(place: Place, local: Path, steps: str) -> None:
    source, output = filled(place, local), f"{place.url}/out"
    made(source, output, steps)
    for name in place.names(hidden=True):
        if FOLDER in name:
            place.remove(name)
    place.write("out/001.png", b"somebody else's")
    again = made(source, output, steps)
    assert statuses(again) == ["failed", *["up to date"] * 6]
    assert place.read("out/001.png") == b"somebody else's"
    assert statuses(made(source, output, steps, skip_existing=True)) == ["skipped", *["up to date"] * 6]


def test_a_picture_that_fails_fails_alone_by_its_own_name(place: Place, local: Path, steps: str) -> None:
    source, output = filled(place, local), f"{place.url}/out"
    place.write("in/bad.jpg", b"no picture")
    outcomes = made(source, output, steps)
    assert statuses(outcomes) == [*["done"] * 7, "failed"]
    (failed,) = (outcome for outcome in outcomes if outcome.error)
    assert str(failed.error).startswith(f"{source}/bad.jpg: ")
    assert "ganfx-" not in str(failed.error)
    assert summary(output)["failures"][0]["input"] == "bad.jpg"
    assert "out/bad.jpg" not in place.names()


def test_two_pictures_with_one_result_are_told_of(place: Place, steps: str, tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        place.write(f"in/{name}", photo(tmp_path / name).read_bytes())
    outcomes = made(f"{place.url}/in", f"{place.url}/out", steps, format="webp")
    assert statuses(outcomes) == ["done", "failed"]
    assert "becomes" in str(next(outcome.error for outcome in outcomes if outcome.error))


def test_results_within_the_input_are_no_pictures(place: Place, local: Path, steps: str) -> None:
    source = filled(place, local)
    made(source, f"{source}/out", steps)
    assert statuses(made(source, f"{source}/out", steps)) == ["up to date"] * 7
    with pytest.raises(OptionError, match="is the output, too"):
        made(source, f"{source}/", steps)


@pytest.mark.cluster
def test_names_that_lead_out_of_the_folder_are_left_alone(s3: Place, steps: str, tmp_path: Path) -> None:
    s3.write("in/a.png", photo(tmp_path / "a.png").read_bytes())
    s3.write("in/../../evil.png", photo(tmp_path / "b.png").read_bytes())
    made(f"{s3.url}/in", str(tmp_path / "out"), steps)
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name[0] != "."] == ["a.png"]
    assert not (tmp_path.parent / "evil.png").exists()


def test_verify_finds_what_is_missing_and_what_was_changed(
    place: Place, local: Path, steps: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, output = filled(place, local), f"{place.url}/out"
    made(source, output, steps)
    place.remove("out/000.jpg")
    place.write("out/001.png", b"changed")
    with pytest.raises(SystemExit) as ended:
        main(["batch", "verify", output])
    told = capsys.readouterr().out
    assert ended.value.code == 3
    assert f"missing: {output}/000.jpg" in told
    assert f"changed: {output}/001.png" in told
    assert "5 right" in told
    with pytest.raises(SystemExit) as ended:
        main(["batch", "status", output, "--json"])
    assert json.loads(capsys.readouterr().out)["done"] == 7
    with pytest.raises(SystemExit) as ended:
        main(["batch", "status", source])
    assert ended.value.code == 2
    assert "has no ledger" in capsys.readouterr().err


def test_the_command_line_takes_addresses(
    place: Place, local: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, model = filled(place, local), str(graphs.nearest(tmp_path / "model.onnx", 2))
    arguments = ["upscale", source, "-o", f"{place.url}/out", "-n", model, "--clean", "off", "--json", "--shard", "0/1"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--dry-run"])
    assert ended.value.code == 0
    assert not [name for name in place.names() if name.startswith("out/")]
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["output_uri"] for row in rows} == {
        f"{place.url}/out/{number:03}.{'png' if number % 2 else 'jpg'}" for number in range(6)
    }
    with pytest.raises(SystemExit) as ended:
        main(["upscale", f"{source}/000.jpg", "-o", f"{place.url}/one/big.png", "-n", model, "--clean", "off", "-q"])
    assert place.read("one/big.png").startswith(b"\x89PNG")
