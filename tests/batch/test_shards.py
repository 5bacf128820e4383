"""Shards: together they are the whole batch, whatever their number; and who says which one this is."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from ganfx.batch import BatchOptions, run_folder
from ganfx.batch.shards import Shard
from ganfx.errors import OptionError
from tests import graphs
from tests.batch.batches import photos

SLURM = {
    "SLURM_ARRAY_TASK_ID": "7",
    "SLURM_ARRAY_TASK_COUNT": "4",
    "SLURM_ARRAY_TASK_MIN": "1",
    "SLURM_ARRAY_TASK_STEP": "2",
}


def test_shards_are_of_about_one_size_and_each_name_is_in_one_of_them() -> None:
    names = [PurePosixPath(f"a/{number}.jpg") for number in range(8000)]
    shards = [Shard(index, 16) for index in range(16)]
    sizes = [sum(map(shard.has, names)) for shard in shards]
    assert sum(sizes) == len(names)
    assert 400 < min(sizes) < max(sizes) < 600
    assert all(sum(shard.has(name) for shard in shards) == 1 for name in names[:100])


def test_a_name_is_in_the_same_shard_on_every_machine() -> None:
    assert [Shard(index, 5).has(PurePosixPath("album/käse.jpg")) for index in range(5)].index(True) == 0


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        ("3/16", {}, Shard(3, 16)),
        ("auto", SLURM, Shard(3, 4)),
        ("auto/16", SLURM, Shard(7, 16)),
        ("auto/16", {"JOB_COMPLETION_INDEX": "0"}, Shard(0, 16)),
        ("auto", {"AWS_BATCH_JOB_ARRAY_INDEX": "2", "AWS_BATCH_JOB_ARRAY_SIZE": "3"}, Shard(2, 3)),
        ("auto", {"SLURM_PROCID": "1", "SLURM_NTASKS": "2"}, Shard(1, 2)),
    ],
)
def test_which_shard_this_is(text: str, environment: dict[str, str], expected: Shard) -> None:
    assert Shard.parse(text, environment) == expected


@pytest.mark.parametrize(
    ("text", "environment", "said"),
    [
        ("16/16", {}, "no part 16/16"),
        ("0/0", {}, "no part 0/0"),
        ("-1/3", {}, "no part of a batch"),
        ("3", {}, "no part of a batch"),
        ("auto", {}, "JOB_COMPLETION_INDEX"),
        ("auto", {"JOB_COMPLETION_INDEX": "0"}, "does not say how many"),
        ("auto/2", {"JOB_COMPLETION_INDEX": "5"}, "no part 5/2"),
        ("auto", {"SLURM_PROCID": "one", "SLURM_NTASKS": "2"}, "no number"),
        ("auto", SLURM | {"SLURM_ARRAY_TASK_ID": "4"}, "evenly numbered"),
    ],
)
def test_what_is_no_shard_is_one_line_with_a_hint(text: str, environment: dict[str, str], said: str) -> None:
    with pytest.raises(OptionError, match=said) as caught:
        Shard.parse(text, environment)
    assert caught.value.hint


def test_shards_of_a_folder_make_each_picture_once(tmp_path: Path) -> None:
    folder, out = photos(tmp_path / "in", 9), tmp_path / "out"
    model = graphs.nearest(tmp_path / "model.onnx", 2)
    steps = f"upscale:{model}:clean=off"
    made: list[str] = []
    for index in range(4):
        options = BatchOptions(output=out, shard=Shard(index, 4))
        done = [outcome.item.target.name for outcome in run_folder(folder, steps, options)]
        assert len(done) < 9
        made += done
    assert sorted(made) == sorted(path.name for path in folder.iterdir() if path.is_file())
    again = list(run_folder(folder, steps, BatchOptions(output=out)))
    assert {outcome.status for outcome in again} == {"up to date"}
