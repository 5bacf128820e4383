"""How much memory a process may have, in a container and out of one: the files are those of Linux."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from ganfx.memory import Memory, memory

TOTAL, FREE = 16 << 30, 8 << 30
MIB = 2**20


@pytest.fixture(autouse=True)
def computer(monkeypatch: pytest.MonkeyPatch) -> None:
    state = psutil.virtual_memory()._replace(total=TOTAL, available=FREE)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: state)


def lay_out(root: Path, files: dict[str, object]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{content}\n")
    return root


def version_2(group: str, limits: dict[str, object]) -> dict[str, object]:
    """A system with control groups of version 2 alone; 100 MiB are used in each of `limits`, 30 of them for files."""
    files: dict[str, object] = {
        "proc/self/cgroup": f"0::{group}",
        "proc/self/mountinfo": "22 1 0:21 / /proc rw - proc proc rw\n"
        "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate",
    }
    for folder, limit in limits.items():
        files[f"sys/fs/cgroup{folder}/memory.max"] = limit
        files[f"sys/fs/cgroup{folder}/memory.current"] = 100 * MIB
        files[f"sys/fs/cgroup{folder}/memory.stat"] = f"anon 5\ninactive_file {30 * MIB}\nactive_file 7"
    return files


def version_1(inside: str, group: str, folder: str, limit: object) -> dict[str, object]:
    place = "sys/fs/cgroup/memory" + folder
    return {
        "proc/self/cgroup": f"4:cpu:/other\n3:memory:{group}\n1:name=systemd:/\n0::/",
        "proc/self/mountinfo": f"35 31 0:32 {inside} /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
        "36 31 0:33 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu",
        f"{place}/memory.limit_in_bytes": limit,
        f"{place}/memory.usage_in_bytes": 100 * MIB,
        f"{place}/memory.stat": f"inactive_file 1\ntotal_inactive_file {30 * MIB}",
    }


@pytest.mark.parametrize(
    "files",
    [
        version_2("/", {"": 512 * MIB}),
        version_2("/user.slice/app", {"/user.slice/app": 512 * MIB, "/user.slice": 2048 * MIB}),
        version_2("/user.slice/app", {"/user.slice/app": "max", "/user.slice": 512 * MIB}),
        version_1("/", "/jobs/one", "/jobs/one", 512 * MIB),
        version_1("/docker/4f7", "/docker/4f7", "", 512 * MIB),
        version_1("/docker/4f7", "/docker/4f7/inner", "/inner", 512 * MIB),
    ],
    ids=["container", "own", "parent", "version 1", "container of version 1", "inside a container of version 1"],
)
def test_a_container_has_what_it_is_given_less_what_it_uses_for_more_than_files(
    tmp_path: Path, files: dict[str, object]
) -> None:
    assert memory(lay_out(tmp_path, files)) == Memory(512 * MIB, 442 * MIB)


@pytest.mark.parametrize(
    "files",
    [
        {},
        version_2("/", {}),
        version_2("/app", {"/app": "max"}),
        version_2("/app", {"/app": 2**63}),
        version_2("/app", {"/app": "odd"}),
        version_2("/app", {"/another": 512 * MIB}),
        version_1("/", "/", "", 9223372036854771712),
    ],
    ids=["none", "no files", "max", "endless", "odd", "another's", "version 1"],
)
def test_where_nothing_is_limited_the_computer_counts(tmp_path: Path, files: dict[str, object]) -> None:
    assert memory(lay_out(tmp_path, files)) == Memory(TOTAL, FREE)


def test_the_whole_computer_is_no_more_than_it_has(tmp_path: Path) -> None:
    files = version_2("/app", {"/app": 12 << 30})
    assert memory(lay_out(tmp_path, files)) == Memory(12 << 30, FREE)
    files["sys/fs/cgroup/app/memory.current"] = 13 << 30
    assert memory(lay_out(tmp_path, files)) == Memory(12 << 30, 0)
