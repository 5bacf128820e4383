"""When the files of a watched folder count as stable."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganfx.watch.stability import FileState, StabilityTracker

A = Path("a.jpg")


def state(size_bytes: int, mtime_ns: int = 0, inode: int = 1) -> FileState:
    return FileState(size_bytes, mtime_ns, inode)


def test_a_file_is_due_only_once_it_stood_still() -> None:
    stability = StabilityTracker(settle_s=2)
    for now in range(5):
        stability.see(A, state(100 * now), now, announced=True)
        assert stability.due(now) == []
    stability.see(A, state(400), 5.0)
    assert (stability.due(5.9), stability.due(6.0)) == ([], [A])


@pytest.mark.parametrize("changed", [state(2), state(1, mtime_ns=1), state(1, inode=2)])
def test_a_change_of_size_time_or_file_is_seen_also_when_all_is_done(changed: FileState) -> None:
    stability = StabilityTracker(settle_s=1)
    stability.see(A, state(1), 0)
    stability.settle(A, state(1))
    stability.see(A, state(1), 5)
    assert stability.next_due() is None
    stability.see(A, changed, 10)
    assert stability.next_due() == 11


def test_what_changes_while_it_is_made_is_not_done_with() -> None:
    stability = StabilityTracker(settle_s=1)
    stability.see(A, state(1), 0)
    stability.see(A, state(2), 5)
    stability.settle(A, state(1))
    assert stability.due(6) == [A]


def test_those_that_waited_longest_come_first_and_the_gone_are_forgotten() -> None:
    stability = StabilityTracker(settle_s=1)
    for now, name in enumerate("cab"):
        stability.see(Path(name), state(1), 5 * now)
    assert stability.due(20) == [Path("c"), Path("a"), Path("b")]
    stability.see(Path("c"), None, 20)
    stability.keep_only({Path("a")})
    assert stability.due(20) == [Path("a")]


def test_those_that_came_together_are_in_the_order_of_their_names() -> None:
    stability = StabilityTracker(settle_s=0)
    for number, name in enumerate(("c", "b", "a")):
        stability.see(Path(name), state(1), 10 + number / 100)
    stability.see(Path("0"), state(1), 12)
    assert stability.due(20) == [Path("a"), Path("b"), Path("c"), Path("0")]


def test_pauses_grow_up_to_the_longest_and_a_change_ends_them() -> None:
    stability, now, pauses = StabilityTracker(settle_s=1), 1.0, []
    stability.see(A, state(1), 0)
    for _ in range(6):
        stability.postpone(A, now, pause_s=5, longest_s=60)
        due = stability.next_due()
        assert due is not None
        pauses.append(due - now)
        now = due
    assert pauses == [5, 10, 20, 40, 60, 60]
    stability.see(A, state(2), now)
    assert stability.next_due() == now + 1


def test_what_is_done_below_a_folder_can_be_asked_for_again() -> None:
    stability = StabilityTracker(settle_s=0)
    for name in ("in/a", "in/sub/b", "in/sub/deep/c", "in/subway/d"):
        stability.see(Path(name), state(1), 0)
        stability.settle(Path(name), state(1))
    stability.reconsider(Path("in/sub"), 1)
    assert set(stability.due(1)) == {Path("in/sub/b"), Path("in/sub/deep/c")}
